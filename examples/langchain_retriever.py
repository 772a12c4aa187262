"""Prints the answer of a LangChain chain that answers from a dataset and cites its sources."""

from __future__ import annotations

import os
from collections.abc import Sequence

from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableParallel, RunnablePassthrough

from langchain_coze import ChatCoze, CozeRetriever

retriever = CozeRetriever(
    workflow_id=os.environ["COZE_WORKFLOW_ID"],  # with bot_id in place of it, every query may bill a full answer
    dataset_ids=(os.environ["COZE_DATASET_ID"],),  # the names of documents are looked up there, once
    k=3,
)


def numbered(documents: Sequence[Document]) -> str:
    """Returns the slices, numbered, for the prompt."""
    return "\n".join(f"[{number}] {document.page_content}" for number, document in enumerate(documents, 1))


prompt = ChatPromptTemplate.from_template("Answer from this and cite the numbers:\n{slices}\n\nQuestion: {question}")
answer = prompt | ChatCoze(bot_id=os.environ["COZE_BOT_ID"]) | StrOutputParser()
found = RunnableParallel(found=retriever, question=RunnablePassthrough())
chain = found.assign(slices=lambda given: numbered(given["found"])).assign(answer=answer)

result = chain.invoke("How long is a table kept?")
print(result["answer"])
for number, document in enumerate(result["found"], 1):
    print(f"[{number}] {document.metadata['document_name']}, {document.metadata['source']}")

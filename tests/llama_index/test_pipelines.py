"""CozeLLM inside LlamaIndex: query engines, chat engines, structured prediction, Settings."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core import Document, PromptTemplate, Settings, SummaryIndex
from llama_index.core.base.llms.types import ImageBlock
from llama_index.core.chat_engine.types import ChatMode
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.program import LLMTextCompletionProgram
from pydantic import BaseModel, Field

from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer, Turn
from tests.support.llama_index_calls import Make, chat_body


class Town(BaseModel):
    """A town."""

    name: str
    people: int = Field(ge=0)


ABOUT = PromptTemplate("Tell me about '{town}' with its 40000 people.")
CHUR = Town(name="Chur", people=40_000)


@pytest.fixture
def index() -> SummaryIndex:
    return SummaryIndex.from_documents([Document(text="Chur is old.")])


@pytest.fixture
def settings() -> Iterator[Any]:
    """LlamaIndex's global settings; restores them afterwards."""
    before = Settings._llm
    yield Settings
    Settings._llm = before


def test_a_query_engine_asks_the_bot(llm: Make, index: SummaryIndex) -> None:
    engine = index.as_query_engine(llm=llm())
    for response in (engine.query("How old is Chur?"), asyncio.run(engine.aquery("How old is Chur?"))):
        assert "Chur is old." in str(response)
        assert "Query: How old is Chur?" in str(response)


def test_a_query_engine_streams_the_bots_answer(llm: Make, index: SummaryIndex) -> None:
    response: Any = index.as_query_engine(llm=llm(), streaming=True).query("How old is Chur?")
    assert "Query: How old is Chur?" in "".join(response.response_gen)


def test_a_condense_plus_context_chat_engine_keeps_a_dialogue(
    llm: Make, index: SummaryIndex, emulator: Emulator
) -> None:
    memory = ChatMemoryBuffer.from_defaults()  # the default one leaves its database open
    engine = index.as_chat_engine(ChatMode.CONDENSE_PLUS_CONTEXT, llm("assistant"), memory=memory)
    assert engine.chat("My name is Ann").response.startswith("Nice to meet you, Ann")
    assert "".join(engine.stream_chat("What is my name?").response_gen) == "Your name is Ann."
    assert "Chur is old." in chat_body(emulator)["additional_messages"][0]["content"]
    assert asyncio.run(engine.achat("What is my name?")).response == "Your name is Ann."


def test_the_global_settings_take_it(llm: Make, index: SummaryIndex, settings: Any) -> None:
    settings.llm = llm()
    assert "Chur is old." in str(index.as_query_engine().query("How old is Chur?"))


def test_predict_fills_a_prompt(llm: Make) -> None:
    assert llm().predict(PromptTemplate("Hello {who}"), who="Ann") == "Hello Ann"


def test_a_system_prompt_goes_before_the_prompts(llm: Make) -> None:
    answer = llm(system_prompt="Be brief.").predict(PromptTemplate("Hello"))
    assert answer == "Instructions:\nBe brief.\n\nQuestion:\nHello"


@pytest.mark.parametrize("client_plugins", [False, True])
def test_structured_prediction_gives_instances(llm: Make, client_plugins: bool) -> None:
    model = llm("assistant", client_plugins=client_plugins)
    assert model.structured_predict(Town, ABOUT, town="Chur") == CHUR
    assert asyncio.run(model.astructured_predict(Town, ABOUT, town="Chur")) == CHUR


def test_streamed_structured_prediction_gives_one_whole_instance(llm: Make) -> None:
    async def collect() -> list[Town]:
        return [town async for town in await model.astream_structured_predict(Town, ABOUT, town="Chur")]

    model = llm("assistant")
    assert list(model.stream_structured_predict(Town, ABOUT, town="Chur")) == [CHUR]
    assert asyncio.run(collect()) == [CHUR]


def test_a_structured_llm_answers_with_json(llm: Make) -> None:
    structured = llm("assistant").as_structured_llm(Town)
    response = structured.chat([ChatMessage(content="Tell me about 'Chur' with its 40000 people.")])
    assert response.raw == CHUR
    assert Town.model_validate_json(structured.complete("Tell me about 'Chur'").text).name == "Chur"


def test_a_query_engine_gives_instances(llm: Make, index: SummaryIndex) -> None:
    engine = index.as_query_engine(llm=llm("assistant"), output_cls=Town)
    response: Any = engine.query("Which town has 40000 people?")
    assert isinstance(response.response, Town)


def test_llamaindexs_own_programs_ask_by_prompt(llm: Make, emulator: Emulator) -> None:
    emulator.add_bot("exact", lambda _: [Answer('{"name": "Chur", "people": 40000}')])
    program = LLMTextCompletionProgram.from_defaults(
        output_cls=Town, prompt_template_str="Tell me about {town}", llm=llm("exact")
    )
    assert program(town="Chur") == CHUR


def test_an_answer_that_does_not_fit_is_given_back_outside_the_conversation(llm: Make, emulator: Emulator) -> None:
    def learning(turn: Turn) -> list[Answer]:
        people = 40000 if "greater than or equal to 0" in turn.question else -1
        return [Answer(f'Sure: {{"name": "Chur", "people": {people}}}')]

    emulator.add_bot("learning", learning)
    first = llm("learning").complete("hi").additional_kwargs
    model = llm("learning", conversation_id=first["conversation_id"])
    assert model.structured_predict(Town, ABOUT, town="Chur") == CHUR
    asked, repaired = emulator.calls_to("/v3/chat")[-2:]
    assert asked.query == {"conversation_id": first["conversation_id"]}
    assert repaired.query == {}
    assert chat_body(emulator)["auto_save_history"] is False


@pytest.mark.parametrize(("repairs", "chats"), [(0, 1), (1, 2), (2, 3)])
def test_an_answer_that_never_fits_raises_after_the_repairs(
    llm: Make, emulator: Emulator, repairs: int, chats: int
) -> None:
    with pytest.raises(ValueError, match="does not fit Town: there is no JSON"):
        llm("vision", repairs=repairs).structured_predict(Town, ABOUT, town="Chur")
    assert emulator.chats_started == chats


def test_options_of_a_structured_prediction_reach_every_chat(llm: Make, emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        llm("vision").structured_predict(Town, ABOUT, llm_kwargs={"user_id": "u9"}, town="Chur")
    assert [chat_body(emulator, chat)["user_id"] for chat in (0, 1)] == ["u9", "u9"]


def test_a_schema_joins_a_question_with_an_image(llm: Make, emulator: Emulator) -> None:
    structured = llm("assistant").as_structured_llm(Town)
    question = ChatMessage(content="What town is on 'this'?")
    question.blocks.append(ImageBlock(url="https://x.y/town.png"))
    assert structured.chat([question]).raw == Town(name="this", people=1)
    assert len(question.blocks) == 2
    assert chat_body(emulator)["additional_messages"][0]["content_type"] == "object_string"

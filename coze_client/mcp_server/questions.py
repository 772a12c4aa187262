"""Questions of workflows to a human: asked as a form where the client can show one, else told with how to answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from coze_client.api.workflows.signature import WorkflowSignature
from coze_client.api.workflows.values import Interrupt
from coze_client.bridge.tools.human_answer import answer_problem, form_fields
from coze_client.bridge.tools.tool_outcome import HumanQuestion, ToolOutcome, capture_outcome
from coze_client.client import AsyncCozeClient
from coze_client.core.json_text import load_json
from coze_client.errors import InvalidArguments
from coze_client.mcp_server.outcome_reply import reply_of
from coze_client.mcp_server.reply import Json, Reply, refusal, text_block
from coze_client.mcp_server.tool import CallContext, Elicited, Tool
from coze_client.mcp_server.workflow_progress import report_events

ANSWER_TOOL = "answer_question"
_MOST_QUESTIONS = 1000
_ID = re.compile(r"([^/]+)/(\d{1,9})/(.+)")
_PRIMITIVE = frozenset({"string", "number", "integer", "boolean"})  # all that a form of MCP may have
_FIELD = "answer"
_SCHEMA: Json = {
    "type": "object",
    "properties": {
        "question_id": {"type": "string", "description": "The question_id that came with the question."},
        "answer": {
            "type": "string",
            "description": "What the user answered; for a question with fields, a JSON object with them as text.",
        },
    },
    "required": ["question_id", "answer"],
}
_SIGNATURE = WorkflowSignature(_SCHEMA)


class Questions:
    """The questions that runs of the workflows `workflow_ids` wait for.

    A question's id says all that Coze needs, because many clients start a process of the server for each call. What
    only this process knows (text, options, fields, messages before it) is kept for the last thousand.
    """

    def __init__(self, client: AsyncCozeClient) -> None:
        self.workflow_ids: set[str] = set()
        self._client = client
        self._known: dict[str, HumanQuestion] = {}

    def tool(self) -> Tool:
        """The tool that takes the answers of clients that cannot show a form."""
        return Tool(
            ANSWER_TOOL,
            ANSWER_TOOL,
            "Answer a question",
            "Answers the question that a workflow asked in the result of an earlier call; the same run then goes on. "
            "Ask the user: do not invent the answer.",
            _SCHEMA,
            self._call,
        )

    async def settle(self, outcome: ToolOutcome, context: CallContext) -> Reply:
        """The reply to an outcome; its questions, one after another, are shown to the human where the client can."""
        while (question := outcome.question) is not None:
            question_id = self._keep(question)
            elicited = await context.elicit(question_id, describe(question), form(question))
            if elicited is None or elicited.action != "accept":
                return tell(question, question_id, elicited)
            outcome = await self._answer(question_id, answer_of(question, elicited.content), context)
        return reply_of(outcome)

    async def go_on(self, question_id: str, elicited: Elicited, context: CallContext) -> Reply:
        """Go on with a run whose question was shown between two requests of the client."""
        question = self._find(question_id)
        if elicited.action != "accept":
            return tell(question, question_id, elicited)
        return await self.settle(
            await self._answer(question_id, answer_of(question, elicited.content), context), context
        )

    async def _call(self, arguments: Mapping[str, object], context: CallContext) -> Reply:
        given = _SIGNATURE.check(arguments)
        question_id, answer = str(given["question_id"]), given["answer"]
        question = self._find(question_id)
        if problem := answer_problem(question.interrupt, answer):
            return refusal(f"{problem}. The question still waits: {describe(question)}")
        return await self.settle(await self._answer(question_id, answer, context), context)

    async def _answer(self, question_id: str, answer: object, context: CallContext) -> ToolOutcome:
        question = self._find(question_id)
        if problem := answer_problem(question.interrupt, answer):
            return ToolOutcome(question=question._replace(problem=problem))
        arguments = question.answer_arguments(answer)
        return await capture_outcome(
            partial(self._client.workflows.answer, **arguments, on_event=report_events(context))
        )

    def _keep(self, question: HumanQuestion) -> str:
        question_id = id_of(question)
        self._known[question_id] = question
        while len(self._known) > _MOST_QUESTIONS:
            del self._known[next(iter(self._known))]
        return question_id

    def _find(self, question_id: str) -> HumanQuestion:
        """The question of an id; raises InvalidArguments for what is none of a workflow of this server."""
        question = self._known.get(question_id) or read_id(question_id)
        if question is None or question.workflow_id not in self.workflow_ids:
            raise InvalidArguments(
                f"{question_id!r} is no question of a workflow here",
                cure="Give the question_id of the result unchanged",
            )
        return question


def id_of(question: HumanQuestion) -> str:
    """The id of a question: the workflow, the kind of the interrupt, and Coze's id of it."""
    return f"{question.workflow_id}/{question.interrupt.type}/{question.interrupt.event_id}"


def read_id(question_id: str) -> HumanQuestion | None:
    """The question of an id, as far as the id tells it; ``None`` for any other text."""
    found = _ID.fullmatch(question_id)
    if found is None:
        return None
    return HumanQuestion("", (), found[1], Interrupt(event_id=found[3], type=int(found[2])))


def describe(question: HumanQuestion) -> str:
    """The question for a human, with why the last answer was refused."""
    problem = f"{question.problem}. " if question.problem else ""
    return f"{problem}{question.question or 'The workflow waits for an answer.'}"


def form(question: HumanQuestion) -> Json:
    """The JSON schema of the form: the fields of an input node, else one field with the options if there are any."""
    fields = form_fields(question.interrupt)
    if not fields:
        choice: Json = {"enum": list(question.options)} if question.options else {}
        return {
            "type": "object",
            "properties": {_FIELD: {"type": "string", "title": "Answer", **choice}},
            "required": [_FIELD],
        }
    schema = WorkflowSignature.of_parameters(fields).schema
    properties = {name: _primitive(given) for name, given in schema["properties"].items()}
    return {"type": "object", "properties": properties, "required": schema.get("required", [])}


def _primitive(schema: Json) -> Json:
    if schema.get("type") in _PRIMITIVE:
        return {name: value for name, value in schema.items() if name in {"type", "description", "default"}}
    return {"type": "string", "description": f"{schema.get('description', '')} JSON text: {schema['type']}.".strip()}


def answer_of(question: HumanQuestion, content: Mapping[str, object]) -> object:
    """The answer in a filled form."""
    fields = form_fields(question.interrupt)
    if not fields:
        return content.get(_FIELD, "")
    schemas = WorkflowSignature.of_parameters(fields).schema["properties"]
    return {name: _read(value, schemas.get(name, {})) for name, value in content.items()}


def _read(value: object, schema: Json) -> object:
    """The value of a field; of one that is no primitive, the JSON in its text."""
    if not isinstance(value, str) or schema.get("type") in _PRIMITIVE:
        return value
    try:
        return load_json(value)
    except ValueError:
        return value  # the check of the answer tells what is wrong


def tell(question: HumanQuestion, question_id: str, elicited: Elicited | None) -> Reply:
    """The reply that hands a question to the model: the run waits, so this is no result of it."""
    fields = form(question)["properties"] if form_fields(question.interrupt) else {}
    refused = "The user closed the question without an answer. " if elicited else ""
    options = f" Options: {', '.join(question.options)}." if question.options else ""
    wanted = f" It needs a JSON object with {', '.join(fields)}." if fields else ""
    text = (
        f"{refused}The workflow has not finished: it asks the user a question and waits.\n"
        f"Question: {describe(question)}{options}{wanted}\n"
        f"Ask the user, then call {ANSWER_TOOL} with question_id={question_id!r} and the answer."
    )
    facts = {"status": "question", "question_id": question_id, "question": question.question}
    return Reply([text_block(text)], {**facts, "options": list(question.options), "fields": fields})

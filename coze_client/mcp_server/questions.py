"""Questions of workflows to a human: asked as a form where the client can show one, else told with how to answer."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import partial

from coze_client.api.workflows.signature import WorkflowSignature
from coze_client.bridge.tools.human_answer import answer_problem, form_fields
from coze_client.bridge.tools.tool_outcome import HumanQuestion, ToolOutcome, capture_outcome
from coze_client.client import AsyncCozeClient
from coze_client.errors import CozeError
from coze_client.mcp_server.outcome_reply import reply_of
from coze_client.mcp_server.reply import Json, Reply, failure, refusal, text_block
from coze_client.mcp_server.tool import CallContext, Elicited, Tool
from coze_client.mcp_server.workflow_progress import report_events

ANSWER_TOOL = "answer_question"
_MOST_QUESTIONS = 1000
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


class Questions:
    """The questions that runs wait for, by ids that nobody can guess; the oldest of a thousand are forgotten."""

    def __init__(self, client: AsyncCozeClient) -> None:
        self._client = client
        self._waiting: dict[str, HumanQuestion] = {}

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
        question = self._waiting.get(question_id)
        if question is None:
            return _unknown(question_id)
        if elicited.action != "accept":
            return tell(question, question_id, elicited)
        return await self.settle(
            await self._answer(question_id, answer_of(question, elicited.content), context), context
        )

    async def _call(self, arguments: Mapping[str, object], context: CallContext) -> Reply:
        question_id, answer = str(arguments.get("question_id") or ""), arguments.get("answer")
        question = self._waiting.get(question_id)
        if question is None:
            return _unknown(question_id)
        if problem := answer_problem(question.interrupt, answer):
            return refusal(f"{problem}. The question still waits: {describe(question)}")
        return await self.settle(await self._answer(question_id, answer, context), context)

    async def _answer(self, question_id: str, answer: object, context: CallContext) -> ToolOutcome:
        question = self._waiting.pop(question_id)
        if problem := answer_problem(question.interrupt, answer):
            return ToolOutcome(question=question._replace(problem=problem))
        call = partial(
            self._client.workflows.answer, **question.answer_arguments(answer), on_event=report_events(context)
        )
        try:
            return await capture_outcome(call)
        except CozeError:
            self._waiting[question_id] = question  # nothing was sent: it can still be answered
            raise

    def _keep(self, question: HumanQuestion) -> str:
        question_id = secrets.token_urlsafe(12)
        self._waiting[question_id] = question
        while len(self._waiting) > _MOST_QUESTIONS:
            del self._waiting[next(iter(self._waiting))]
        return question_id


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
    return dict(content) if form_fields(question.interrupt) else content.get(_FIELD, "")


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


def _unknown(question_id: str) -> Reply:
    return failure(
        CozeError(
            f"No question waits under {question_id!r}",
            cure="It was answered already, or the server was started anew; its run may be seen in Coze",
        )
    )

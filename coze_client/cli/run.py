"""The command `cozekit run`: a workflow with its inputs, its questions, and the messages of its nodes."""

from __future__ import annotations

from typing import Annotated

import typer

from coze_client.api.workflows.events import WorkflowEvent
from coze_client.api.workflows.failures import WorkflowInterrupted
from coze_client.api.workflows.result import WorkflowResult, is_end
from coze_client.api.workflows.signature import WorkflowSignature
from coze_client.cli.arguments import read_arguments
from coze_client.cli.completion import names_of
from coze_client.cli.folded import describe_usage
from coze_client.cli.nouns import BOTS, WORKFLOWS, find_in
from coze_client.cli.options import AsJson, Workspace
from coze_client.cli.settings import settings_of
from coze_client.cli.terminal import Terminal, harmless
from coze_client.cli.workflow_answers import WorkflowAnswers
from coze_client.client import CozeClient
from coze_client.errors import NotFound, PermissionDenied


def run(
    context: typer.Context,
    workflow: Annotated[
        str, typer.Argument(help="The id or name of the workflow.", autocompletion=names_of(WORKFLOWS))
    ],
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="Inputs; key=@FILE for a file, JSON for lists.")
    ] = None,
    answer: Annotated[
        list[str] | None, typer.Option(help="The answer to the next question; again for a further one.")
    ] = None,
    bot: Annotated[
        str, typer.Option(help="The bot whose database and variables it uses.", autocompletion=names_of(BOTS))
    ] = "",
    app: Annotated[str, typer.Option(help="The id of the app that it belongs to.")] = "",
    workspace: Workspace = "",
    as_json: AsJson = False,
) -> None:
    """Run a workflow: its inputs are checked first, its questions are asked here, its output is written at the end.

    Ctrl-C ends the command; the run goes on in Coze, which cannot cancel one.
    """
    settings = settings_of(context)
    client, terminal = settings.client(), settings.terminal
    workflow_id = find_in(client, WORKFLOWS, workflow, workspace)
    bot_id = find_in(client, BOTS, bot, workspace) if bot else None
    parameters = prepare(client, terminal, workflow_id, inputs or [])
    view = NodeMessages(terminal)
    answers = WorkflowAnswers(terminal, answer or [], _prompt if terminal.can_ask else None)
    try:
        result = client.workflows.execute(
            workflow_id=workflow_id, parameters=parameters, bot_id=bot_id, app_id=app or None, on_event=view.add
        )
    except WorkflowInterrupted as asked:
        result = answer_all(asked, answers, view)
    show(terminal, result, as_json=as_json)


def prepare(client: CozeClient, terminal: Terminal, workflow_id: str, pairs: list[str]) -> dict[str, object]:
    """Check the inputs against the workflow's schema, as far as the server tells it, and upload the files in them."""
    try:
        signature = WorkflowSignature.of_info(client.workflows.retrieve(workflow_id=workflow_id))
    except (NotFound, PermissionDenied) as untold:
        terminal.note(f"The inputs are not checked: {untold.message}")
        return read_arguments(pairs, None)
    return client.workflows.prepare(signature=signature, arguments=read_arguments(pairs, signature.schema))


def answer_all(asked: WorkflowInterrupted, answers: WorkflowAnswers, view: NodeMessages) -> WorkflowResult:
    """Answer the questions of a run until it ends."""
    while True:
        reply = answers.answer(asked, shown=view.shows(asked.question))
        try:
            result: WorkflowResult = asked.resume(reply)
        except WorkflowInterrupted as next_question:
            asked = next_question
        else:
            return result


class NodeMessages:
    """Shows what the nodes say before the end, piece by piece, each with the title of its node."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._node = ""
        self._text = ""

    def add(self, event: WorkflowEvent) -> None:
        """Show a message of a node; the end node's is the result."""
        message = event.message
        if message is None or is_end(message):
            return
        if message.node_title != self._node:
            self._node, self._text = message.node_title, ""
            self._write(f"{message.node_title}: ")
        self._text += message.content
        self._write(message.content)
        if message.node_is_finish:
            self._node = ""
            self._write("\n")

    def shows(self, question: str) -> bool:
        """True if `question` is what a node said last."""
        return self._text.strip() == question.strip()

    def _write(self, text: str) -> None:
        self._terminal.err.print(harmless(text), end="", style="dim", markup=False, soft_wrap=True)


def show(terminal: Terminal, result: WorkflowResult, *, as_json: bool) -> None:
    """Write the output of a run, or with `as_json` all that is known of it."""
    if as_json:
        terminal.write_json(result.model_dump(mode="json"))
        return
    if terminal.out.is_terminal and not isinstance(result.output, str):
        terminal.write_json(result.output)
    else:
        terminal.write(result.text)
    if usage := describe_usage(result.usage):
        terminal.note(usage)


def _prompt(text: str) -> str:
    from prompt_toolkit import PromptSession

    return PromptSession[str]().prompt(text)

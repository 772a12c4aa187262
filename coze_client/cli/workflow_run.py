"""One run of a workflow in the terminal: its inputs, its questions, the messages of its nodes, and its output."""

from __future__ import annotations

from collections.abc import Callable

from coze_client.api.workflows.events import WorkflowEvent
from coze_client.api.workflows.failures import WorkflowInterrupted
from coze_client.api.workflows.result import WorkflowResult, is_end
from coze_client.api.workflows.signature import WorkflowSignature
from coze_client.cli.arguments import read_arguments
from coze_client.cli.folded import describe_usage
from coze_client.cli.terminal import Terminal, harmless
from coze_client.cli.workflow_answers import WorkflowAnswers
from coze_client.client import CozeClient
from coze_client.errors import NotFound, PermissionDenied


def prepare(client: CozeClient, terminal: Terminal, workflow_id: str, pairs: list[str]) -> dict[str, object]:
    """Check the inputs against the workflow's schema, as far as the server tells it, and upload the files in them."""
    try:
        signature = WorkflowSignature.of_info(client.workflows.retrieve(workflow_id=workflow_id))
    except (NotFound, PermissionDenied) as untold:
        terminal.note(f"The inputs are not checked: {untold.message}")
        return read_arguments(pairs, None)
    return client.workflows.prepare(signature=signature, arguments=read_arguments(pairs, signature.schema))


def run_to_end(terminal: Terminal, execute: Callable[..., WorkflowResult], answers: list[str]) -> WorkflowResult:
    """Run a workflow, show what its nodes say, and answer its questions: by `answers` first, then by who is there."""
    view = NodeMessages(terminal)
    try:
        return execute(on_event=view.add)
    except WorkflowInterrupted as asked:
        return answer_all(asked, WorkflowAnswers(terminal, answers, _prompt if terminal.can_ask else None), view)


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

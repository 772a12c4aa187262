"""The events of a workflow run, in the order in which they happen."""

from __future__ import annotations

from dataclasses import dataclass

from coze_client.emulator.workflows import Ask, Output


@dataclass(frozen=True)
class NodeOutput:
    """One output of an output node; `uuid` identifies this execution of the node."""

    node: Output
    node_id: str
    uuid: str


@dataclass(frozen=True)
class QuestionAsked:
    """The run waits for an answer to `ask`; `event_id` identifies the interrupt."""

    ask: Ask
    event_id: str


@dataclass(frozen=True)
class RunEnded:
    """The run succeeded; `text` is the output of the end node: JSON, or with `is_text` a plain text."""

    text: str
    is_text: bool = False


@dataclass(frozen=True)
class RunFailed:
    """The run failed with this code and message."""

    code: int
    msg: str


@dataclass(frozen=True)
class NoProgress:
    """Nothing happened for a while; the run goes on."""


RunEvent = NodeOutput | QuestionAsked | RunEnded | RunFailed | NoProgress

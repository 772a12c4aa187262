"""Scripts of bots: a function that takes a `Turn` and yields the items that the bot sends.

A script is a pure function or generator. After `AskClient` the script is called again from its start, with the tool
outputs in `turn.outputs`; it must then take the branch that answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """A file, image or audio of the question; `name` is the name of the uploaded file, or the URL."""

    kind: str
    name: str


@dataclass(frozen=True)
class Line:
    """One earlier message of the dialogue; `role` is user or assistant."""

    role: str
    text: str


@dataclass(frozen=True)
class ToolOutput:
    """The output of one client plugin call."""

    name: str
    arguments: Mapping[str, object]
    output: str


@dataclass(frozen=True)
class Recalled:
    """A slice of a document that was recalled for the question; `score` is between 0 and 1."""

    text: str
    score: float
    document_name: str


@dataclass(frozen=True)
class Turn:
    """The input of a script: the question, the history (oldest first), the variables and the client plugins.

    `recalled` are the slices that the bot recalled from its datasets, best first; None if it did not search. `outputs`
    are the tool outputs that the client submitted. `pace` is the emulator's, in seconds.
    """

    question: str
    parts: tuple[Part, ...] = ()
    history: tuple[Line, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    plugins: tuple[Mapping[str, object], ...] = ()
    outputs: tuple[ToolOutput, ...] = ()
    recalled: tuple[Recalled, ...] | None = None
    pace: float = 0.0


@dataclass(frozen=True)
class Reasoning:
    """Reasoning before the next `Answer`, streamed with the message id of that answer."""

    text: str


@dataclass(frozen=True)
class Answer:
    """One answer message, sent as a delta for each of `pieces`, by default for each word.

    `pace` is the seconds between two deltas; None uses the emulator's.
    """

    text: str
    pieces: tuple[str, ...] = ()
    pace: float | None = None
    content_type: str = "text"

    @property
    def deltas(self) -> Iterable[str]:
        return self.pieces or words(self.text)


@dataclass(frozen=True)
class Partial:
    """The beginning of an answer that never ends: deltas without a completed message; `Fail` should follow."""

    text: str


@dataclass(frozen=True)
class FunctionCall:
    """A call of a plugin that the server runs itself."""

    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True)
class ToolResponse:
    """The response of the plugin that the server ran."""

    content: str


@dataclass(frozen=True)
class AskClient:
    """Client plugins to call in parallel, as pairs of name and arguments. Items after it are not sent."""

    calls: tuple[tuple[str, Mapping[str, object]], ...]


@dataclass(frozen=True)
class AskUser:
    """A workflow node's question: an answer, then requires_action of type reply_message; the next chat is the reply."""

    question: str


@dataclass(frozen=True)
class FollowUps:
    """Suggested questions; each is sent as one follow_up message."""

    questions: tuple[str, ...]


@dataclass(frozen=True)
class Verbose:
    """A verbose message; `data` is JSON text or empty."""

    msg_type: str
    data: str = ""


@dataclass(frozen=True)
class Extra:
    """A message of any other type, such as knowledge, or an unknown type."""

    type: str
    content: str
    content_type: str = "text"


@dataclass(frozen=True)
class Fail:
    """Ends the chat with the status failed.

    coze-studio sends an error event without code and text of the cause, and saves the chat as completed. Only if its
    agent cannot begin (`before_answering`) is the chat saved as failed.
    """

    code: int = 5000
    msg: str = "model unavailable"
    before_answering: bool = False


@dataclass(frozen=True)
class Pause:
    """Waits before the next item."""

    seconds: float


@dataclass(frozen=True)
class Hold:
    """Waits until `until()` is true, for tests that inspect a chat in progress."""

    until: Callable[[], bool]


@dataclass(frozen=True)
class Audio:
    """A spoken answer as raw PCM; sent as `conversation.audio.delta` after chat.completed."""

    data: bytes


Item = (
    Reasoning
    | Answer
    | Partial
    | FunctionCall
    | ToolResponse
    | AskClient
    | AskUser
    | FollowUps
    | Verbose
    | Extra
    | Fail
    | Pause
    | Hold
    | Audio
)
Script = Callable[[Turn], Iterable[Item]]


def words(text: str) -> list[str]:
    """Split a text after each word, or after 16 characters without a space; the joined pieces equal the text."""
    return re.findall(r"\S{1,16}\s*|\s+", text)

"""The language of scripted bots: a script takes a `Turn` and says, item by item, what the bot does.

A script is a pure function or generator. When it asks the client for tool outputs, it is called again with them in
`turn.outputs`, and takes the branch that answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """A file, image or audio of the question; `name` is the uploaded file's, or the URL."""

    kind: str
    name: str


@dataclass(frozen=True)
class Line:
    """One earlier message of the dialogue; `role` is user or assistant."""

    role: str
    text: str


@dataclass(frozen=True)
class ToolOutput:
    """One call that the client has answered."""

    name: str
    arguments: Mapping[str, object]
    output: str


@dataclass(frozen=True)
class Recalled:
    """A slice of a document that was found for the question; `score` is between 0 and 1."""

    text: str
    score: float
    document_name: str


@dataclass(frozen=True)
class Turn:
    """What a bot sees: the question, what came before it (oldest first), its variables and client plugins.

    `recalled` are the slices of its datasets that were found, the best first; None if nobody looked.
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
    """Thoughts before the next `Answer`, streamed under that answer's message id."""

    text: str


@dataclass(frozen=True)
class Answer:
    """One answer message; `pieces` become its deltas, by default its words, `pace` seconds apart."""

    text: str
    pieces: tuple[str, ...] = ()
    pace: float | None = None
    content_type: str = "text"

    @property
    def deltas(self) -> Iterable[str]:
        return self.pieces or words(self.text)


@dataclass(frozen=True)
class FunctionCall:
    """A plugin that the server itself runs."""

    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True)
class ToolResponse:
    """What that plugin gave back."""

    content: str


@dataclass(frozen=True)
class AskClient:
    """Client plugins to run, all at once: pairs of name and arguments. The script ends here until they are answered."""

    calls: tuple[tuple[str, Mapping[str, object]], ...]


@dataclass(frozen=True)
class AskUser:
    """A workflow node's question: an answer, then requires_action of type reply_message. The next chat is the reply."""

    question: str


@dataclass(frozen=True)
class FollowUps:
    """Suggested questions, one message each."""

    questions: tuple[str, ...]


@dataclass(frozen=True)
class Verbose:
    """A verbose message; `data` is JSON text or empty."""

    msg_type: str
    data: str = ""


@dataclass(frozen=True)
class Extra:
    """A message of any other type, such as knowledge, or one that nobody knows yet."""

    type: str
    content: str
    content_type: str = "text"


@dataclass(frozen=True)
class Fail:
    """The chat ends here, failed."""

    code: int = 5000
    msg: str = "model unavailable"


@dataclass(frozen=True)
class Pause:
    seconds: float


@dataclass(frozen=True)
class Hold:
    """The chat stays in progress until `until()` is true, for tests that must look at it meanwhile."""

    until: Callable[[], bool]


@dataclass(frozen=True)
class Audio:
    """Spoken answer, raw PCM; sent as `conversation.audio.delta` after chat.completed."""

    data: bytes


Item = (
    Reasoning
    | Answer
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
    """The text cut after each word (or 16 characters without a space); joined, it is the text again."""
    return re.findall(r"\S{1,16}\s*|\s+", text)

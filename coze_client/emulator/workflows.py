"""Workflows of the emulator: a function or generator whose annotations define the inputs of the start node.

A generator yields the outputs and questions of its nodes, and returns the output of the end node; an exception fails
the run. Functions run on threads and may block, but the emulator waits for them when it stops; to wait without a
thread, yield `Pause` or `Hold`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, TypeAlias, TypeVar

from coze_client.emulator.scripting.parameters import (
    FileKind,
    FileNameLookup,
    InputParameter,
    convert_annotation,
    read_values,
)
from coze_client.emulator.scripting.signatures import Signature, read_signature, summary
from coze_client.emulator.scripts import Hold, Pause, words

FIRST_WORKFLOW_ID = 7420000000000000001
WORKSPACE = "7340000000000000001"
QUESTION, FORM = 2, 5  # interrupt types of the question and the input node (page workflow_stream_run)

File = Annotated[str, FileKind("file")]
Image = Annotated[str, FileKind("image")]
Svg = Annotated[str, FileKind("svg")]
Audio = Annotated[str, FileKind("audio")]
Voice = Annotated[str, FileKind("voice")]
Video = Annotated[str, FileKind("video")]
Doc = Annotated[str, FileKind("doc")]
Ppt = Annotated[str, FileKind("ppt")]
Excel = Annotated[str, FileKind("excel")]
Txt = Annotated[str, FileKind("txt")]
Code = Annotated[str, FileKind("code")]
Zip = Annotated[str, FileKind("zip")]


class WorkflowError(Exception):
    """Fails the run with this code; any other exception fails it with 720701013."""

    def __init__(self, code: int, msg: str, node: str = "Code") -> None:
        super().__init__(msg)
        self.code, self.msg, self.node = code, msg, node


@dataclass(frozen=True)
class Output:
    """The output of an output node, sent as an event for each of `pieces`, by default for each word.

    A workflow may also yield a string, which is an output of one piece.
    """

    title: str
    text: str
    pieces: tuple[str, ...] = ()

    @property
    def chunks(self) -> Sequence[str]:
        return self.pieces or words(self.text) or [""]


@dataclass(frozen=True)
class Ask:
    """Interrupts the run until the client answers; `yield` returns the answer. Created by `ask` and `ask_for`."""

    question: str
    options: tuple[str, ...] = ()
    parameters: Mapping[str, InputParameter] = field(default_factory=dict)
    title: str = "Question"
    type: int = QUESTION

    def read(self, answer: str, file_name: FileNameLookup) -> object:
        """Convert an answer to what `yield` returns; ValueError if it is invalid, and Coze then asks again."""
        if self.type == FORM:
            return read_values(self.parameters, _form(answer), file_name, strict=False)
        if self.options and answer.strip() not in self.options:
            raise ValueError(f"the answer must be one of {', '.join(self.options)}")
        return answer.strip() if self.options else answer


def _form(answer: str) -> dict[str, object]:
    """Parse a filled-in form: the JSON text of an object, or lines of `name: value`."""
    try:
        values = json.loads(answer)
    except ValueError:
        return dict(re.findall(r"^\s*(\w+)\s*:\s*(.*?)\s*$", answer, re.MULTILINE))
    if not isinstance(values, dict):
        raise ValueError("the answer must be an object")  # noqa: TRY004 - the text is wrong, not a type
    return values


def ask(question: str, options: Sequence[str] = (), *, title: str = "Question", type: int = QUESTION) -> Ask:  # noqa: A002 - Coze's own word
    """The question of a question node: `time = yield ask("Which time?", options=["18:00", "19:00"])`.

    `type` is Coze's number of the interrupt, for example 6 for a local plugin and 7 for the OAuth of a plugin.
    """
    return Ask(question, tuple(options), title=title, type=type)


def ask_for(title: str = "Input", **parameters: object) -> Ask:
    """The form of an input node: `form = yield ask_for(photo=Image, guests=int)` returns a dict of the values."""
    return Ask("", parameters={k: convert_annotation(v) for k, v in parameters.items()}, title=title, type=FORM)


R = TypeVar("R")
Step: TypeAlias = str | Output | Ask | Pause | Hold
Steps: TypeAlias = Generator[Step, Any, R]  # the type of an answer depends on the question
"""The return annotation of a workflow that yields outputs or questions before it returns an `R`."""


@dataclass(frozen=True)
class Workflow:
    """A function with an id; `created_at` is Unix time in seconds, `app_id` "0" means no app, `copied` that the
    API copied it from another one.

    The first parameter of a chatflow gets the user's message as a string, or the whole dialogue as a `Turn`.
    """

    id: str
    function: Callable[..., object]
    title: str
    description: str
    published: bool = True
    workspace_id: str = WORKSPACE
    app_id: str = "0"
    chatflow: bool = False
    versions: tuple[str, ...] = ("v0.0.1",)
    created_at: int = 0
    copied: bool = False

    @property
    def workflow_id(self) -> str:
        return self.id

    @property
    def name(self) -> str:
        return self.function.__name__

    @cached_property
    def signature(self) -> Signature:
        return read_signature(self.function, chatflow=self.chatflow)

    def __call__(self, *values: object, **named: object) -> object:
        """Call the function itself, without the emulator."""
        return self.function(*values, **named)


def new_workflow(
    function: Callable[..., object],
    *,
    number: int,
    title: str | None = None,
    description: str | None = None,
    published: bool = True,
    workspace_id: str | None = None,
    app_id: str = "0",
    chatflow: bool = False,
    versions: Sequence[str] = ("v0.0.1",),
    created_at: int = 0,
) -> Workflow:
    """Create the workflow with this number, counted from 0; title and description default to the function's.

    TypeError for an annotation that cannot be a parameter of Coze.
    """
    title = title or function.__name__.replace("_", " ").capitalize()
    described = summary(function) if description is None else description
    workflow = Workflow(
        str(FIRST_WORKFLOW_ID + number),
        function,
        title,
        described,
        published=published,
        workspace_id=workspace_id or WORKSPACE,
        app_id=app_id,
        chatflow=chatflow,
        versions=tuple(versions),
        created_at=created_at,
    )
    _ = workflow.signature  # raises the TypeError now
    return workflow

"""The language of emulated workflows: a function or generator whose annotations are the start node's inputs.

What a generator yields are its nodes' outputs and questions; what it returns is the end node's output; what it raises
fails the run. Functions run on threads and may block, though the emulator waits for them when it stops; `Pause` and
`Hold` are slow without that.
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
    FileNamed,
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
    """Fails the run with a code of your choice; any other exception fails it with 720701013."""

    def __init__(self, code: int, msg: str, node: str = "Code") -> None:
        super().__init__(msg)
        self.code, self.msg, self.node = code, msg, node


@dataclass(frozen=True)
class Output:
    """What an output node says; `pieces` become its events, by default its words. A bare string is one piece."""

    title: str
    text: str
    pieces: tuple[str, ...] = ()

    @property
    def chunks(self) -> Sequence[str]:
        return self.pieces or words(self.text) or [""]


@dataclass(frozen=True)
class Ask:
    """Stops the run until somebody answers; the answer is what `yield` gives. Made by `ask` and `ask_for`."""

    question: str
    options: tuple[str, ...] = ()
    parameters: Mapping[str, InputParameter] = field(default_factory=dict)
    title: str = "Question"
    type: int = QUESTION

    def read(self, answer: str, file_name: FileNamed) -> object:
        """The answer as the workflow gets it; ValueError, upon which Coze asks again, if it is none."""
        if self.type == FORM:
            return read_values(self.parameters, _form(answer), file_name, strict=False)
        if self.options and answer.strip() not in self.options:
            raise ValueError(f"the answer is none of {', '.join(self.options)}")
        return answer.strip() if self.options else answer


def _form(answer: str) -> dict[str, object]:
    """A filled-in form: the JSON text of an object, or lines of `name: value`."""
    try:
        values = json.loads(answer)
    except ValueError:
        return dict(re.findall(r"^\s*(\w+)\s*:\s*(.*?)\s*$", answer, re.MULTILINE))
    if not isinstance(values, dict):
        raise ValueError("the answer is no object")  # noqa: TRY004 - the text is wrong, not a type
    return values


def ask(question: str, options: Sequence[str] = (), *, title: str = "Question", type: int = QUESTION) -> Ask:  # noqa: A002 - Coze's own word
    """A question node's question: `time = yield ask("Which time?", options=["18:00", "19:00"])`.

    `type` is Coze's number of the interrupt: 6 a local plugin and 7 a plugin's OAuth ask by it, too.
    """
    return Ask(question, tuple(options), title=title, type=type)


def ask_for(title: str = "Input", **parameters: object) -> Ask:
    """An input node's form: `form = yield ask_for(photo=Image, guests=int)` gives a dict of these."""
    return Ask("", parameters={k: convert_annotation(v) for k, v in parameters.items()}, title=title, type=FORM)


R = TypeVar("R")
Step: TypeAlias = str | Output | Ask | Pause | Hold
Steps: TypeAlias = Generator[Step, Any, R]  # what `yield` gives depends on what it asked
"""The return annotation of a workflow that says or asks something on the way to an `R`."""


@dataclass(frozen=True)
class Workflow:
    """A function under an id; times are Unix seconds, `app_id` "0" is none.

    The first parameter of a chatflow gets the user's words, or as a `Turn` all of the dialogue.
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
        """The function itself, without the emulator."""
        return self.function(*values, **named)


def named_workflow(
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
    """The workflow with that number, its title and description by default the function's; reads its annotations.

    Raises TypeError for an annotation that no parameter of Coze can hold.
    """
    title = title or function.__name__.replace("_", " ").capitalize()
    told = summary(function) if description is None else description
    workflow = Workflow(
        str(FIRST_WORKFLOW_ID + number),
        function,
        title,
        told,
        published=published,
        workspace_id=workspace_id or WORKSPACE,
        app_id=app_id,
        chatflow=chatflow,
        versions=tuple(versions),
        created_at=created_at,
    )
    _ = workflow.signature
    return workflow

"""Shows an answer while it arrives: formatted in a terminal, as plain text in a pipe."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment
from rich.spinner import Spinner
from rich.text import Text

from coze_client.api.chats.chat_event import MESSAGE_COMPLETED, ChatEvent
from coze_client.cli.folded import Folded, FoldedParts
from coze_client.cli.markdown_blocks import end_of_finished
from coze_client.cli.terminal import Terminal, harmless, without_echo

if TYPE_CHECKING:
    from typing_extensions import Self

_SPARE_LINES = 4  # of the screen, that an unfinished block leaves free


class AnswerView(Protocol):
    """Shows the events of one answer, inside a `with` block."""

    parts: FoldedParts

    def add(self, event: ChatEvent) -> None:
        """Show one more event."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def view_for(terminal: Terminal) -> AnswerView:
    """The view that fits what the output is."""
    plain = not terminal.out.is_terminal or terminal.out.is_dumb_terminal
    return PlainAnswer(terminal) if plain else LiveAnswer(terminal.out)


class PlainAnswer:
    """Writes the text of answers as it arrives, a line end after each, and nothing else."""

    def __init__(self, terminal: Terminal) -> None:
        self.parts = FoldedParts()
        self._file = terminal.out.file
        self._in_line = False

    def add(self, event: ChatEvent) -> None:
        for _ in self.parts.add(event):
            pass
        if event.delta:
            self._write(event.delta)
        if event.type == MESSAGE_COMPLETED:
            self._end_line()

    def _write(self, text: str) -> None:
        self._file.write(text)
        self._file.flush()
        self._in_line = not text.endswith("\n")

    def _end_line(self) -> None:
        if self._in_line:
            self._write("\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_line()


class LiveAnswer:
    """Writes each block of Markdown once it is finished; the last one grows below, and thoughts are a line."""

    def __init__(self, console: Console) -> None:
        self.parts = FoldedParts()
        self._console = console
        self._rest = ""
        self._live = Live(console=console, transient=True, refresh_per_second=12, get_renderable=self._unfinished)
        self._stack = ExitStack()

    def add(self, event: ChatEvent) -> None:
        for part in self.parts.add(event):
            self._flush()
            self._print(fold_line(part))
        if event.delta:
            self._rest += harmless(event.delta)
            self._print_finished()
        if event.type == MESSAGE_COMPLETED:
            self._flush()

    def _print_finished(self) -> None:
        end = end_of_finished(self._rest)
        if end:
            finished, self._rest = self._rest[:end], self._rest[end:]
            self._print(Group(_Block(finished), Text()))

    def _flush(self) -> None:
        rest, self._rest = self._rest, ""
        if rest.strip():
            self._print(_Block(rest))

    def refresh(self) -> None:
        """Draw what is unfinished anew; it is drawn a dozen times a second by itself."""
        self._live.refresh()

    def _print(self, finished: RenderableType) -> None:
        self._console.print(Group(finished))  # a text of its own would lose that it must not be wrapped
        self.refresh()  # below it, what was just printed may still stand as unfinished

    def _unfinished(self) -> RenderableType:
        if self._rest.strip():
            return _Block(self._rest, is_growing=True)
        return Spinner("dots", Text("thinking" if self.parts.thinks else "", style="dim"))

    def __enter__(self) -> Self:
        self._stack.enter_context(without_echo())
        self._stack.enter_context(self._live)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stack:
            for part in self.parts.end_thoughts():
                self._print(fold_line(part))
            self._flush()


def fold_line(part: Folded) -> Text:
    """The line of what is folded, cut off at the edge of the screen."""
    return Text(f"▸ {harmless(part.line)}", style="dim", no_wrap=True, overflow="ellipsis")


class _Block:
    """Markdown without the empty lines around it; `is_growing`: only its last lines, as many as the screen has."""

    def __init__(self, text: str, *, is_growing: bool = False) -> None:
        self._markdown = Markdown(text)
        self._is_growing = is_growing

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = without_empty_ends(console.render_lines(self._markdown, options, pad=False))
        shown = lines[-max(options.size.height - _SPARE_LINES, 1) :] if self._is_growing else lines
        for line in shown:
            yield from line
            yield Segment.line()


def without_empty_ends(lines: list[list[Segment]]) -> list[list[Segment]]:
    """The lines from the first to the last that shows something."""
    filled = [number for number, line in enumerate(lines) if any(segment.text.strip() for segment in line)]
    return lines[filled[0] : filled[-1] + 1] if filled else []

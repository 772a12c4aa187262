"""A dialogue in the terminal: reads questions with a history by the arrow keys, and commands like /attach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import NestedCompleter, PathCompleter

from coze_client.cli.chat_session import ChatSession
from coze_client.errors import CozeError

HELP = """/attach FILE   send a file with the next question
/details       show the thoughts and calls of the last answer in full
/new           begin a new conversation
/help          this list
Ctrl-C         cancel the answer; the conversation stays
Ctrl-D, /exit  end"""


class Dialogue:
    """Reads what the user types until Ctrl-D or /exit, and shows what the bot answers."""

    def __init__(self, session: ChatSession) -> None:
        self._session = session
        self._terminal = session.terminal
        session.ask_for_output = self._ask_for_output
        completer = NestedCompleter(
            {"/attach": PathCompleter(expanduser=True), **dict.fromkeys(("/details", "/new", "/help", "/exit"))}
        )
        self._prompt: PromptSession[str] = PromptSession(completer=completer, complete_while_typing=False)
        self._commands: Mapping[str, Callable[[str], object]] = {
            "/attach": self._attach,
            "/details": self._show_details,
            "/new": self._begin_new,
            "/help": lambda _: self._terminal.note(HELP),
        }

    def run(self) -> None:
        """Read and answer until the user ends it; an error ends the answer, not the dialogue."""
        self._terminal.note("Ctrl-D ends, /help lists what can be typed.")
        while self._ask_once():
            pass

    def _ask_once(self) -> bool:
        """Read one question and show its answer; False once the user ends it."""
        try:
            text = self._read()
            if text in (None, "/exit"):
                return False
            self._answer(text or "")
        except (KeyboardInterrupt, EOFError):  # at the prompt for an output, Ctrl-D means the same
            self._terminal.note("Cancelled.")
        except (CozeError, OSError) as error:
            self._terminal.tell_error(error)
        return True

    def _read(self) -> str | None:
        """What the user types; "" after Ctrl-C, ``None`` after Ctrl-D."""
        count = len(self._session.files)
        try:
            return self._prompt.prompt(f"[{count} attached] > " if count else "> ").strip()
        except KeyboardInterrupt:
            return ""
        except EOFError:
            return None

    def _answer(self, text: str) -> None:
        name, _, rest = text.partition(" ")
        if command := self._commands.get(name):
            command(rest.strip())
        elif name.startswith("/"):
            self._terminal.note(f"There is no {name}. {HELP}")
        elif text or self._session.files:
            self._session.ask(text)

    def _attach(self, path: str) -> None:
        if not path:
            self._terminal.note("Give the path of a file: /attach FILE")
            return
        file = self._session.attach(Path(path))
        self._terminal.note(f"{file.file_name} goes with the next question.")

    def _show_details(self, _: str) -> None:
        for part in self._session.folded:
            self._terminal.write(f"▸ {part.line}", "dim")
            self._terminal.write(part.text)
        if not self._session.folded:
            self._terminal.note("The last answer had no thoughts and calls.")

    def _begin_new(self, _: str) -> None:
        self._session.conversation_id = ""
        self._terminal.note("The next question begins a new conversation.")

    def _ask_for_output(self, call: str) -> str:
        self._terminal.note(f"The bot calls {call}")
        return PromptSession[str]().prompt("its output: ")

"""Answers the questions of a workflow: by what was given beforehand, else by whom sits before the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from coze_client.api.workflows.failures import WorkflowInterrupted
from coze_client.api.workflows.values import Interrupt
from coze_client.bridge.tools.human_answer import answer_problem, form_fields
from coze_client.cli.terminal import Terminal
from coze_client.errors import ConfigurationError

Ask = Callable[[str], str]
"""Shows a prompt and returns what the user types."""


class WorkflowAnswers:
    """Takes answers from `given`, in order; once they are used up, `ask` asks a person, or ``None``: nobody."""

    def __init__(self, terminal: Terminal, given: Sequence[str], ask: Ask | None) -> None:
        self._terminal = terminal
        self._given = list(given)
        self._ask = ask

    def answer(self, asked: WorkflowInterrupted, *, shown: bool) -> str:
        """The answer to a question, which is `shown` already or not.

        One that Coze could not take is asked for again; if nobody can be asked, ConfigurationError is raised.
        """
        interrupt = asked.interrupt or Interrupt()
        if self._given:
            return self._checked(asked, interrupt, choose(self._given.pop(0), asked.options))
        if self._ask is None:
            raise _unanswered(asked)
        if not shown and not form_fields(interrupt):
            self._terminal.note(asked.question, "bold")
        for number, option in enumerate(asked.options, 1):
            self._terminal.note(f"  {number}. {option}", "")
        return self._ask_until_fit(asked, interrupt, self._ask)

    def _ask_until_fit(self, asked: WorkflowInterrupted, interrupt: Interrupt, ask: Ask) -> str:
        while True:
            fields = form_fields(interrupt)
            typed = _fill_in(fields, ask) if fields else choose(ask("answer: "), asked.options)
            problem = answer_problem(interrupt, typed)
            if not problem:
                return typed
            self._terminal.note(f"{problem}.", "yellow")

    def _checked(self, asked: WorkflowInterrupted, interrupt: Interrupt, answer: str) -> str:
        if problem := answer_problem(interrupt, answer):
            raise ConfigurationError(f"{asked.question}: {problem}", cure="Give another --answer")
        return answer


def choose(typed: str, options: Sequence[str]) -> str:
    """The option of the number that was typed, unless an option reads so; anything else is the answer itself."""
    plain = typed.strip()
    is_number = plain.isdecimal() and plain not in options and 1 <= int(plain[:9]) <= len(options)
    return options[int(plain) - 1] if is_number else plain


def _fill_in(fields: Iterable[str], ask: Ask) -> str:
    """Ask for each field of a form; those that are left empty are left out."""
    values = {name: ask(f"{name}: ").strip() for name in fields}
    return json.dumps({name: value for name, value in values.items() if value}, ensure_ascii=False)


def _unanswered(asked: WorkflowInterrupted) -> ConfigurationError:
    options = f" ({', '.join(asked.options)})" if asked.options else ""
    return ConfigurationError(
        f"The workflow asks: {asked.question}{options}", cure="Run it in a terminal, or give --answer for each question"
    )

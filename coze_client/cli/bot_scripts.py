"""Bots of a Python file for the emulator: read again when the file changes, each under the same id."""

from __future__ import annotations

import inspect
import runpy
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from traceback import extract_tb
from types import FunctionType
from typing import TypeGuard

from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Fail, Item, Script, Turn
from coze_client.errors import ConfigurationError

_RUN_NAME = "cozekit_bots"
_PAUSE = 0.3  # seconds between two looks at the file


class BotScripts:
    """The bots of a file on an emulator.

    A bot is a public function of one ``Turn``; its name is the bot's. A function ``setup`` of the emulator is called
    once, after the bots were added: for datasets, workflows and plugins.
    """

    def __init__(self, path: Path, emulator: Emulator) -> None:
        self._path = path
        self._emulator = emulator
        self._scripts: Mapping[str, Script] = {}
        self._added: set[str] = set()
        self._stamp: object = None

    def load(self) -> None:
        """Run the file and add its bots; raises ConfigurationError if it fails, or has no bot."""
        self._stamp = self._read_stamp()
        found = _run(self._path)
        scripts = {name: value for name, value in found.items() if _is_script(value) and not name.startswith("_")}
        setup = found.get("setup")
        if not scripts and setup is None:
            raise ConfigurationError(
                f"{self._path} has no bot", cure="Define a function with one parameter: def hello(turn: Turn)"
            )
        self._scripts = scripts
        for name in sorted(scripts.keys() - self._added, key=list(scripts).index):
            self._emulator.add_bot(name, partial(self._answer, name))
        if callable(setup) and not self._added:
            setup(self._emulator)
        self._added |= scripts.keys()

    def reload(self) -> bool:
        """As ``load``, if the file has changed; False if it has not."""
        if self._read_stamp() in (self._stamp, None):
            return False
        self.load()
        return True

    def watch(self, tell: Callable[[str], object]) -> None:
        """Read the file again whenever it changes, until Ctrl-C; an error leaves the bots as they were."""
        while True:
            time.sleep(_PAUSE)
            try:
                if self.reload():
                    tell(f"{self._path} was read again: {', '.join(self._scripts)}")
            except ConfigurationError as error:
                tell(str(error))

    def _answer(self, name: str, turn: Turn) -> Iterable[Item]:
        script = self._scripts.get(name)
        return script(turn) if script else [Fail(5000, f"{self._path.name} has no bot {name} any more")]

    def _read_stamp(self) -> object:
        """What changes with the file; ``None`` while it is not there, as when an editor replaces it."""
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino


def _run(path: Path) -> dict[str, object]:
    try:
        return runpy.run_path(str(path), run_name=_RUN_NAME)
    except Exception as error:  # any mistake of the file's author
        lines = [frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == str(path)]
        where = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
        at = f", line {where}" if where else ""
        raise ConfigurationError(f"{path}{at}: {type(error).__name__}: {error}") from error


def _is_script(value: object) -> TypeGuard[Script]:
    if not isinstance(value, FunctionType) or value.__module__ != _RUN_NAME:
        return False
    parameters = list(inspect.signature(value).parameters.values())
    return len(parameters) == 1 and (parameters[0].name == "turn" or parameters[0].annotation in (Turn, "Turn"))

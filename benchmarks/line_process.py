"""Runs a program in a separate environment and exchanges lines with it."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from benchmarks.peers import ROOT

QUIET = {"NO_PROXY": "127.0.0.1", "LANGSMITH_TRACING": "false", "LANGCHAIN_TRACING_V2": "false"}


class LineProcess(ExitStack):
    """Runs a command in the project's folder until closed, and kills it if a line takes `patience` seconds.

    The command reads lines and answers each with one line.
    """

    def __init__(
        self, command: Sequence[str | Path], patience: float, environment: Mapping[str, str] | None = None
    ) -> None:
        super().__init__()
        self.patience = patience
        self.errors = self.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
        process = subprocess.Popen(
            command,
            bufsize=0,
            cwd=ROOT,
            env={**os.environ, **QUIET, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
        )
        self.process = self.enter_context(process)

    def ask(self, line: bytes) -> bytes:
        """Sends a line and returns the answer; empty if the process has died. Then `last_words` returns the reason."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # a dead process sends no answer either
            self.process.stdin.write(line + b"\n")
        return self.read()

    def read(self) -> bytes:
        assert self.process.stdout is not None
        patience = threading.Timer(self.patience, self.process.kill)
        patience.start()
        line = self.process.stdout.readline()
        patience.cancel()
        return line

    def last_words(self) -> str:
        """Waits for the process to end; returns its signal, the last line on its standard error, or its code."""
        code = self.process.wait()
        if code < 0:
            return f"it was ended by signal {-code}; an answer may take {self.patience:.0f} s"
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), f"it ended with code {code}")

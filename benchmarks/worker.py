"""A contender's process, seen from the benchmark."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress

from benchmarks.measure import Sample
from benchmarks.peers import ROOT, python_for

PATIENCE = 300.0  # seconds for one round before its contender is given up

QUIET = {"NO_PROXY": "127.0.0.1", "LANGSMITH_TRACING": "false", "LANGCHAIN_TRACING_V2": "false"}


class ContenderError(Exception):
    """A contender could not start, raised while working, hung, or delivered something else than was sent."""


class Worker(ExitStack):
    """Runs one contender, ``MODULE:CLASS`` in ``benchmarks/clients``, until closed; its rounds are ``do(job)``."""

    def __init__(self, contender: str) -> None:
        super().__init__()
        try:
            python = python_for(contender.partition(":")[0])
        except subprocess.CalledProcessError as error:
            raise ContenderError(f"its environment could not be made: {error}") from None
        self.complaints = self.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
        process = subprocess.Popen(
            [python, "-m", "benchmarks.clients", contender],
            bufsize=0,
            cwd=ROOT,
            env={**os.environ, **QUIET},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.complaints,
        )
        self.process = self.enter_context(process)
        try:
            self.answer()
        except ContenderError:
            self.close()
            raise

    def do(self, job: Mapping[str, str | int]) -> Sample:
        """One round; raises ``ContenderError``."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # whoever has died has no answer either
            self.process.stdin.write(json.dumps(job).encode() + b"\n")
        sample: dict[str, float] = json.loads(self.answer())
        if "error" in sample:
            raise ContenderError(str(sample["error"]))
        return sample

    def answer(self) -> bytes:
        assert self.process.stdout is not None
        patience = threading.Timer(PATIENCE, self.process.kill)
        patience.start()
        line = self.process.stdout.readline()
        patience.cancel()
        if not line:
            raise ContenderError(self.last_words())
        return line

    def last_words(self) -> str:
        code = self.process.wait()
        if code < 0:
            return f"it was ended by signal {-code}; a round may last {PATIENCE:.0f} s"
        self.complaints.seek(0)
        lines = self.complaints.read().decode(errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), f"it ended with code {code}")

"""A contender's process, seen from the benchmark."""

from __future__ import annotations

import json
from collections.abc import Mapping

from benchmarks.line_process import LineProcess
from benchmarks.measure import Sample
from benchmarks.peers import PeerUnavailable, python_for

PATIENCE = 300.0  # seconds for one round before its contender is given up


class ContenderError(Exception):
    """A contender could not start, raised while working, hung, or delivered something else than was sent."""


class Worker(LineProcess):
    """Runs one contender, ``MODULE:CLASS`` in ``benchmarks/clients``, until closed; its rounds are ``do(job)``."""

    def __init__(self, contender: str) -> None:
        try:
            python = python_for(contender.partition(":")[0])
        except PeerUnavailable as error:
            raise ContenderError(str(error)) from None
        super().__init__([python, "-m", "benchmarks.clients", contender], PATIENCE)
        try:
            self.told(self.read())
        except ContenderError:
            self.close()
            raise

    def do(self, job: Mapping[str, str | int]) -> Sample:
        """One round; raises ``ContenderError``."""
        sample: dict[str, float] = json.loads(self.told(self.ask(json.dumps(job).encode())))
        if "error" in sample:
            raise ContenderError(str(sample["error"]))
        return sample

    def told(self, line: bytes) -> bytes:
        if not line:
            raise ContenderError(self.last_words())
        return line

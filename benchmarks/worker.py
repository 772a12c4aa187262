"""Runs a contender's process and sends it jobs."""

from __future__ import annotations

import json
from collections.abc import Mapping

from benchmarks.line_process import LineProcess
from benchmarks.measure import Sample
from benchmarks.peers import PeerUnavailable, python_for

PATIENCE = 300.0  # seconds for one round; a slower contender fails


class ContenderError(Exception):
    """A contender could not start, raised an error, hung, or counted something else than was sent."""


class Worker(LineProcess):
    """Runs one contender, ``MODULE:CLASS`` in ``benchmarks/clients``, until closed; ``do(job)`` runs a round."""

    def __init__(self, contender: str, environment: Mapping[str, str]) -> None:
        try:
            python = python_for(contender.partition(":")[0])
        except PeerUnavailable as error:
            raise ContenderError(str(error)) from None
        super().__init__([python, "-m", "benchmarks.clients", contender], PATIENCE, environment)
        try:
            self.checked(self.read())
        except ContenderError:
            self.close()
            raise

    def do(self, job: Mapping[str, str | int]) -> Sample:
        """Runs one round; raises ``ContenderError``."""
        sample: dict[str, float] = json.loads(self.checked(self.ask(json.dumps(job).encode())))
        if "error" in sample:
            raise ContenderError(str(sample["error"]))
        return sample

    def checked(self, line: bytes) -> bytes:
        """Returns the line; raises ``ContenderError`` if it is empty, which means that the process has died."""
        if not line:
            raise ContenderError(self.last_words())
        return line

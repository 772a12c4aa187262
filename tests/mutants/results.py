"""The results of earlier runs, so that a run that ended early goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutants import Mutant
from tests.mutants.trial import Outcome, Verdict


@dataclass(frozen=True)
class Results:
    """A file with one line for each trial. `tests` has the digest of each test file of today."""

    path: Path
    tests: Mapping[str, str]

    def find(self, mutant: Mutant, most: int) -> Outcome | None:
        """The outcome of an earlier trial, if its file and the test that noticed it, or all tests, are the same.

        A mutant that survived fewer tests than the `most` of now is tried again.
        """
        if not self.path.exists():
            return None
        found = None
        for line in self.path.read_text(encoding="utf-8").splitlines():
            trial = json.loads(line)
            if trial["mutant"] == _key(mutant) and trial["proof"] == self._proof(trial["test"]):
                outcome = Outcome(Verdict(trial["verdict"]), trial["test"], trial["tests"])
                found = outcome if outcome.is_killed or outcome.tests >= most else found
        return found

    def add(self, mutant: Mutant, outcome: Outcome) -> None:
        """Keep an outcome."""
        trial = {
            "mutant": _key(mutant),
            "proof": self._proof(outcome.test),
            "verdict": outcome.verdict.value,
            "test": outcome.test,
            "tests": outcome.tests,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(trial) + "\n")

    def _proof(self, test: str) -> str:
        file = test.partition("::")[0]
        return self.tests.get(file, "") if file else _digest(*sorted(self.tests.values()))


def _key(mutant: Mutant) -> str:
    return _digest(mutant.file, mutant.code, mutant.module.code)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]

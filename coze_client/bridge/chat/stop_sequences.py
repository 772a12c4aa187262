"""Stop sequences, which Coze does not know: the answer is cut on our side."""

from __future__ import annotations

from collections.abc import Sequence


class StopFilter:
    """Lets text through up to the first stop sequence, which may come in pieces and is itself left out."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = [each for each in stop if each]
        self._longest = max(map(len, self._stop), default=0)
        self._held = ""
        self.reached = False

    def feed(self, text: str) -> str:
        """What of the text so far is sure to come before a stop sequence, and was not let through yet."""
        if self.reached:
            return ""
        held = self._held + text
        ends = [place for each in self._stop if (place := held.find(each)) >= 0]
        self.reached = bool(ends)
        safe = min(ends) if ends else len(held) - self._beginning(held)
        self._held = held[safe:]
        return held[:safe]

    def finish(self) -> str:
        """What was held back, once it is sure that no stop sequence comes of it."""
        return "" if self.reached else self._held

    def _beginning(self, text: str) -> int:
        """How many characters at the end may begin a stop sequence."""
        lengths = range(min(self._longest - 1, len(text)), 0, -1)
        return next((n for n in lengths if any(each.startswith(text[-n:]) for each in self._stop)), 0)

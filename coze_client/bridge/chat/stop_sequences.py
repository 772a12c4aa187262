"""Stop sequences: Coze has no parameter for them, so the client cuts the answer."""

from __future__ import annotations

from collections.abc import Sequence


class StopFilter:
    """Passes text on up to the first stop sequence, which is dropped; it may be split over several pieces."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = [each for each in stop if each]
        self._longest = max(map(len, self._stop), default=0)
        self._held = ""
        self.reached = False

    def feed(self, text: str) -> str:
        """The new text that is certainly before the first stop sequence; the rest is held back."""
        if self.reached:
            return ""
        held = self._held + text
        ends = [index for each in self._stop if (index := held.find(each)) >= 0]
        self.reached = bool(ends)
        safe = min(ends) if ends else len(held) - self._partial_length(held)
        self._held = held[safe:]
        return held[:safe]

    def finish(self) -> str:
        """The text that was held back; empty after a stop sequence."""
        return "" if self.reached else self._held

    def _partial_length(self, text: str) -> int:
        """How many characters at the end may be the start of a stop sequence."""
        lengths = range(min(self._longest - 1, len(text)), 0, -1)
        return next((n for n in lengths if any(each.startswith(text[-n:]) for each in self._stop)), 0)

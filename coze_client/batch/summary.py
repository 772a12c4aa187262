"""The summary of a run of a batch."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class UnknownPrompt:
    """A prompt that an earlier run may have started, and of which no result is known.

    ``number``: its place in the batch, counted from 0. ``place``: the ids that are known of it, by name.
    """

    number: int
    prompt: object
    place: dict[str, str] = field(default_factory=dict)


@dataclass
class BatchSummary:
    """What a run did, and what it found done.

    ``completed`` and ``failed``: prompts that this run ended. ``earlier``: prompts whose result an earlier run stored.
    ``unknown``: prompts that an earlier run may have started; they are never started again by themselves.
    ``tokens``: of this run's answers, as far as they are known.
    """

    completed: int = 0
    failed: int = 0
    earlier: int = 0
    tokens: int = 0
    unknown: list[UnknownPrompt] = field(default_factory=list)

"""A bot that follows a script, and the form in which it reports what it recalled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from coze_client.emulator.scripts import Script

FIRST_BOT_ID = 7350000000000000001
CREATED_AT = 1735689600  # of the standard bots


@dataclass(frozen=True)
class RecallStyle:
    """The form of the messages in which a bot reports recalled slices; by default one message.

    `encoding` None uses the form of the dialect. `data` "null" replaces the JSON of the slices by null, and "broken"
    by its first half. `per_dataset` sends one message for each dataset.
    """

    encoding: Literal["verbose", "knowledge", "text"] | None = None
    data: Literal["chunks", "null", "broken"] = "chunks"
    per_dataset: bool = False


DEFAULT_STYLE = RecallStyle()


@dataclass(frozen=True)
class ScriptedBot:
    """A script with an id; `plugins` are its client plugins as OpenAI-style function schemas.

    With `auto_call` the bot searches its datasets before every answer and reports the result in the style `recall`.
    `created_at` is Unix time in seconds.
    """

    id: str
    name: str
    script: Script
    published: bool = True
    plugins: tuple[Mapping[str, object], ...] = ()
    dataset_ids: tuple[str, ...] = ()
    auto_call: bool = True
    recall: RecallStyle = DEFAULT_STYLE
    created_at: int = CREATED_AT

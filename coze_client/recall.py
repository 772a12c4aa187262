"""What a bot's knowledge bases recalled for a question, as its messages tell; pure.

Three forms are on record: a verbose message (official best practice), the same JSON as type knowledge (coze-studio),
and plain text of slices (an old page of chat v3).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from coze_client.api.messages import Message

_PLAIN = re.compile(r"recall slice \d+:\s?(.*?)(?=\n?-{3,}|\n?recall slice \d+:|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Slice:
    """A piece of a document that was recalled.

    ``score`` is higher for better, on no promised scale, and ``None`` where Coze does not tell it; ids, names and the
    link are "" then.
    """

    text: str
    score: float | None = None
    dataset_id: str = ""
    dataset_name: str = ""
    document_id: str = ""
    document_name: str = ""
    title: str = ""
    url: str = ""


def is_recall(message: Message) -> bool:
    """True for a message that tells what was recalled."""
    return message.type == "knowledge" or message.verbose_type == "knowledge_recall"


def read_recall(message: Message) -> tuple[Slice, ...]:
    """The slices that a message tells of, best first as Coze orders them; none if it is no recall or says nothing."""
    if not is_recall(message):
        return ()
    outer = message.decoded
    if not isinstance(outer, dict):
        return tuple(Slice(text.strip()) for text in _PLAIN.findall(message.content) if text.strip())
    data = outer.get("data", outer)
    chunks = _object(data).get("chunks")
    return tuple(_slice(_object(chunk)) for chunk in chunks) if isinstance(chunks, list) else ()


def _slice(chunk: Mapping[str, object]) -> Slice:
    meta, score = _object(chunk.get("meta")), chunk.get("score")
    dataset, document, link = (_object(meta.get(name)) for name in ("dataset", "document", "link"))
    return Slice(
        _text(chunk.get("slice")),
        float(score) if isinstance(score, (int, float)) else None,
        _text(dataset.get("id")),
        _text(dataset.get("name")),
        _text(document.get("id")),
        _text(document.get("name")),
        _text(link.get("title")),
        _text(link.get("url")),
    )


def _object(value: object) -> Mapping[str, object]:
    """`value` if it is a JSON object, or the text of one; else an empty one."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return "" if value is None else str(value)

"""What was recalled from knowledge bases for a question, read from bots' messages and workflows' outputs; pure.

Coze has no search endpoint. A bot tells what it recalled in messages of three forms on record (verbose: official best
practice; the same JSON as type knowledge: coze-studio; plain text: an old page of chat v3), a workflow in the output of
its knowledge node, under whatever name its author gave it. No promise covers any of these: what is strange is skipped.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import cast

from coze_client.api.conversations.values import Message
from coze_client.api.recall.values import Slice

_PLAIN_SEPARATOR = re.compile(r"^(?:-{3,}\s*)?recall slice \d+:", re.MULTILINE)
_TEXT_KEYS = ("output", "slice", "content", "text")  # the workflow node's, the bot's, and what authors rename them to
_LONGEST_ID = 64  # bits

OutputPath = str | Sequence[str | int]


def is_recall(message: Message) -> bool:
    """True for a message that tells what was recalled, also if that was nothing."""
    if message.type != "verbose":
        return message.type == "knowledge"
    told = _as_object(message.content)
    return told.get("msg_type") == "knowledge_recall" or told.get("verbose_type") == "knowledge"  # the latter is old


def read_recall(message: Message) -> tuple[Slice, ...]:
    """The slices that a message tells of, best first as Coze orders them; none if it is no recall or says nothing."""
    if not is_recall(message):
        return ()
    told = _decode_json(message.content)
    if isinstance(told, str):
        return deduplicate(_read_items(map(_strip_rule, _PLAIN_SEPARATOR.split(told)[1:]), "bot"))
    return deduplicate(_read_items(_find_chunks(told), "bot"))


def read_output(output: object, path: OutputPath | None = None) -> tuple[Slice, ...]:
    """The slices in a workflow's output (JSON, or the text of it), best first as the workflow orders them.

    `path` leads to them: names separated by dots, or a sequence of names; a number picks an item of a list, a name goes
    into each of its items. From there, or from the top, the nearest list of objects with a text ``output`` counts, else
    the nearest of texts or of nothing. What has no list is one slice, its whole text, unless something in it is null.
    """
    return deduplicate(slice_ for value in _follow_path(output, path) for slice_ in _find_slices(value))


def deduplicate(slices: Iterable[Slice]) -> tuple[Slice, ...]:
    """Each text of each document once, where it stood first; ranked anew from 1."""
    first: dict[tuple[str, str], Slice] = {}
    for slice_ in slices:
        first.setdefault((slice_.document_id, slice_.text), slice_)
    return tuple(replace(slice_, rank=rank) for rank, slice_ in enumerate(first.values(), 1))


def _find_chunks(value: object) -> Iterable[object]:
    """The chunks of a bot's message, in however many layers of ``data`` and of JSON text they are wrapped."""
    while isinstance(value, dict):
        value = _decode_json(value["chunks"] if "chunks" in value else value.get("data"))
    return cast("list[object]", value) if isinstance(value, list) else ()


def _follow_path(value: object, path: OutputPath | None) -> list[object]:
    """What stands at the end of `path`; several values if it leads through lists."""
    steps = path.split(".") if isinstance(path, str) else path
    found = [_decode_json(value)]
    for step in steps if path and steps else ():
        found = [_decode_json(inner) for outer in found for inner in _take_step(outer, step)]
    return found


def _take_step(value: object, step: str | int) -> Iterator[object]:
    if isinstance(value, list):
        items = cast("list[object]", value)
        if str(step).isdecimal():
            yield from items[int(step) : int(step) + 1]
            return
    else:
        items = [value]
    for item in map(_as_object, items):
        if str(step) in item:
            yield item[str(step)]


def _find_slices(value: object) -> Iterable[Slice]:
    """The slices of the list that is nearest to the top, else of the whole."""
    parts = list(_breadth_first(value))
    lists = [
        [item for item in cast("list[object]", part) if item is not None] for part in parts if isinstance(part, list)
    ]
    for key in _TEXT_KEYS:
        for items in lists:
            if any(isinstance(item, dict) and isinstance(item.get(key), str) for item in items):
                return _read_items(items, "workflow")
    for items in lists:
        if all(isinstance(item, str) for item in items):
            return _read_items(items, "workflow")
    if any(part is None for part in parts):
        return ()
    whole = "\n".join(part for part in parts if isinstance(part, str))
    return _read_items([value if _slice_text(value) else whole], "text")


def _breadth_first(value: object) -> Iterator[object]:
    """Everything in a JSON value, the value itself first; texts of JSON are gone into, nulls of lists left out."""
    waiting = deque([value])
    while waiting:
        part = _decode_json(waiting.popleft())
        yield part
        if isinstance(part, dict):
            waiting.extend(cast("dict[str, object]", part).values())
        elif isinstance(part, list):
            waiting.extend(item for item in cast("list[object]", part) if item is not None)


def _read_items(items: Iterable[object], source: str) -> Iterator[Slice]:
    """A slice for each item that is a text or an object with one; blank ones are none."""
    for item in items:
        if text := _slice_text(item):
            yield _build_slice(_as_object(item) if isinstance(item, dict) else {}, text, source)


def _slice_text(item: object) -> str:
    """The text of a slice in JSON; "" if it has none."""
    told = cast("Mapping[str, object]", item) if isinstance(item, dict) else {"text": item}
    texts = (told.get(key) for key in _TEXT_KEYS)
    return next((_replace_surrogates(text) for text in texts if isinstance(text, str) and text.strip()), "")


def _build_slice(told: Mapping[str, object], text: str, source: str) -> Slice:
    meta = _as_object(told.get("meta"))
    dataset, document, link = (_as_object(meta.get(name)) for name in ("dataset", "document", "link"))
    return Slice(
        text,
        _parse_score(told.get("score")),
        _first_text(dataset.get("id"), told.get("datasetId"), told.get("dataset_id")),
        _first_text(dataset.get("name")),
        _first_text(document.get("id"), told.get("documentId"), told.get("document_id")),
        _first_text(document.get("name"), told.get("documentName"), told.get("document_name")),
        _first_text(link.get("title")),
        _first_text(link.get("url"), told.get("url")),
        source=source,
    )


def _strip_rule(text: str) -> str:
    """Plain text without blanks around it, and without the rule of dashes that may end it."""
    before, _, last = text.strip().rpartition("\n")
    return text.strip() if last.strip("-\r ") else before.rstrip()


def _decode_json(value: object) -> object:
    """A JSON value; of texts what they say, in as many layers as it takes, if that is a list, an object or null."""
    while isinstance(value, str) and (told := _parse_json(value)) is not value:
        value = told
    return value


def _parse_json(text: str) -> object:
    if not text.lstrip().startswith(("{", "[", '"', "null")):
        return text
    try:
        return cast("object", json.loads(text))
    except (ValueError, RecursionError):  # the latter: nested without end
        return text


def _as_object(value: object) -> Mapping[str, object]:
    """`value` if it is a JSON object, or the text of one; else an empty one."""
    value = _decode_json(value)
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _replace_surrogates(text: str) -> str:
    """`text` with U+FFFD for each half of a surrogate pair, which JSON can spell but no encoding can write."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _parse_score(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if isfinite(value) else None
    except OverflowError:
        return None


def _first_text(*values: object) -> str:
    """The first of `values` that is a name or an id."""
    for value in values:
        if isinstance(value, str) and value:
            return _replace_surrogates(value)
        if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= _LONGEST_ID:
            return str(value)
    return ""

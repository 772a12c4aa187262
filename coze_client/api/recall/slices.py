"""Read recalled slices from a bot's messages and from a workflow's output; no I/O.

Coze has no search endpoint. A bot sends its recall in a message, in one of three known formats: a verbose message
(official best practice), the same JSON in a message of type knowledge (coze-studio), or plain text (an old version of
page chat_v3). A workflow returns it in the output of its knowledge node, under a name that its author chose. None of
these formats is guaranteed, so unknown data is skipped.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import cast

from coze_client.api.conversations.values import Message
from coze_client.api.recall.values import Slice
from coze_client.core.json_text import load_json

_PLAIN_SEPARATOR = re.compile(r"^(?:-{3,}\s*)?recall slice \d+:", re.MULTILINE)
# The text of a slice: the knowledge node's name, the bots', and two that authors often choose.
_TEXT_KEYS = ("output", "slice", "content", "text")
_LONGEST_ID = 64  # bits

OutputPath = str | Sequence[str | int]


def is_recall(message: Message) -> bool:
    """True for a message that holds a recall, even an empty one."""
    if message.type != "verbose":
        return message.type == "knowledge"
    content = _as_object(message.content)
    if content.get("msg_type") == "knowledge_recall":
        return True
    return content.get("verbose_type") == "knowledge"  # an older form


def read_recall(message: Message) -> tuple[Slice, ...]:
    """Return the slices in a message, best first as Coze orders them; none if it is no recall or empty."""
    if not is_recall(message):
        return ()
    content = _decode_json(message.content)
    if isinstance(content, str):
        return deduplicate(_read_items(map(_strip_rule, _PLAIN_SEPARATOR.split(content)[1:]), "bot"))
    return deduplicate(_read_items(_find_chunks(content), "bot"))


def read_output(output: object, path: OutputPath | None = None) -> tuple[Slice, ...]:
    """Return the slices in a workflow's output (JSON or JSON text), best first as the workflow orders them.

    `path` leads to them: names separated by dots, or a sequence of names. A number selects an item of a list; a name
    selects a member of each item. From there, or from the top without a path, the nearest list of objects with a text
    ``output`` (or a similar key) is used, otherwise the nearest list of texts or empty list. An output without such a
    list is one slice with its whole text; it has none if a value in it is null.
    """
    return deduplicate(slice_ for value in _follow_path(output, path) for slice_ in _find_slices(value))


def deduplicate(slices: Iterable[Slice]) -> tuple[Slice, ...]:
    """Drop repeated texts of the same document, and number the rest from rank 1."""
    first: dict[tuple[str, str], Slice] = {}
    for slice_ in slices:
        first.setdefault((slice_.document_id, slice_.text), slice_)
    return tuple(replace(slice_, rank=rank) for rank, slice_ in enumerate(first.values(), 1))


def _find_chunks(value: object) -> Iterable[object]:
    """Find the chunks of a bot's message, below any number of ``data`` members and layers of JSON text."""
    while isinstance(value, dict):
        value = _decode_json(value["chunks"] if "chunks" in value else value.get("data"))
    return cast("list[object]", value) if isinstance(value, list) else ()


def _follow_path(value: object, path: OutputPath | None) -> list[object]:
    """Return the values at the end of `path`; several if it leads through lists."""
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
    """Return the slices of the list nearest to the top, or else of the whole value."""
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
    """Yield a JSON value and everything in it, breadth first; parse JSON text, and omit null in lists."""
    waiting = deque([value])
    while waiting:
        part = _decode_json(waiting.popleft())
        yield part
        if isinstance(part, dict):
            waiting.extend(cast("dict[str, object]", part).values())
        elif isinstance(part, list):
            waiting.extend(item for item in cast("list[object]", part) if item is not None)


def _read_items(items: Iterable[object], source: str) -> Iterator[Slice]:
    """Yield a slice for each item that is text or an object with text; skip blank text."""
    for item in items:
        if text := _slice_text(item):
            yield _build_slice(_as_object(item) if isinstance(item, dict) else {}, text, source)


def _slice_text(item: object) -> str:
    """Return the text of a slice in JSON; "" if it has none."""
    chunk = cast("Mapping[str, object]", item) if isinstance(item, dict) else {"text": item}
    texts = (chunk.get(key) for key in _TEXT_KEYS)
    return next((_replace_surrogates(text) for text in texts if isinstance(text, str) and text.strip()), "")


def _build_slice(chunk: Mapping[str, object], text: str, source: str) -> Slice:
    meta = _as_object(chunk.get("meta"))
    dataset, document, link = (_as_object(meta.get(name)) for name in ("dataset", "document", "link"))
    return Slice(
        text,
        _parse_score(chunk.get("score")),
        _first_text(dataset.get("id"), chunk.get("datasetId"), chunk.get("dataset_id")),
        _first_text(dataset.get("name")),
        _first_text(document.get("id"), chunk.get("documentId"), chunk.get("document_id")),
        _first_text(document.get("name"), chunk.get("documentName"), chunk.get("document_name")),
        _first_text(link.get("title")),
        _first_text(link.get("url"), chunk.get("url")),
        source=source,
    )


def _strip_rule(text: str) -> str:
    """Strip blanks, and a line of dashes at the end."""
    before, _, last = text.strip().rpartition("\n")
    return text.strip() if last.strip("-\r ") else before.rstrip()


def _decode_json(value: object) -> object:
    """Parse JSON text repeatedly until the value is a list, object, null or plain text."""
    while isinstance(value, str) and (parsed := _parse_json(value)) is not value:
        value = parsed
    return value


def _parse_json(text: str) -> object:
    if not text.lstrip().startswith(("{", "[", '"', "null")):
        return text
    try:
        return load_json(text)
    except (ValueError, RecursionError):  # RecursionError: nested too deeply
        return text


def _as_object(value: object) -> Mapping[str, object]:
    """Return `value` if it is a JSON object or the text of one, otherwise an empty object."""
    value = _decode_json(value)
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _replace_surrogates(text: str) -> str:
    """Replace single surrogates by U+FFFD: JSON can contain them, but no encoding can write them."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _parse_score(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if isfinite(value) else None
    except OverflowError:
        return None


def _first_text(*values: object) -> str:
    """Return the first of `values` that is a name or an id, as text; "" if none is."""
    for value in values:
        if isinstance(value, str) and value:
            return _replace_surrogates(value)
        if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= _LONGEST_ID:
            return str(value)
    return ""

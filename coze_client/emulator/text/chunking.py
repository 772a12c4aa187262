"""Split a document into slices by the API's chunk strategies (page create_knowledge_files)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from coze_client.emulator.protocol.request import Fields

AUTOMATIC, CUSTOM = 0, 1
SYSTEM_CAPTION, MANUAL_CAPTION = 0, 1
AUTOMATIC_TOKENS = 200
LEAST_TOKENS, MOST_TOKENS = 100, 2000

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
TOKEN = re.compile(rf"[{CJK}]|[^\W{CJK}]{{1,6}}|[^\w\s]")
SENTENCE_END = re.compile(r"(?<=[。！？；\n])|(?<=[.!?;])(?=\s)")  # noqa: RUF001 - Chinese marks
URL_OR_EMAIL = re.compile(r"(?:https?://|www\.)[\x21-\x7e]*[\w/]|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)


@dataclass(frozen=True)
class ChunkRule:
    """A chunk strategy: `chunk_type` 0 splits automatically, 1 splits at `separator` and at `max_tokens`."""

    chunk_type: int = AUTOMATIC
    separator: str = ""
    max_tokens: int = 0
    remove_extra_spaces: bool = False
    remove_urls_emails: bool = False

    @property
    def as_json(self) -> dict[str, object]:
        return asdict(self)


def read_chunk_rule(fields: Fields) -> ChunkRule:
    """Read the chunk strategy of a request; 4000 for an invalid one.

    A custom strategy needs a separator, and 100 to 2000 max_tokens.
    """
    if fields.number("chunk_type", AUTOMATIC, AUTOMATIC, CUSTOM) == AUTOMATIC:
        return ChunkRule()
    return ChunkRule(
        CUSTOM,
        fields.text("separator"),
        fields.number("max_tokens", 0, LEAST_TOKENS, MOST_TOKENS),
        fields.flag("remove_extra_spaces", default=False),
        fields.flag("remove_urls_emails", default=False),
    )


def count_tokens(text: str) -> int:
    """Estimate the tokens: each Chinese character, each mark, and each six letters of another script count as one."""
    return sum(1 for _ in TOKEN.finditer(text))


def split(text: str, rule: ChunkRule) -> list[str]:
    """Split a text into slices; a custom separator always separates slices, automatic slices contain whole lines."""
    if rule.chunk_type == AUTOMATIC:
        return list(_packed(_pieces(text.splitlines(keepends=True), AUTOMATIC_TOKENS), AUTOMATIC_TOKENS))
    cleaned = (_cleaned(part, rule) for part in text.split(rule.separator))
    most = rule.max_tokens
    return [piece for part in cleaned for piece in _packed(_pieces([part], most), most)]


def _cleaned(text: str, rule: ChunkRule) -> str:
    if rule.remove_urls_emails:
        text = URL_OR_EMAIL.sub("", text)
    return re.sub(r"\s+", " ", text) if rule.remove_extra_spaces else text


def _pieces(parts: Iterable[str], most: int) -> Iterator[str]:
    """Split each part that has more than `most` tokens into sentences, and longer sentences after `most` tokens."""
    for part in parts:
        if count_tokens(part) <= most:
            yield part
            continue
        for sentence in SENTENCE_END.split(part):
            starts = [token.start() for token in TOKEN.finditer(sentence)][most::most]
            yield from (sentence[start:end] for start, end in zip([0, *starts], [*starts, None], strict=True))


def _packed(pieces: Iterable[str], most: int) -> Iterator[str]:
    """Join neighbouring pieces up to `most` tokens; strip white space, and drop empty slices."""
    buffer: list[str] = []
    size = 0
    for piece in pieces:
        tokens = count_tokens(piece)
        if size + tokens > most:
            yield "".join(buffer).strip()
            buffer, size = [], 0
        buffer.append(piece)
        size += tokens
    if rest := "".join(buffer).strip():
        yield rest

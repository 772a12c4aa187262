"""How a document is cut into slices: the API's chunk strategies (page create_knowledge_files)."""

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
    """`chunk_type` 0 leaves everything to Coze, 1 cuts at `separator` and at `max_tokens`."""

    chunk_type: int = AUTOMATIC
    separator: str = ""
    max_tokens: int = 0
    remove_extra_spaces: bool = False
    remove_urls_emails: bool = False

    @property
    def wire(self) -> dict[str, object]:
        return asdict(self)


def read_strategy(fields: Fields) -> ChunkRule:
    """As a request has it; 4000 for a custom one without a separator, or whose max_tokens is not 100 to 2000."""
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
    """About what a model counts: a Chinese character or a mark is one token, six letters of other scripts are."""
    return sum(1 for _ in TOKEN.finditer(text))


def cut(text: str, strategy: ChunkRule) -> list[str]:
    """The slices: a custom separator always parts them, automatic ones hold as many whole lines as they can."""
    if strategy.chunk_type == AUTOMATIC:
        return list(_packed(_pieces(text.splitlines(keepends=True), AUTOMATIC_TOKENS), AUTOMATIC_TOKENS))
    cleaned = (_cleaned(part, strategy) for part in text.split(strategy.separator))
    most = strategy.max_tokens
    return [piece for part in cleaned for piece in _packed(_pieces([part], most), most)]


def _cleaned(text: str, strategy: ChunkRule) -> str:
    if strategy.remove_urls_emails:
        text = URL_OR_EMAIL.sub("", text)
    return re.sub(r"\s+", " ", text) if strategy.remove_extra_spaces else text


def _pieces(parts: Iterable[str], most: int) -> Iterator[str]:
    """Each part whole if it fits, else its sentences, and of those that do not fit either, stretches of tokens."""
    for part in parts:
        if count_tokens(part) <= most:
            yield part
            continue
        for sentence in SENTENCE_END.split(part):
            starts = [token.start() for token in TOKEN.finditer(sentence)][most::most]
            yield from (sentence[start:end] for start, end in zip([0, *starts], [*starts, None], strict=True))


def _packed(pieces: Iterable[str], most: int) -> Iterator[str]:
    """As many of the pieces together as fit, without the white space around them; none that is empty."""
    held: list[str] = []
    size = 0
    for piece in pieces:
        tokens = count_tokens(piece)
        if size + tokens > most:
            yield "".join(held).strip()
            held, size = [], 0
        held.append(piece)
        size += tokens
    if rest := "".join(held).strip():
        yield rest

"""The text of a web page that is sent as a file: Coze takes no HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_UNSEEN = frozenset({"script", "style", "title", "template", "noscript", "svg"})
_BLOCK = re.compile(
    "address|article|aside|blockquote|body|br|caption|d[dlt]|details|div|fieldset|figcaption|figure|footer|form|h[1-6]|"
    "header|hr|li|main|nav|ol|option|p|pre|section|summary|table|tr|ul"
)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts = ["\n"]
        self._unseen = 0
        self._verbatim = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._step(tag, 1)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._step(tag, 0)

    def handle_endtag(self, tag: str) -> None:
        self._step(tag, -1)

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if not self._verbatim:
            data = re.sub(r"\s+", " ", data)
            data = data.lstrip() if self.parts[-1].isspace() else data
        if data:
            self.parts.append(data)

    def _step(self, tag: str, deeper: int) -> None:
        if tag in _UNSEEN:
            self._unseen = max(self._unseen + deeper, 0)
        if tag == "pre":
            self._verbatim = max(self._verbatim + deeper, 0)
        if tag in ("td", "th"):
            self.parts.extend(["\t"] * (deeper > 0 and self.parts[-1] != "\n"))
        elif _BLOCK.fullmatch(tag):
            self.parts.append("\n")


def convert_to_text(html: str) -> str:
    """What a reader sees of an HTML page, a block a line; no title, scripts, styles or markup."""
    reading = _Text()
    reading.feed(html)
    reading.close()
    lines = (line.rstrip() for line in "".join(reading.parts).splitlines())
    return "\n".join(line for line in lines if line)

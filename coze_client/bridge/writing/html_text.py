"""Converts HTML files to text, because Coze accepts no HTML files."""

from __future__ import annotations

import re

from coze_client.html_markup import MarkupReader

_HIDDEN = frozenset({"script", "style", "title", "template", "noscript", "svg"})
_BLOCK = re.compile(
    "address|article|aside|blockquote|body|br|caption|d[dlt]|details|div|fieldset|figcaption|figure|footer|form|h[1-6]|"
    "header|hr|li|main|nav|ol|option|p|pre|section|summary|table|tr|ul"
)


class _TextParser(MarkupReader):
    def __init__(self) -> None:
        self.parts = ["\n"]
        self._hidden = 0
        self._verbatim = 0

    def handle_starttag(self, tag: str) -> None:
        self._enter_or_leave(tag, 1)

    def handle_startendtag(self, tag: str) -> None:
        self._enter_or_leave(tag, 0)

    def handle_endtag(self, tag: str) -> None:
        self._enter_or_leave(tag, -1)

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if not self._verbatim:
            data = re.sub(r"\s+", " ", data)
            data = data.lstrip() if self.parts[-1].isspace() else data
        if data:
            self.parts.append(data)

    def _enter_or_leave(self, tag: str, change: int) -> None:
        if tag in _HIDDEN:
            self._hidden = max(self._hidden + change, 0)
        if tag == "pre":
            self._verbatim = max(self._verbatim + change, 0)
        if tag in ("td", "th"):
            self.parts.extend(["\t"] * (change > 0 and self.parts[-1] != "\n"))
        elif _BLOCK.fullmatch(tag):
            self.parts.append("\n")


def convert_to_text(html: str) -> str:
    """The visible text of an HTML page, one block a line, without title, scripts, styles or markup."""
    parser = _TextParser()
    parser.read(html)
    lines = (line.rstrip() for line in "".join(parser.parts).splitlines())
    return "\n".join(line for line in lines if line)

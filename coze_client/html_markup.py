"""Splits HTML into tags and text in time linear in its length; the parser of the standard library is quadratic."""

from __future__ import annotations

import re
from html import unescape

_NAME = re.compile(r"[^\s/>]*")
_UP_TO_VALUE = re.compile(r"[^>=]*")
_SPACE = re.compile(r"\s*")
_RAW = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style", "title", "textarea")}
_ENDLESS_REFERENCE = re.compile(r"&#[xX]?[0-9a-fA-F]{20,};?")


class MarkupReader:
    """Reads a whole page and calls the methods below for its tags and its text, as ``html.parser`` would.

    Each character is looked at once. What never ends, such as a comment, a tag or a quoted value, takes the rest of the
    page with it, as in a browser.
    """

    def handle_starttag(self, tag: str) -> None:
        """Called for ``<tag …>``; `tag` is in lower case."""

    def handle_startendtag(self, tag: str) -> None:
        """Called for ``<tag …/>``."""
        self.handle_starttag(tag)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Called for ``</tag>``."""

    def handle_data(self, data: str) -> None:
        """Called for text between tags, with its character references replaced."""

    def read(self, page: str) -> None:
        """Read a page."""
        position = 0
        while (start := page.find("<", position)) >= 0:
            self._text(page[position:start])
            position = self._markup(page, start)
            if position < 0:
                return
        self._text(page[position:])

    def _text(self, text: str) -> None:
        if text:
            self.handle_data(unescape(_ENDLESS_REFERENCE.sub("\ufffd", text)))

    def _markup(self, page: str, start: int) -> int:
        """Read what begins with ``<`` at `start`; return where it ends, -1 if it never does."""
        if page.startswith("<!--", start):
            return _after(page, "-->", start + 2)
        if page.startswith(("<!", "<?"), start):
            return _after(page, ">", start)
        is_end = page.startswith("/", start + 1)
        first = page[start + 1 + is_end : start + 2 + is_end]
        name = _NAME.match(page, start + 1 + is_end) if first.isascii() and first.isalpha() else None
        if name is None:
            if is_end:
                return _after(page, ">", start)
            self._text("<")
            return start + 1
        end = _tag_end(page, name.end())
        if end < 0:
            return -1
        tag, is_empty = name[0].lower(), page[end - 2] == "/"
        self._tag(tag, is_end=is_end, is_empty=is_empty)
        return self._raw(page, end, tag) if tag in _RAW and not is_end and not is_empty else end

    def _tag(self, tag: str, *, is_end: bool, is_empty: bool) -> None:
        if is_end:
            self.handle_endtag(tag)
        elif is_empty:
            self.handle_startendtag(tag)
        else:
            self.handle_starttag(tag)

    def _raw(self, page: str, start: int, name: str) -> int:
        """Read the content of a script, style, title or text area, in which nothing but its end is markup."""
        end = _RAW[name].search(page, start)
        self._text(page[start : end.start() if end else len(page)])
        return end.start() if end else -1


def _after(page: str, end: str, start: int) -> int:
    found = page.find(end, start)
    return found + len(end) if found >= 0 else -1


def _tag_end(page: str, position: int) -> int:
    """Where a tag ends, from behind its name on; -1 if it never does. A quoted value may contain ``>``."""
    while (found := _UP_TO_VALUE.match(page, position)) and found.end() < len(page):
        if page[found.end()] == ">":
            return found.end() + 1
        space = _SPACE.match(page, found.end() + 1)
        position = space.end() if space else found.end() + 1
        quote = page[position : position + 1]
        if quote and quote in "\"'":
            position = _after(page, quote, position + 1)
            if position < 0:
                return -1
    return -1

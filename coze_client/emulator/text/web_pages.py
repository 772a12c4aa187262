"""Web pages, really fetched."""

from __future__ import annotations

import mimetypes
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from time import monotonic

from coze_client.emulator.text.parsing import Unparsable

PATIENCE = 5.0  # seconds for each step of a fetch
LONGEST_FETCH = 30.0  # seconds
PIECE = 64 * 1024
LARGEST_PAGE = 15 * 1024 * 1024
KINDS = {"application/xhtml+xml": "html", "text/markdown": "md", "application/pdf": "pdf"}


@dataclass(frozen=True)
class WebPage:
    """What a server sent; `type` is the suffix that a file of it would have."""

    type: str
    content: bytes
    charset: str | None


def fetch(url: str) -> WebPage:
    """Follows redirects; `Unparsable` with the reason if there is nothing to be had, or not the whole."""
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "coze-emulator"})  # noqa: S310 - the route checks
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:  # noqa: S310 - as above
            content, headers = _read(response), response.headers
    except (OSError, ValueError, HTTPException) as error:
        raise Unparsable(f"{url} could not be fetched: {error}") from None
    return WebPage(_kind(headers.get_content_type()), content, headers.get_content_charset())


def _read(response: HTTPResponse) -> bytes:
    """The whole body; ValueError if it is cut or too large, or does not end."""
    content, ends = bytearray(), monotonic() + LONGEST_FETCH
    while piece := response.read1(PIECE):
        content += piece
        if len(content) > LARGEST_PAGE:
            raise ValueError(f"it has over {LARGEST_PAGE} bytes")
        if monotonic() > ends:
            raise ValueError(f"it does not end within {LONGEST_FETCH:g} s")
    if response.length:
        raise ValueError(f"it lacks its last {response.length} bytes")
    return bytes(content)


def _kind(content_type: str) -> str:
    return KINDS.get(content_type) or (mimetypes.guess_extension(content_type) or "").removeprefix(".")

"""Fetch web pages over the network."""

from __future__ import annotations

import mimetypes
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from time import monotonic

from coze_client.emulator.text.parsing import UnparsableFile

STEP_TIMEOUT = 5.0  # seconds for each step of a fetch
LONGEST_FETCH = 30.0  # seconds
CHUNK = 64 * 1024
LARGEST_PAGE = 15 * 1024 * 1024
KINDS = {"application/xhtml+xml": "html", "text/markdown": "md", "application/pdf": "pdf"}


@dataclass(frozen=True)
class WebPage:
    """The body of a response; `type` is the suffix of a file with this content type."""

    type: str
    content: bytes
    charset: str | None


def fetch(url: str) -> WebPage:
    """Fetch a page, following redirects; `UnparsableFile` with the reason if it cannot be fetched completely."""
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "coze-emulator"})  # noqa: S310 - the route checks the scheme
        with urllib.request.urlopen(request, timeout=STEP_TIMEOUT) as response:  # noqa: S310 - as above
            content, headers = _read(response), response.headers
    except (OSError, ValueError, HTTPException) as error:
        raise UnparsableFile(f"{url} could not be fetched: {error}") from None
    return WebPage(_kind(headers.get_content_type()), content, headers.get_content_charset())


def _read(response: HTTPResponse) -> bytes:
    """Read the body; ValueError if it is incomplete, too large or too slow."""
    content, deadline = bytearray(), monotonic() + LONGEST_FETCH
    while piece := response.read1(CHUNK):
        content += piece
        if len(content) > LARGEST_PAGE:
            raise ValueError(f"the page has more than {LARGEST_PAGE} bytes")
        if monotonic() > deadline:
            raise ValueError(f"the page took longer than {LONGEST_FETCH:g} s")
    if response.length:
        raise ValueError(f"the last {response.length} bytes of the page are missing")
    return bytes(content)


def _kind(content_type: str) -> str:
    return KINDS.get(content_type) or (mimetypes.guess_extension(content_type) or "").removeprefix(".")

"""Web pages, really fetched."""

from __future__ import annotations

import mimetypes
import urllib.request
from dataclasses import dataclass

from .parsing import Unparsable

PATIENCE = 5.0  # seconds for each step of a fetch
LARGEST_PAGE = 15 * 1024 * 1024
KINDS = {"application/xhtml+xml": "html", "text/markdown": "md", "application/pdf": "pdf"}


@dataclass(frozen=True)
class WebPage:
    """What a server sent; `type` is the suffix that a file of it would have."""

    type: str
    content: bytes
    charset: str | None


def fetch(url: str) -> WebPage:
    """Follows redirects; `Unparsable` with the reason if there is nothing to be had."""
    request = urllib.request.Request(url, headers={"User-Agent": "coze-emulator"})  # noqa: S310 - checked by the route
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:  # noqa: S310 - as above
            content = response.read(LARGEST_PAGE + 1)
            headers = response.headers
    except (OSError, ValueError) as error:
        raise Unparsable(f"{url} could not be fetched: {error}") from None
    if len(content) > LARGEST_PAGE:
        raise Unparsable(f"{url} is over {LARGEST_PAGE} bytes")
    return WebPage(_kind(headers.get_content_type()), content, headers.get_content_charset())


def _kind(content_type: str) -> str:
    return KINDS.get(content_type) or (mimetypes.guess_extension(content_type) or "").removeprefix(".")

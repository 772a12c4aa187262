"""Images and audio in the output of bots and workflows as content of MCP: inline ones as such, others as links; pure.

A link is not followed: a model's client decides whether it loads what somebody else wrote into an answer.
"""

from __future__ import annotations

import base64
import io
import mimetypes
import re
import wave
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from coze_client.mcp_server.reply import Json

_DATA = re.compile(r"data:((image|audio)/[\w.+-]+);base64,([A-Za-z0-9+/]+={0,2})")
_LINK = re.compile(r"https?://[^\s\"'<>()\[\]{}]+")
_SAMPLE_RATE, _SAMPLE_BYTES = 24_000, 2  # API page chat v3: 16-bit little-endian mono
_MOST_LINKS = 20


def media_in(value: object) -> list[Json]:
    """The images and sounds in a JSON value or in a text, each once, in order."""
    blocks: dict[str, Json] = {}
    for text in _texts(value):
        for found in _DATA.finditer(text):
            mime_type, kind, data = found.groups()
            blocks[data] = {"type": kind, "data": data, "mimeType": mime_type}
        for url in _LINK.findall(text):
            mime_type = medium_of(url)
            if mime_type and len(blocks) < _MOST_LINKS:
                name = PurePosixPath(urlsplit(url).path).name
                blocks[url] = {"type": "resource_link", "uri": url, "name": name, "mimeType": mime_type}
    return list(blocks.values())


def without_data(text: str) -> str:
    """A text whose inline images and sounds are named only, for they are content of their own."""
    return _DATA.sub(lambda found: f"[{found[2]}]", text)


def medium_of(url: str) -> str:
    """The MIME type of an image or a sound by the ending of a URL's path; "" for anything else."""
    try:
        guessed = mimetypes.guess_type(urlsplit(url).path)[0] or ""
    except ValueError:  # no URL after all
        return ""
    return guessed if guessed.startswith(("image/", "audio/")) else ""


def sound(pcm: bytes) -> Json:
    """Spoken answer, as samples that a chat sends, as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(_SAMPLE_BYTES)
        wav.setframerate(_SAMPLE_RATE)
        wav.writeframes(pcm)
    return {"type": "audio", "data": base64.b64encode(file.getvalue()).decode(), "mimeType": "audio/wav"}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)

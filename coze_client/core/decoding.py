"""Unpacks compressed bodies piece by piece, so that a few bytes cannot become gigabytes at once; no I/O."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

_LARGEST_PIECE = 256 * 1024
_GZIP_START = b"\x1f\x8b"
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_RAW_DEFLATE = -15  # some servers leave out the header of deflate


class Undecodable(ValueError):
    """The body has an encoding that this client does not read, or it is damaged or cut off."""


def decoder_for(content_encoding: str, status: int) -> Decoder | None:
    """What unpacks a body with this ``Content-Encoding`` header; ``None`` if it is not packed.

    An error's body with an encoding that nobody can read stays packed: its status says more than "cannot be read".
    """
    encodings = tuple(
        name for each in content_encoding.split(",") if (name := each.strip().lower()) not in ("", "identity")
    )
    if not encodings or (status >= 400 and not _is_readable(encodings)):
        return None
    return Decoder(encodings)


def _is_readable(encodings: tuple[str, ...]) -> bool:
    return len(encodings) == 1 and encodings[0] in _WINDOWS


class Decoder:
    """Unpacks one body with one encoding: gzip or deflate. ``feed`` raises Undecodable for others, or for several.

    A body that is packed twice would unpack to a million bytes from one; no server needs that.
    """

    def __init__(self, encodings: tuple[str, ...]) -> None:
        self._encodings = encodings
        self._window = _WINDOWS[encodings[0]] if _is_readable(encodings) else 0
        self._stream: Any = None  # zlib has no public name for its type
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Unpack a piece of the body, into pieces of 256 KB at most."""
        if not self._window:
            raise Undecodable(f"this client does not read the Content-Encoding {', '.join(self._encodings)[:80]!r}")
        data, self._rest = self._rest + data, b""
        while data and self._begin(data):
            unpacked = self._unpack(data)
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            while unpacked:
                yield unpacked
                full = len(unpacked) == _LARGEST_PIECE and not data and not self._stream.eof
                unpacked = self._unpack(b"") if full else b""

    def _begin(self, data: bytes) -> bool:
        """Begin the body, or the next member of a gzip body. False if `data` is too short to tell, or follows the end.

        Browsers, too, ignore what follows the end.
        """
        if self._stream is not None and not self._stream.eof:
            return True
        if self._stream is not None and not (self._window == _WINDOWS["gzip"] and _GZIP_START.startswith(data[:2])):
            return False
        if len(data) < len(_GZIP_START):
            self._rest = data
            return False
        raw = self._window == _WINDOWS["deflate"] and not _has_zlib_header(data)
        self._stream = zlib.decompressobj(_RAW_DEFLATE if raw else self._window)
        return True

    def _unpack(self, data: bytes) -> bytes:
        try:
            unpacked: bytes = self._stream.decompress(data, _LARGEST_PIECE)
        except zlib.error as error:
            raise Undecodable(f"the compressed body is damaged: {error}") from None
        return unpacked

    def finish(self) -> None:
        """Raise Undecodable if the body was cut off; an empty body is whole."""
        if not self._stream.eof if self._stream is not None else self._rest:
            raise Undecodable("the compressed body is cut off")


def _has_zlib_header(data: bytes) -> bool:
    return data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2], "big") % 31 == 0

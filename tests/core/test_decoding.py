"""Compressed bodies: unpacked to what was packed, in small pieces; never more than a little memory at once."""

from __future__ import annotations

import gzip
import re
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client import CozeError
from coze_client.core import http
from coze_client.core.decoding import Undecodable, decoder_for
from tests.support.clients import Driver
from tests.support.scripted_server import Line, ScriptedServer

RAW_DEFLATE = -15


def deflate(data: bytes, window: int = zlib.MAX_WBITS) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    " GZIP , identity": gzip.compress,
    "deflate": deflate,
    "Deflate": lambda data: deflate(data, RAW_DEFLATE),
}


def unpacked(encoding: str, pieces: list[bytes]) -> bytes:
    decoder = decoder_for(encoding, 200)
    assert decoder is not None
    found = b"".join(part for piece in pieces for part in decoder.feed(piece))
    decoder.finish()
    return found


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("encoding", PACKERS)
@given(data=st.binary(max_size=300), repeat=st.sampled_from([1, 3000]), size=st.integers(1, 5000))
def test_what_was_packed_comes_out_however_the_pieces_are_cut(
    encoding: str, data: bytes, repeat: int, size: int
) -> None:
    packed = PACKERS[encoding](data * repeat)
    assert unpacked(encoding, cut(packed, size)) == data * repeat


@given(data=st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=4), size=st.integers(1, 200))
def test_members_of_a_gzip_body_are_joined_and_what_follows_them_is_ignored(data: list[bytes], size: int) -> None:
    packed = b"".join(map(gzip.compress, data))
    assert unpacked("gzip", cut(packed, size)) == b"".join(data)
    assert unpacked("gzip", cut(packed + b"\0\0\0", size)) == b"".join(data)


@pytest.mark.parametrize("encoding", PACKERS)
@given(data=st.binary(min_size=1, max_size=300), end=st.integers(1, 10_000), size=st.integers(1, 400))
def test_a_body_that_is_cut_off_is_never_whole(encoding: str, data: bytes, end: int, size: int) -> None:
    packed = PACKERS[encoding](data)
    with pytest.raises(Undecodable):
        unpacked(encoding, cut(packed[: -(end % (len(packed) - 1)) - 1 or 1], size))


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@given(data=st.binary(min_size=1, max_size=300))
def test_a_body_that_is_not_packed_as_it_says_is_undecodable_or_what_zlib_reads(encoding: str, data: bytes) -> None:
    with suppress(Undecodable):
        unpacked(encoding, [data])


@pytest.mark.parametrize("header", ["", "identity", " identity , "])
def test_a_body_without_an_encoding_has_no_decoder(header: str) -> None:
    assert decoder_for(header, 200) is None


UNREADABLE = ["br", "zstd", "gzip, gzip", "deflate, gzip", "gzip, br", "compress", "no-such-thing", "gzip," * 1000]


@pytest.mark.parametrize("header", UNREADABLE)
def test_an_encoding_that_is_not_read_is_refused_but_an_errors_status_is_kept(header: str) -> None:
    with pytest.raises(Undecodable, match="does not read"):
        unpacked(header, [b"x"])
    assert decoder_for(header, 502) is None


@cache
def bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    blanks = b" " * (1 << 20)
    return b"".join(packer.compress(blanks) for _ in range(size >> 20)) + packer.flush()


def answer(packed: bytes, encoding: str, kind: str, status: str = "200 OK") -> Any:
    def send(line: Line) -> None:
        line.read_request()
        line.send(
            f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Encoding: {encoding}\r\n"
            f"Content-Length: {len(packed)}\r\n\r\n".encode()
            + packed
        )
        line.read_request()

    return send


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_bomb_takes_little_memory_and_ends_in_our_error(
    wire: Driver, kind: str, layers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 2 << 20
    monkeypatch.setattr(http, "_LARGEST_BODY", limit)
    packed = bomb(100 << 20)
    for _ in range(layers - 1):
        packed = gzip.compress(packed)
    encoding = ", ".join(["gzip"] * layers)

    def ask() -> None:
        if kind == "application/json":
            wire.run(client.files.retrieve(file_id="1"))
        else:
            wire.collect(client.chats.stream(bot_id="1", user_id="u"))

    with ScriptedServer(answer(packed, encoding, kind)) as server:
        client = wire.client("t" * 20, base_url=server.url, retry=None, max_event_bytes=limit)
        tracemalloc.start()
        try:
            with pytest.raises(CozeError) as failed:
                ask()
            assert re.search(r"larger than|longer than|unpacked", f"{failed.value} {failed.value.__cause__}")
            assert tracemalloc.get_traced_memory()[1] < 8 * limit
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip"])
def test_an_error_in_an_encoding_that_is_not_read_keeps_its_status(wire: Driver, encoding: str) -> None:
    with ScriptedServer(answer(b"\x0b\x02\x80", encoding, "text/html", "502 Bad Gateway")) as server:
        client = wire.client("t" * 20, base_url=server.url, retry=None)
        with pytest.raises(CozeError) as failed:
            wire.run(client.files.retrieve(file_id="1"))
    assert failed.value.status == 502

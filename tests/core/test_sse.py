"""The grammar of event streams, with every recorded stream and every way to cut it into pieces."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coze_client.core.sse import Decoder, ServerSentEvent
from coze_client.errors import ProtocolError

STREAMS = sorted((Path(__file__).parent.parent / "data" / "streams").glob("*.sse"))


def decode(*pieces: bytes, limit: int = 1 << 20) -> list[ServerSentEvent]:
    decoder = Decoder(limit)
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.finish()


def pairs(*pieces: bytes) -> list[tuple[str, bytes]]:
    return [(event.event, event.data) for event in decode(*pieces)]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"event:a\ndata:1\n\n", [("a", b"1")]),
        (b"event: a\ndata: 1\n\n", [("a", b"1")]),
        (b"event:a\ndata:  two spaces\n\n", [("a", b" two spaces")]),
        (b"event:a\r\ndata:1\r\n\r\n", [("a", b"1")]),
        (b"event:a\rdata:1\r\r", [("a", b"1")]),
        (b"event:a\r\ndata:1\n\r\nevent:b\ndata:2\r\r\n", [("a", b"1"), ("b", b"2")]),
        (b"\xef\xbb\xbfevent:a\ndata:1\n\n", [("a", b"1")]),
        (b"\n\n\nevent:a\ndata:1\n\n\n\n", [("a", b"1")]),
        (b": a comment\n\n:another\nevent:a\n:in between\ndata:1\n\n", [("a", b"1")]),
        (b"event:a\ndata:1\ndata:2\ndata\ndata:3\n\n", [("a", b"1\n2\n\n3")]),
        (b"data:1\nevent:a\n\n", [("a", b"1")]),
        (b"event:a\ndata:\n\n", [("a", b"")]),
        (b"event:a\ndata\n\n", [("a", b"")]),
        (b"event:a\n\n", [("a", b"")]),
        (b"data:1\n\n", [("", b"1")]),
        (b"unknown:field\nevent:a\nunknown\ndata:1\n\n", [("a", b"1")]),
        (b"event:a\ndata:1", [("a", b"1")]),
        (b"event:a\ndata:1\nevent:b\ndata:2\n\n", [("a", b"1"), ("b", b"2")]),
        (b"event:a\nevent:b\ndata:2\n\n", [("b", b"2")]),
        (
            b'event:a\ndata:"\xe2\x80\xa8 \xc2\x85 \x0c \x0b \x1c"\n\n',
            [("a", b'"\xe2\x80\xa8 \xc2\x85 \x0c \x0b \x1c"')],
        ),
        (b"", []),
        (b"\n", []),
        (b":only a comment\n\n", []),
    ],
)
def test_the_grammar_of_event_streams(stream: bytes, events: list[tuple[str, bytes]]) -> None:
    assert pairs(stream) == events
    assert pairs(*(bytes([byte]) for byte in stream)) == events


def test_the_last_id_and_retry_stay_until_they_change() -> None:
    events = decode(b"id: 7\nretry: 1500\nevent:a\ndata:1\n\nevent:a\ndata:2\n\nid\nretry: soon\nevent:a\ndata:3\n\n")
    assert [(event.id, event.retry) for event in events] == [("7", 1500), ("7", 1500), ("", 1500)]


def test_an_id_with_a_null_byte_is_ignored() -> None:
    assert decode(b"id: 1\ndata:a\n\nid: 2\x00\ndata:b\n\n")[1].id == "1"


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_every_recorded_stream_gives_the_same_events_however_it_is_cut_in_two(path: Path) -> None:
    stream = path.read_bytes()
    whole = decode(stream)
    assert whole or not stream
    for cut in range(len(stream) + 1):
        assert decode(stream[:cut], stream[cut:]) == whole


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_every_recorded_stream_gives_the_same_events_in_pieces_of_any_size(path: Path, size: int) -> None:
    stream = path.read_bytes()
    assert decode(*(stream[at : at + size] for at in range(0, len(stream), size))) == decode(stream)


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_every_recorded_stream_gives_the_same_events_with_any_line_ending(path: Path, ending: bytes) -> None:
    stream = path.read_bytes().replace(b"\r\n", b"\n")
    assert decode(stream.replace(b"\n", ending)) == decode(stream)


LINES = st.lists(
    st.sampled_from(
        [
            b"event:a",
            b"event: b",
            b"data:1",
            b"data: {}",
            b"data",
            b"id: 3",
            b":c",
            b"x:y",
            b"",
            b"",
            b"data:\xe2\x80\xa8",
            b"event:a\ndata:1\n",
            b"event:a\ndata:2\n",
        ]
    ),
    max_size=14,
)


@settings(max_examples=400, deadline=None)
@given(LINES, st.lists(st.sampled_from([b"\n", b"\r\n", b"\r"]), min_size=14, max_size=14), st.randoms())
def test_pieces_do_not_matter(lines: list[bytes], endings: list[bytes], chance: object) -> None:
    stream = b"".join(line + ending for line, ending in zip(lines, endings, strict=False))
    cuts = sorted(chance.randint(0, len(stream)) for _ in range(5))  # type: ignore[attr-defined]  # a random.Random
    edges = [0, *cuts, len(stream)]
    pieces = [stream[start:end] for start, end in itertools.pairwise(edges)]
    assert decode(*pieces) == decode(stream)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_nonsense_never_crashes_the_decoder(nonsense: bytes) -> None:
    assert decode(nonsense) == decode(*(bytes([byte]) for byte in nonsense))


@pytest.mark.parametrize("size", [1, 10, 5000])
def test_an_event_longer_than_the_limit_is_refused_however_it_comes(size: int) -> None:
    stream = b"event:a\ndata:" + b"x" * 1000 + b"\n\n"
    with pytest.raises(ProtocolError, match="longer than 500 bytes"):
        decode(*(stream[at : at + size] for at in range(0, len(stream), size)), limit=500)


@pytest.mark.parametrize("size", [1, 7, 16, 90, 10**6])
def test_a_long_stream_of_short_events_is_under_the_limit_however_it_comes(size: int) -> None:
    stream = b"event:a\ndata:1\n\n" * 1000
    assert len(decode(*(stream[at : at + size] for at in range(0, len(stream), size)), limit=100)) == 1000


def test_what_is_no_stream_at_all_is_kept_for_the_error() -> None:
    decoder = Decoder()
    assert decoder.feed(b'{"code":4000,') == []
    assert decoder.feed(b'"msg":"no"}') == []
    assert decoder.finish() == []
    assert decoder.stray == b'{"code":4000,"msg":"no"}'

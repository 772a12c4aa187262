"""Files that calls return: bytes as they come, errors in their place, whole or an error; and forms with a file."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from coze_client import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    CozeError,
    ProtocolError,
    TimedOut,
    Timeout,
)
from coze_client.core.byte_stream import byte_stream
from coze_client.core.new_file import NewFile
from coze_client.core.request import Kind, Request
from coze_client.core.resource import ConcurrencyT, Resource, events
from coze_client.core.response import read_file
from coze_client.core.stream import Events
from tests.support.clients import AsyncioDriver, BlockingDriver, Driver
from tests.support.operations import parts_of
from tests.support.scripted_server import Line, ScriptedServer, json_answer

SOUND = bytes(range(256)) * 400
REFUSED = b'{"code":4100,"msg":"authentication is invalid","detail":{"logid":"L7"}}'


class Sounds(Resource[ConcurrencyT]):
    """A resource whose one call returns a file."""

    @events
    def load(self) -> Events[Any, Any]:
        return byte_stream(Request("POST", "/v1/sound", read_file, kind=Kind.START, binary=True))


def load(client: Any) -> Any:
    return Sounds(client._session, client._concurrency).load()


async def _aiterate(stream: Any) -> bytes:
    async with stream:
        return b"".join([piece async for piece in stream])


def _iterate(stream: Any) -> bytes:
    with stream:
        return b"".join(stream)


def iterated(driver: Driver, stream: Any, _: Path) -> bytes:
    return bytes(driver.run(_aiterate(stream) if isinstance(driver, AsyncioDriver) else _iterate(stream)))


def read_whole(driver: Driver, stream: Any, _: Path) -> bytes:
    return bytes(driver.run(stream.read()))


def saved(driver: Driver, stream: Any, path: Path) -> bytes:
    assert driver.run(stream.to_file(path)) == path
    return path.read_bytes()


WAYS: dict[str, Callable[[Driver, Any, Path], bytes]] = {"iterated": iterated, "read": read_whole, "saved": saved}
way = pytest.mark.parametrize("receive", WAYS.values(), ids=WAYS)


def head(length: int | None, content_type: str = "audio/mpeg", more: str = "") -> bytes:
    size = "Transfer-Encoding: chunked\r\n" if length is None else f"Content-Length: {length}\r\n"
    return f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n{size}{more}\r\n".encode()


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def answering(*pieces: bytes) -> Callable[[Line], None]:
    def serve(line: Line) -> None:
        if line.read_request():
            for piece in pieces:
                line.send(piece)

    return serve


PACKED = gzip.compress(SOUND)
WHOLE = {
    "with its length": (head(len(SOUND)), SOUND),
    "in chunks": (head(None), chunked(SOUND[:3], SOUND[3:]), b"0\r\n\r\n"),
    "packed": (head(len(PACKED), more="Content-Encoding: gzip\r\n"), PACKED),
    "of an unnamed kind": (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(SOUND), SOUND),
    "as plain bytes": (head(len(SOUND), "application/octet-stream"), SOUND),
}


@way
@pytest.mark.parametrize("pieces", WHOLE.values(), ids=WHOLE)
def test_a_file_arrives_whole_whichever_way_it_is_sent_and_read(
    wire: Driver, tmp_path: Path, pieces: tuple[bytes, ...], receive: Callable[[Driver, Any, Path], bytes]
) -> None:
    with ScriptedServer(answering(*pieces)) as server:
        stream = load(wire.client("t", base_url=server.url))
        assert receive(wire, stream, tmp_path / "a.mp3") == SOUND
        assert stream.content_type in (b"".join(pieces)[:99]).decode("latin-1")


@pytest.mark.parametrize("begin", [b"{", b'{"', b'{"a', b'  {"code": 1'])
def test_sound_that_begins_like_json_is_sound(driver: Driver, tmp_path: Path, begin: bytes) -> None:
    sound = begin + SOUND
    with ScriptedServer(answering(head(len(sound)), sound[:1], sound[1:])) as server:
        assert read_whole(driver, load(driver.client("t", base_url=server.url)), tmp_path) == sound


ENDLESS = {
    name: f"HTTP/{version} 200 OK\r\nContent-Type: audio/wav\r\n{headers}\r\n".encode() + SOUND
    for name, version, headers in (
        ("closed", "1.1", "Connection: close\r\n"),
        ("closed among other things", "1.1", "Connection: x, Close\r\n"),
        ("without a word", "1.1", ""),
        ("told to be kept", "1.1", "Connection: keep-alive\r\n"),
        ("of HTTP/1.0", "1.0", ""),
        ("packed in nothing", "1.1", "Content-Encoding: identity\r\n"),
    )
}
"""Files whose end nothing marks: the connection is closed after them."""
ERRORS = {
    "as JSON": (json_answer(REFUSED), AuthenticationError),
    "as sound": (head(len(REFUSED)) + REFUSED, AuthenticationError),
    "with a status": (json_answer(REFUSED, "401 Unauthorized"), AuthenticationError),
    "a success without sound": (json_answer(), ProtocolError),
    "with a byte order mark": (head(len(REFUSED) + 3) + b"\xef\xbb\xbf" + REFUSED, AuthenticationError),
    "a web page": (head(6, "text/html") + b"<html>", ProtocolError),
    "a web page as sound": (head(18) + b" <!DOCTYPE html>\n<", ProtocolError),
    "nothing": (head(0), ProtocolError),
    "a redirect": (b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", ProtocolError),
}
BROKEN = {
    "cut by length": (head(len(SOUND)) + SOUND[:-1], ConnectionFailed),
    "cut in a chunk": (head(None) + b"ffff\r\n" + SOUND[:100], ConnectionFailed),
    "cut between chunks": (head(None) + chunked(SOUND[:100]), ConnectionFailed),
    "cut while packed": (head(len(PACKED) - 9, more="Content-Encoding: gzip\r\n") + PACKED[:-9], ConnectionFailed),
    "cut at once": (head(9), ConnectionFailed),
    **{f"perhaps cut, {name}": (endless, ConnectionFailed) for name, endless in ENDLESS.items()},
    "a part": (head(9).replace(b"200 OK", b"206 Partial Content") + SOUND[:9], ProtocolError),
}


@way
@pytest.mark.parametrize(("answer", "error"), {**ERRORS, **BROKEN}.values(), ids=[*ERRORS, *BROKEN])
def test_an_error_or_a_file_that_breaks_off_is_raised_and_leaves_no_file(
    wire: Driver, tmp_path: Path, answer: bytes, error: type[CozeError], receive: Callable[[Driver, Any, Path], bytes]
) -> None:
    with ScriptedServer(answering(answer)) as server:
        with pytest.raises(error) as raised:
            receive(wire, load(wire.client("t", base_url=server.url)), tmp_path / "a.mp3")
        sent = len(server.requests)
    assert list(tmp_path.iterdir()) == []
    assert "again" not in raised.value.cure.replace("before you call again", "")
    assert sent == 1


@pytest.mark.parametrize("length", [len(SOUND) + 1, len(SOUND) - 1])
@way
def test_another_number_of_bytes_than_announced_is_an_error_over_any_transport(
    driver: Driver, tmp_path: Path, length: int, receive: Callable[[Driver, Any, Path], bytes]
) -> None:
    class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield SOUND

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield SOUND

    def respond(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "audio/wav", "content-length": str(length)}, stream=Body())

    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(respond))
    with pytest.raises(ConnectionFailed, match=f"{len(SOUND)} of {length} bytes"):
        receive(driver, load(client), tmp_path / "a.wav")
    assert list(tmp_path.iterdir()) == []


@way
def test_the_deadline_ends_a_file_that_comes_slowly(
    wire: Driver, tmp_path: Path, receive: Callable[[Driver, Any, Path], bytes]
) -> None:
    def serve(line: Line) -> None:
        line.read_request()
        line.send(head(None))
        line.dribble([chunked(b"x")] * 500)

    with ScriptedServer(serve) as server:
        client = wire.client("t", base_url=server.url).options(timeout=Timeout(deadline=0.3))
        with pytest.raises(TimedOut, match=r"timeout.deadline \(0.3 s\)"):
            receive(wire, load(client), tmp_path / "a.mp3")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_sends_nothing(driver: Driver, tmp_path: Path) -> None:
    with ScriptedServer(answering()) as server:
        client = driver.client("t", base_url=server.url)
        with pytest.raises(FileNotFoundError, match=r"missing'$"):
            driver.run(load(client).to_file(tmp_path / "missing" / "a.mp3"))
        with pytest.raises(ConfigurationError, match="folder"):
            driver.run(load(client).to_file(tmp_path))
        with pytest.raises(ConfigurationError, match="device"):
            driver.run(load(client).to_file("/dev/null"))
        assert server.connections == 0


@pytest.mark.parametrize("name", ["音" * 82 + ".mp3", "a" * 250, ".hidden"])
def test_every_name_that_the_disk_takes_is_taken(driver: Driver, tmp_path: Path, name: str) -> None:
    with ScriptedServer(answering(head(len(SOUND)), SOUND)) as server:
        assert saved(driver, load(driver.client("t", base_url=server.url)), tmp_path / name) == SOUND
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_an_event_loop_does_not_wait_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: dict[str, int] = {}

    def noting_thread(step: Callable[..., Any]) -> Callable[..., Any]:
        def note_thread(*given: Any) -> Any:
            threads[step.__name__] = threading.get_ident()
            return step(*given)

        return note_thread

    monkeypatch.setattr(NewFile, "write", noting_thread(NewFile.write))
    monkeypatch.setattr(NewFile, "finish", noting_thread(NewFile.finish))
    with ScriptedServer(answering(head(len(SOUND)), SOUND)) as server:
        driver = AsyncioDriver()
        assert saved(driver, load(driver.client("t", base_url=server.url)), tmp_path / "a.mp3") == SOUND
        driver.close()
    assert sorted(threads) == ["finish", "write"]
    assert threading.get_ident() not in threads.values()


def test_a_file_that_is_there_stays_until_the_new_one_is_whole(driver: Driver, tmp_path: Path) -> None:
    old, link = tmp_path / "a.mp3", tmp_path / "link.mp3"
    old.write_bytes(b"old")
    old.chmod(0o640)
    link.symlink_to(old)
    with ScriptedServer(answering(BROKEN["cut by length"][0])) as server, pytest.raises(ConnectionFailed):
        driver.run(load(driver.client("t", base_url=server.url)).to_file(link))
    assert old.read_bytes() == b"old"
    with ScriptedServer(answering(*WHOLE["in chunks"])) as server:
        driver.run(load(driver.client("t", base_url=server.url)).to_file(link))
    assert (old.read_bytes(), link.is_symlink(), old.stat().st_mode & 0o777) == (SOUND, True, 0o640)


def test_what_was_read_in_part_is_not_handed_out_as_a_whole(driver: Driver, tmp_path: Path) -> None:
    with ScriptedServer(answering(*WHOLE["in chunks"])) as server:
        client = driver.client("t", base_url=server.url)
        stream = load(client)
        assert driver.run(anext(stream) if isinstance(driver, AsyncioDriver) else next(stream))
        for receive in (read_whole, saved):
            with pytest.raises(CozeError, match="read already"):
                receive(driver, stream, tmp_path / "a.mp3")
        driver.run(stream.close())
        with pytest.raises(CozeError, match="closed"):
            read_whole(driver, stream, tmp_path)
        assert (len(server.requests), list(tmp_path.iterdir())) == (1, [])


def test_an_entered_stream_is_read_without_a_second_request(driver: Driver, tmp_path: Path) -> None:
    async def enter(stream: Any) -> bytes:
        async with stream:
            assert stream.content_type == "audio/mpeg"
            return bytes(await stream.read())

    def enter_blocking(stream: Any) -> bytes:
        with stream:
            assert stream.content_type == "audio/mpeg"
            return bytes(stream.read())

    with ScriptedServer(answering(*WHOLE["in chunks"])) as server:
        stream = load(driver.client("t", base_url=server.url))
        whole = driver.run(enter(stream) if isinstance(driver, AsyncioDriver) else enter_blocking(stream))
        assert (whole, len(server.requests)) == (SOUND, 1)


def _send_then_wait(arrived: threading.Event) -> Callable[[Line], None]:
    def serve(line: Line) -> None:
        line.read_request()
        line.send(head(len(SOUND)) + SOUND[:1000])
        line.wait_until_delivered()
        arrived.set()
        line.wait()

    return serve


def test_closing_from_another_thread_ends_a_save_with_an_error(tmp_path: Path) -> None:
    arrived, driver = threading.Event(), BlockingDriver()
    with ScriptedServer(_send_then_wait(arrived)) as server:
        stream = load(driver.client("t", base_url=server.url))
        closing = threading.Thread(target=lambda: arrived.wait(10) and stream.close())
        closing.start()
        with pytest.raises(CozeError, match="closed before"):
            stream.to_file(tmp_path / "a.mp3")
        closing.join()
    assert list(tmp_path.iterdir()) == []
    driver.close()


def test_a_cancelled_save_leaves_no_file(tmp_path: Path) -> None:
    arrived, driver = threading.Event(), AsyncioDriver()

    async def cancel(stream: Any) -> None:
        saving = asyncio.ensure_future(stream.to_file(tmp_path / "a.mp3"))
        await asyncio.to_thread(arrived.wait, 10)
        saving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await saving

    with ScriptedServer(_send_then_wait(arrived)) as server:
        driver.run(cancel(load(driver.client("t", base_url=server.url))))
    assert list(tmp_path.iterdir()) == []
    driver.close()


def test_a_large_file_is_saved_in_little_memory(driver: Driver, tmp_path: Path) -> None:
    piece, count = bytes(64 * 1024), 640

    def serve(line: Line) -> None:
        if line.read_request():
            line.send(head(len(piece) * count))
            for _ in range(count):
                line.send(piece)

    with ScriptedServer(serve) as server:
        stream = load(driver.client("t", base_url=server.url))
        tracemalloc.start()
        path = driver.run(stream.to_file(tmp_path / "a.wav"))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert path.stat().st_size == len(piece) * count
    assert peak < path.stat().st_size / 5


# --- client.request ---


def test_a_request_of_any_endpoint_returns_the_bytes_of_a_file(wire: Driver) -> None:
    with ScriptedServer(answering(*WHOLE["with its length"])) as server:
        client = wire.client("t", base_url=server.url)
        answer = wire.run(client.request("POST", "/v1/audio/speech", json={"input": "hi"}))
    assert answer == {"content": SOUND, "content_type": "audio/mpeg"}


@pytest.mark.parametrize("answer", [ERRORS[name][0] for name in ("as JSON", "as sound", "a web page", "nothing")])
def test_a_request_of_any_endpoint_raises_the_error_in_place_of_a_file(driver: Driver, answer: bytes) -> None:
    with ScriptedServer(answering(answer)) as server, pytest.raises(CozeError):
        driver.run(driver.client("t", base_url=server.url).request("POST", "/v1/audio/speech", json={}))


@pytest.mark.parametrize("answer", ENDLESS.values(), ids=ENDLESS)
def test_a_request_of_any_endpoint_returns_no_file_that_may_be_cut(wire: Driver, answer: bytes) -> None:
    with ScriptedServer(answering(answer)) as server, pytest.raises(ConnectionFailed, match="no length"):
        wire.run(wire.client("t", base_url=server.url).request("POST", "/v1/audio/speech", json={}))


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"files": {"file": ("a.wav", b"RIFF")}}, {"file": ("a.wav", b"RIFF")}),
        (
            {"files": {"sound": b"RIFF"}, "form": {"name": "ä"}},
            {"name": (None, "ä".encode()), "sound": ("file", b"RIFF")},
        ),
        ({"form": {"name": ""}}, {"name": (None, b"")}),
    ],
)
def test_a_form_and_a_file_arrive_as_parts(
    driver: Driver, given: Mapping[str, Any], sent: dict[str, tuple[str | None, bytes]]
) -> None:
    seen: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, text=json.dumps({"code": 0, "data": {"text": "hi"}}))

    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(respond))
    assert driver.run(client.request("PUT", "/v1/any", **given))["data"] == {"text": "hi"}
    assert parts_of(seen[0]) == sent


@pytest.mark.parametrize(
    "given", [{"json": {}, "form": {"a": "b"}}, {"files": {"a": b"1", "b": b"2"}}, {"files": {"a": ("n", 7)}}]
)
def test_a_request_that_cannot_be_sent_is_refused(driver: Driver, given: Mapping[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        driver.run(driver.client("t", base_url="http://coze").request("POST", "/v1/any", **given))

"""Files: uploads from every source, named by their content, streamed from disk, and never sent twice."""

from __future__ import annotations

import io
import os
import tempfile
import threading
import tracemalloc
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client import ConfigurationError, ConnectionFailed, CozeError, InvalidRequest, RateLimited, ServerError
from coze_client.api.files.requests import open_upload
from coze_client.core.media import detect_extension, extension_of, fix_extension, mime_of
from coze_client.emulator import Emulator, faults
from coze_client.emulator.protocol.fault import Fault
from tests.support.clients import AsyncioDriver, ConnectedClient, Driver

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
UNKNOWN = "application/octet-stream"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(1000)
HEADS = {
    ".png": PNG[:64],
    ".jpg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    ".gif": b"GIF89a\1\0",
    ".webp": b"RIFF\0\0\0\0WEBPVP8 ",
    ".bmp": b"BM\1\2\3\4\0\0\0\0",
    ".pdf": b"%PDF-1.7",
    ".wav": b"RIFF\0\0\0\0WAVEfmt ",
    ".mp3": b"ID3\4\0",
    ".ogg": b"OggS\0\2",
    ".flac": b"fLaC\0",
    ".m4a": b"\0\0\0\x20ftypM4A ",
    ".mp4": b"\0\0\0\x20ftypisom",
    ".webm": b"\x1aE\xdf\xa3",
    ".zip": b"PK\3\4",
    ".doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
}


class Receiver:
    """A server that parses uploads and records what arrived."""

    def __init__(self, *failures: httpx.Response | Exception) -> None:
        self.failures = list(failures)
        self.names: list[str] = []
        self.types: list[str] = []
        self.contents: list[bytes] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        boundary = request.headers["content-type"].partition("boundary=")[2].encode()
        parts = request.content.split(b"--" + boundary)
        assert len(parts) == 3, "one part, and nothing else"
        head, _, content = parts[1].partition(b"\r\n\r\n")
        fields = head.decode().split("\r\n")
        assert 'name="file"' in fields[1]
        self.names.append(fields[1].partition('filename="')[2].rstrip('"'))
        self.types.append(fields[2].partition(": ")[2])
        self.contents.append(content.removesuffix(b"\r\n"))
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        return httpx.Response(200, json={"code": 0, "data": {"id": "7", "bytes": len(self.contents[-1])}})

    def client(self, driver: Driver) -> Any:
        return driver.client("t", base_url="http://coze", transport=httpx.MockTransport(self))


def uploaded(driver: Driver, file: Any, name: str | None = None) -> tuple[str, str, bytes]:
    """The name, type and content with which a file arrives."""
    receiver = Receiver()
    driver.run(receiver.client(driver).files.upload(file, name=name))
    return receiver.names[0], receiver.types[0], receiver.contents[0]


# --- where files come from ---


def test_a_file_may_be_a_path_bytes_or_an_open_file(driver: Driver, tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    expected = ("cat.png", "image/png", PNG)
    assert uploaded(driver, path) == expected
    assert uploaded(driver, str(path)) == expected
    with path.open("rb") as opened:
        assert uploaded(driver, opened) == expected
        assert not opened.closed
    assert uploaded(driver, PNG, "cat.png") == expected
    assert uploaded(driver, bytearray(PNG), "cat.png") == expected
    assert uploaded(driver, memoryview(PNG), "cat.png") == expected
    assert uploaded(driver, io.BytesIO(PNG), "cat.png") == expected


def test_an_open_file_is_sent_from_its_beginning(driver: Driver) -> None:
    file = io.BytesIO(PNG)
    file.read(500)
    assert uploaded(driver, file)[2] == PNG


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_pipe_is_sent_as_it_comes_and_named_by_its_content(driver: Driver, size: int) -> None:
    content = PNG[:8] + bytes(size)
    reader, writer = os.pipe()

    def write() -> None:
        with os.fdopen(writer, "wb") as end:
            end.write(content)

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reader, "rb") as end:
        assert uploaded(driver, end) == ("file.png", "image/png", content)
    thread.join()


def test_a_pipe_reaches_a_real_server_whole(coze: ConnectedClient) -> None:
    reader, writer = os.pipe()
    os.write(writer, PNG)
    os.close(writer)
    with os.fdopen(reader, "rb") as end:
        file = coze.run(coze.client.files.upload(end, name="cat.png"))
    assert (file.bytes, file.file_name) == (len(PNG), "cat.png")


def test_an_upload_can_be_looked_up(coze: ConnectedClient) -> None:
    file = coze.run(coze.client.files.upload(PNG, name="cat.png"))
    assert (file.bytes, file.file_name) == (len(PNG), "cat.png")
    assert coze.run(coze.client.files.retrieve(file_id=file.id)) == file


def test_a_self_hosted_studio_takes_uploads_and_tells_their_url(driver: Driver) -> None:
    with Emulator(dialect="studio") as emulator:
        coze: ConnectedClient = ConnectedClient(driver, emulator)
        file = coze.run(coze.client.files.upload(PNG, name="cat.png"))
        assert file.url
        assert file.created_at
        with pytest.raises(CozeError, match="self-hosted"):
            coze.run(coze.client.files.retrieve(file_id=file.id))


# --- refused before anything is sent ---


def text_file() -> Any:
    return tempfile.NamedTemporaryFile("w+", suffix=".txt")


@pytest.mark.parametrize("make", [lambda: io.StringIO("text"), text_file], ids=["StringIO", "temporary file"])
def test_a_file_that_is_open_as_text_is_refused_with_the_cure(driver: Driver, make: Any) -> None:
    receiver = Receiver()
    with make() as file:
        file.write("some text")
        file.flush()
        with pytest.raises(ConfigurationError, match='"rb"'):
            driver.run(receiver.client(driver).files.upload(file))
    assert receiver.contents == []


@pytest.mark.parametrize("file", [b"", io.BytesIO()], ids=["bytes", "file"])
def test_an_empty_file_is_refused(driver: Driver, file: Any) -> None:
    with pytest.raises(ConfigurationError, match="4300"):
        driver.run(Receiver().client(driver).files.upload(file))


def test_an_empty_pipe_is_refused(driver: Driver) -> None:
    with piped(b"") as end, pytest.raises(ConfigurationError, match="4300"):
        driver.run(Receiver().client(driver).files.upload(end))


def test_an_empty_path_is_refused(driver: Driver, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(ConfigurationError, match="4300"):
        driver.run(Receiver().client(driver).files.upload(tmp_path / "empty"))


def test_a_file_larger_than_coze_takes_is_refused_without_reading_it(driver: Driver, tmp_path: Path) -> None:
    path = tmp_path / "huge.bin"
    with path.open("wb") as file:
        file.truncate(512 * 1024 * 1024 + 1)  # sparse: it takes no room
    with pytest.raises(ConfigurationError, match="512 MB"):
        driver.run(Receiver().client(driver).files.upload(path))


@pytest.mark.parametrize("over", [0, 1])
def test_a_file_of_exactly_what_coze_takes_is_no_larger(over: int, tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(512 * 1024 * 1024 + over)
    with (
        pytest.raises(ConfigurationError, match="512 MB") if over else nullcontext(),
        open_upload(path, None) as upload,
    ):
        assert upload.name == "large.bin"


@pytest.mark.parametrize(
    ("given", "name"), [("<stdin>", "file"), ("/a/b.txt", "b.txt"), (7, "file"), (None, "file"), ("a<b>", "a<b>")]
)
def test_a_file_object_has_the_name_of_its_file_and_no_name_of_a_descriptor(given: object, name: str) -> None:
    file = io.BytesIO(b"text")
    file.name = given
    with open_upload(file, None) as upload:
        assert upload.name == name


@pytest.mark.parametrize("file", [None, 7, ["a"], object()], ids=["None", "int", "list", "object"])
def test_what_is_no_file_is_refused(driver: Driver, file: Any) -> None:
    with pytest.raises(ConfigurationError, match="path, bytes or"):
        driver.run(Receiver().client(driver).files.upload(file))


def test_a_path_that_cannot_be_read_is_the_systems_error(driver: Driver, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        driver.run(Receiver().client(driver).files.upload(tmp_path / "absent"))
    with pytest.raises(OSError, match="directory"):
        driver.run(Receiver().client(driver).files.upload(tmp_path))


# --- names ---


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("cat.png", "cat.png"),
        ("CAT.PNG", "CAT.PNG"),
        ("cat", "cat.png"),
        ("cat.txt", "cat.png"),
        ("/home/ada/cat.jpg", "cat.png"),
        ("C:\\Users\\ada\\cat.jpg", "cat.png"),
        ("träin 😀.jpeg", "träin 😀.png"),
        ("", "file.png"),
    ],
)
def test_an_extension_is_fixed_where_it_lies_and_a_name_loses_its_folders(given: str, name: str) -> None:
    assert fix_extension(given, PNG) == name


@pytest.mark.parametrize("extension", HEADS)
def test_a_files_first_bytes_prove_what_it_is(extension: str) -> None:
    assert detect_extension(HEADS[extension]) == extension
    assert fix_extension(f"file{extension}", HEADS[extension]) == f"file{extension}"
    assert fix_extension("file.txt", HEADS[extension]) == f"file{extension}"


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("photo.jpeg", HEADS[".jpg"]),
        ("report.docx", HEADS[".zip"]),
        ("sheet.xlsx", HEADS[".zip"]),
        ("old.xls", HEADS[".doc"]),
        ("clip.mov", HEADS[".mp4"]),
        ("voice.opus", HEADS[".ogg"]),
        ("voice.m4a", HEADS[".m4a"]),
        ("notes.txt", b"BMW is a car maker"),
        ("notes.md", b"ID3 tags and GIFs"),
        ("data", b"\0\1\2\3"),
        ("page.html", b"<html>"),
        ("sound.pcm", HEADS[".mp3"]),
        ("sound.raw", HEADS[".ogg"]),
    ],
)
def test_a_name_that_does_not_lie_stays(name: str, head: bytes) -> None:
    assert fix_extension(name, head) == name


@given(st.text(), st.binary(max_size=64) | st.sampled_from(sorted(HEADS.values())))
def test_any_name_becomes_one_without_folders(name: str, head: bytes) -> None:
    fixed = fix_extension(name, head)
    assert fixed
    assert "/" not in fixed
    assert "\\" not in fixed


def test_names_with_quotes_and_line_ends_stay_inside_their_field(driver: Driver) -> None:
    name, _, content = uploaded(driver, PNG, 'a"\r\nx: y.png')
    assert "\r" not in name
    assert "\n" not in name
    assert content == PNG


def test_types_and_extensions_are_derived_from_each_other() -> None:
    assert (mime_of("a.png"), mime_of("a.unheard_of")) == ("image/png", UNKNOWN)
    assert (mime_of("A.DOCX"), mime_of("a.tar.gz"), mime_of("name")) == (DOCX, "application/gzip", UNKNOWN)
    assert (extension_of(DOCX), extension_of("audio/mpeg"), extension_of("text/plain")) == (".docx", ".mp3", ".txt")
    assert (extension_of("image/png; q=1"), extension_of("IMAGE/PNG"), extension_of("x/y")) == (".png", ".png", "")


# --- sent once, in pieces ---


@pytest.mark.parametrize(
    ("failure", "kind", "sent"),
    [
        (httpx.Response(429), RateLimited, 3),
        (httpx.Response(500), ServerError, 1),
        (httpx.ReadError("broke"), ConnectionFailed, 1),
        (httpx.ConnectError("refused"), ConnectionFailed, 3),
        (httpx.Response(200, json={"code": 4303, "msg": "no"}), InvalidRequest, 1),
    ],
    ids=repr,
)
def test_an_upload_is_repeated_only_if_nothing_of_it_can_have_arrived(
    driver: Driver, failure: Any, kind: type[CozeError], sent: int, sleeps: list[float]
) -> None:
    receiver = Receiver(*[failure] * 3)
    with pytest.raises(kind):
        driver.run(receiver.client(driver).files.upload(io.BytesIO(PNG)))
    assert receiver.contents == [PNG] * sent


def piped(content: bytes) -> Any:
    """A pipe with this content, which cannot seek."""
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    return os.fdopen(reader, "rb")


def test_a_pipe_that_was_read_cannot_be_sent_again(driver: Driver, sleeps: list[float]) -> None:
    receiver = Receiver(httpx.Response(429))
    with piped(PNG) as end, pytest.raises(RateLimited):
        driver.run(receiver.client(driver).files.upload(end))
    assert receiver.contents == [PNG]


def test_a_pipe_that_was_not_read_yet_survives_a_connection_that_fails(driver: Driver, sleeps: list[float]) -> None:
    receiver = Receiver()
    tries: list[str] = []

    class Wakes(httpx.MockTransport):
        """Refuse the first connection."""

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            self._wake()
            return super().handle_request(request)

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            self._wake()
            return await super().handle_async_request(request)

        def _wake(self) -> None:
            tries.append("try")
            if len(tries) == 1:
                raise httpx.ConnectError("refused")

    client = driver.client("t", base_url="http://coze", transport=Wakes(receiver))
    with piped(PNG) as end:
        driver.run(client.files.upload(end))
    assert receiver.contents == [PNG]


@pytest.mark.parametrize("transport", [{}, {"transport": "aiohttp"}], ids=["httpx", "aiohttp"])
def test_a_large_file_is_streamed_from_disk_and_not_held(
    driver: Driver, emulator: Emulator, tmp_path: Path, transport: dict[str, Any]
) -> None:
    if transport and not isinstance(driver, AsyncioDriver):
        pytest.skip("aiohttp serves asyncio only")
    size = 48 * 1024 * 1024
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(size)
    client = driver.client(emulator.token, base_url=emulator.url, **transport)
    driver.run(client.files.upload(PNG))  # whatever is made once is made now
    tracemalloc.start()
    try:
        assert driver.run(client.files.upload(path)).bytes == size
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert held < size / 4


@pytest.mark.parametrize("fault", [faults.Coded(4302), faults.HttpStatus(413)], ids=repr)
def test_a_file_that_the_server_finds_too_large_is_reported(coze: ConnectedClient, fault: Fault) -> None:
    coze.emulator.inject(fault, path="/v1/files/upload")
    with pytest.raises(InvalidRequest, match="512 MB"):
        coze.run(coze.client.files.upload(PNG))

"""Attachments of a question: read strictly, uploaded once."""

from __future__ import annotations

import asyncio
import base64
from typing import Any
from urllib.parse import quote

import pytest

from coze_client import AsyncCozeClient, ConfigurationError, ConnectionFailed, File
from coze_client.api.files import attachments
from coze_client.api.files.attachments import Attachment, upload_each
from coze_client.bridge.chat.drafts import Draft, attach
from coze_client.core.concurrency import Blocking
from coze_client.core.upload import Upload
from tests.support.clients import ConnectedClient

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))


def attached(coze: ConnectedClient, drafts: list[Draft], client: Any = None) -> list[Any]:
    client = client or coze.client
    messages: list[Any] = coze.run(client._concurrency.run(attach(client._session, drafts)))
    return messages


def uploads(coze: ConnectedClient) -> int:
    return len(coze.emulator.calls_to("/v1/files/upload"))


@pytest.mark.parametrize(
    "url", ["/etc/passwd", "file:///etc/passwd", "C:\\secret.txt", "FILE:/etc/passwd", "ftp://a/b", ""]
)
def test_a_path_in_a_message_is_never_read(url: str) -> None:
    with pytest.raises(ConfigurationError, match="never read"):
        Attachment.from_url("image", url)


def test_a_data_uri_is_its_content_in_either_encoding() -> None:
    encoded = Attachment.from_url("image", f"data:image/png;base64,{base64.b64encode(PNG).decode()}")
    plain = Attachment.from_url("file", f"data:text/plain,{quote('grüezi')}")
    assert encoded == Attachment("image", PNG, "image.png")
    assert plain == Attachment("file", "grüezi".encode(), "file.txt")


@pytest.mark.parametrize("text", ["no base64 at all!", "aGVsb", "aGVs*bG8=", "aGVs-G8=aGVs", "aGVsbG8=?"])
def test_what_is_not_base64_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="base64"):
        Attachment.from_base64("audio", text)


def test_a_url_goes_as_it_is_and_content_is_uploaded(coze: ConnectedClient) -> None:
    parts = (Attachment.from_url("image", "https://a/b.png"), Attachment.from_bytes("image", PNG, "image/png"))
    (message,) = attached(coze, [Draft("user", "Look", parts)])
    text, by_url, by_id = message.decoded
    assert (text["text"], by_url["file_url"]) == ("Look", "https://a/b.png")
    assert by_id["file_id"].isdecimal()


def test_each_content_is_uploaded_once_a_client(coze: ConnectedClient) -> None:
    same, other = Attachment.from_bytes("image", PNG), Attachment.from_bytes("image", PNG + b"!")
    drafts = [Draft("user", "a", (same, same)), Draft("user", "b", (same, other))]
    first = attached(coze, drafts)
    again = attached(coze, drafts, coze.client.options(timeout=9))
    assert uploads(coze) == 2
    assert first == again


def test_a_file_of_one_account_is_never_named_in_a_message_of_another(coze: ConnectedClient) -> None:
    drafts = [Draft("user", "a", (Attachment.from_bytes("image", PNG),))]
    other = coze.client.options(token=coze.emulator.issue_token())
    (mine,), (theirs,) = attached(coze, drafts), attached(coze, drafts, other)
    assert uploads(coze) == 2
    assert mine.content != theirs.content


def test_an_upload_that_failed_is_tried_anew(coze: ConnectedClient) -> None:
    from coze_client.emulator import faults

    coze.emulator.inject(faults.HttpStatus(503), path="/v1/files/upload")
    drafts = [Draft("user", "a", (Attachment.from_bytes("image", PNG),))]
    with pytest.raises(Exception, match="503"):
        attached(coze, drafts)
    assert attached(coze, drafts)


def test_empty_content_is_refused_before_anything_is_sent(coze: ConnectedClient) -> None:
    with pytest.raises(ConfigurationError, match="empty"):
        attached(coze, [Draft("user", "a", (Attachment.from_bytes("file", b""),))])
    assert not uploads(coze)


def test_threads_that_send_the_same_picture_at_once_upload_it_once(emulator: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from coze_client import CozeClient

    drafts = [Draft("user", "a", (Attachment.from_bytes("image", PNG),))]
    with CozeClient(emulator.token, base_url=emulator.url) as client, ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda _: Blocking.run(attach(client._session, drafts)), range(8)))
    assert len({messages[0].content for messages in sent}) == 1
    assert len(emulator.calls_to("/v1/files/upload")) == 1


@pytest.mark.parametrize("mark", ["base64", "BASE64", "Base64", " base64 "])
@pytest.mark.parametrize("before", ["", ";charset=utf-8"])
def test_the_mark_of_base64_has_any_case(mark: str, before: str) -> None:
    found = Attachment.from_url("image", f"DATA:image/png{before};{mark},{base64.b64encode(PNG).decode()}")
    assert found == Attachment("image", PNG, "image.png")


@pytest.mark.parametrize("parameter", ["name=base64", "base64url", "x-base64"])
def test_what_only_looks_like_the_mark_of_base64_is_none(parameter: str) -> None:
    found = Attachment.from_url("file", f"data:text/plain;{parameter},aGVsbG8%3D")
    assert found.source == b"aGVsbG8="


class CountedUploads:
    """A session's ``send`` that counts the uploads that run at the same time."""

    def __init__(self) -> None:
        self.now = self.most = 0

    async def __call__(self, request: Any) -> File:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        if request.upload.name == "bad.txt":
            raise ConnectionFailed("broken")
        return File(id=request.upload.name)


async def test_four_uploads_run_at_a_time_and_leave_no_lock_even_if_one_fails(monkeypatch: Any) -> None:
    async with AsyncCozeClient("t", base_url="http://coze") as client:
        counted = CountedUploads()
        monkeypatch.setattr(client._session, "send", counted)
        contents = [Upload(f"{number}.txt", b"%d" % number) for number in range(12)]
        assert await upload_each(client._session, contents) == [upload.name for upload in contents]
        assert counted.most == 4
        with pytest.raises(ConnectionFailed):
            await upload_each(client._session, [Upload("bad.txt", b"bad")])
        assert not attachments._uploads_of(client._session).locks._locks

"""Attachments of messages: images, files and audio, by URL, by id, or uploaded by content.

A client remembers each uploaded content by its hash and uploads it only once. Text of a message is never used as a
path; otherwise, the author of a message could read files of this machine.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Literal, cast
from urllib.parse import unquote_to_bytes
from weakref import WeakKeyDictionary

from coze_client.api.files.requests import upload_request
from coze_client.core.credentials import Credentials
from coze_client.core.fork_lock import ForkSafeLock
from coze_client.core.http import Transport
from coze_client.core.media import HEAD_BYTES, extension_of, fix_extension
from coze_client.core.session import KeyedLocks, Session
from coze_client.core.upload import Upload
from coze_client.errors import ConfigurationError

Medium = Literal["image", "file", "audio"]

_AT_ONCE = 4
_uploads_lock = ForkSafeLock()


@dataclass(frozen=True)
class Attachment:
    """One image, file or audio: ``source`` is a public URL or the id of an uploaded file (str), or content (bytes)."""

    kind: Medium
    source: str | bytes
    name: str = ""

    @classmethod
    def at(cls, kind: Medium, url: str, name: str = "") -> Attachment:
        """From a URL: http(s), which Coze fetches, or ``data:``; raises ConfigurationError for any other."""
        scheme = url.partition(":")[0].lower()
        if scheme == "data":
            return _parse_data_uri(kind, url, name)
        if scheme not in ("http", "https"):
            raise ConfigurationError(
                f"{kind} is no http(s) or data: URL: {url[:40]!r}",
                cure="Paths and file:// URLs in messages are never read: give the file's bytes, or upload it first",
            )
        return cls(kind, url, name)

    @classmethod
    def encoded(cls, kind: Medium, text: str, mime_type: str = "", name: str = "") -> Attachment:
        """From content in base64, the form in frameworks' messages; raises ConfigurationError if it is not base64."""
        try:
            content = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            raise ConfigurationError(f"The content of {kind} is not valid base64") from None
        return cls.of(kind, content, mime_type, name)

    @classmethod
    def of(cls, kind: Medium, content: bytes, mime_type: str = "", name: str = "") -> Attachment:
        """From content; a missing name gets the extension of its type, because Coze reads the type from it."""
        return cls(kind, bytes(content), name or kind + extension_of(mime_type))

    @classmethod
    def uploaded(cls, kind: Medium, file_id: str) -> Attachment:
        """From the id of a file that this account uploaded."""
        return cls(kind, file_id)


async def upload_each(session: Session, contents: Sequence[Upload]) -> list[str]:
    """Upload contents (bytes) and return their file ids in order; at most four at a time, each once per client."""
    jobs = [partial(_upload_once, session, upload) for upload in contents]
    return await session.concurrency.gather(jobs, _AT_ONCE) if jobs else []


class _Uploads:
    """The uploads of one account over one client's connections: hash to file id, with one lock per content."""

    def __init__(self) -> None:
        self.ids: dict[bytes, str] = {}
        self.locks = KeyedLocks()


# Files are private to an account, and with ``options(token=…)`` several accounts share the connections.
_uploads: WeakKeyDictionary[Transport, list[tuple[Credentials, _Uploads]]] = WeakKeyDictionary()


def _uploads_of(session: Session) -> _Uploads:
    with _uploads_lock:
        owned = _uploads.setdefault(session.transport, [])
        for owner, uploads in owned:
            if owner == session.credentials:
                return uploads
        owned.append((session.credentials, _Uploads()))
        return owned[-1][1]


async def _upload_once(session: Session, upload: Upload) -> str:
    """Return the id of a file with this content; concurrent callers wait for one upload."""
    content = cast("bytes", upload.content)
    uploads, digest = _uploads_of(session), sha256(content).digest()
    key = (session.concurrency.scope(), digest.hex())
    lock = uploads.locks.join(key, session.concurrency.new_lock)
    try:
        await session.concurrency.acquire(lock, None)
        try:
            if digest not in uploads.ids:
                mended = Upload(fix_extension(upload.name, content[:HEAD_BYTES]), content)
                uploads.ids[digest] = (await session.send(upload_request(mended))).id
            return uploads.ids[digest]
        finally:
            lock.release()
    finally:
        uploads.locks.leave(key)


def _parse_data_uri(kind: Medium, url: str, name: str) -> Attachment:
    """Parse a data: URI (RFC 2397)."""
    head, _, data = url[len("data:") :].partition(",")
    mime_type, *marks = head.split(";")
    if "base64" in [mark.strip().lower() for mark in marks]:
        return Attachment.encoded(kind, unquote_to_bytes(data).decode("ascii", "replace"), mime_type, name)
    return Attachment.of(kind, unquote_to_bytes(data), mime_type, name)

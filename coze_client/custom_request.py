"""``client.request``: a call of an endpoint that has no method here, with JSON, a form or a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from coze_client.core.config import checked_headers
from coze_client.core.request import Kind, Request
from coze_client.core.response import read_anything
from coze_client.core.session import Session
from coze_client.core.upload import Upload
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.api.files.values import FileSource

    Files = Mapping[str, FileSource | tuple[str, FileSource]]


async def send_custom(
    session: Session,
    method: str,
    path: str,
    query: Mapping[str, str] | None = None,
    json: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    files: Files | None = None,
) -> Mapping[str, object]:
    """Send a request of any kind and return what it answers; see ``CozeClient.request``."""
    if not path.startswith("/"):
        raise ConfigurationError(f"path must begin with a slash and contain no host, like /v1/bots/123; it is {path!r}")
    if json is not None and (form or files):
        raise ConfigurationError("A request has either json, or form and files", cure="Give the texts as form=…")
    kind = Kind.READ if method.upper() in ("GET", "HEAD") else Kind.START
    custom = Request(
        method.upper(), path, read_anything, dict(query or {}), json, kind, checked_headers(headers or {}), form=form
    )
    with _opened(files) as upload:
        return await session.send(replace(custom, upload=upload))


@contextmanager
def _opened(files: Files | None) -> Iterator[Upload | None]:
    """The file to send, opened; no call of Coze takes more than one."""
    if not files:
        yield None
        return
    if len(files) > 1:
        raise ConfigurationError(f"A request takes one file, not {len(files)}: {', '.join(files)}")
    from coze_client.api.files.requests import open_upload  # loaded by the first upload

    ((field, given),) = files.items()
    name, file = given if isinstance(given, tuple) else (None, given)
    with open_upload(file, name) as upload:
        yield upload._replace(field=field)

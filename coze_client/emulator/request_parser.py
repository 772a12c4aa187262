"""Parse an HTTP request into the form that the handlers use."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.requests import Request as HttpRequest

from coze_client.emulator.protocol.request import Fields, IncomingRequest, UploadedPart
from coze_client.emulator.protocol.stream import to_json

LARGEST_KEPT = 10 * 1024 * 1024
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


async def parse_request(http: HttpRequest, values: Mapping[str, str]) -> tuple[IncomingRequest, object]:
    """Return the request, and its body in the form that `RecordedCall` keeps."""
    headers, query = dict(http.headers), Fields(dict(http.query_params))
    request = IncomingRequest(http.method, http.url.path, headers, values, query)
    content_type = headers.get("content-type", "")
    if content_type.startswith("multipart/form-data"):
        uploads, form = await _parts(http)
        return replace(request, uploads=uploads, form=Fields(form)), sum(upload.size for upload in uploads)
    raw = await http.body()
    # curl -d calls JSON a form, too
    if content_type.startswith("application/x-www-form-urlencoded") and not raw.startswith(b"{"):
        form = dict(parse_qsl(raw.decode(errors="replace")))
        return replace(request, form=Fields(form)), form
    body = _parse_json(raw)
    return replace(request, body=Fields(body if isinstance(body, dict) else {}), size=len(raw)), body


async def _parts(http: HttpRequest) -> tuple[tuple[UploadedPart, ...], dict[str, object]]:
    """Return the files and the texts of a multipart body; only small files are read."""
    async with http.form() as form:
        parts = form.multi_items()
        uploads = [await _upload(part, name) for name, part in parts if isinstance(part, UploadFile)]
        return tuple(uploads), {name: part for name, part in parts if isinstance(part, str)}


async def _upload(part: UploadFile, field: str) -> UploadedPart:
    size = part.size or 0
    return UploadedPart(part.filename or "", size, field, await part.read() if size <= LARGEST_KEPT else b"")


def _parse_json(raw: bytes) -> object:
    """Parse JSON, whatever the content type is; None for an empty body, the number of bytes for anything else."""
    try:
        body = json.loads(raw) if raw else None
        return _replace_surrogates(body) if SURROGATE.search(raw) else body
    except (ValueError, RecursionError):
        return len(raw)


def _replace_surrogates(body: object) -> object:
    """Replace each lone surrogate by U+FFFD, as Go does; no reply could encode it."""
    return json.loads(to_json(body).encode("utf-16", "surrogatepass").decode("utf-16", "replace"))

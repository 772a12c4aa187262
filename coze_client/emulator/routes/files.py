"""Files: upload and retrieve."""

from __future__ import annotations

from coze_client.emulator.protocol.refusal import Refusal
from coze_client.emulator.protocol.reply import Payload, Reply
from coze_client.emulator.protocol.request import Request
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.records import File

FIRST_FILE_ID = 7490000000000000001


async def upload(backend: Backend, request: Request) -> Reply:
    if len(request.uploads) > 1:
        raise Refusal(4301)
    part = next(iter(request.uploads), None)
    if part is None or not part.size:
        raise Refusal(4300)
    if part.size > backend.upload_limit:
        raise Refusal(4302)
    file = File(backend.state.new_id(File, FIRST_FILE_ID), request.account, part.file_name, part.size, backend.now)
    backend.state.save(file)
    return Payload(file.wire(backend.dialect))


async def retrieve(backend: Backend, request: Request) -> Reply:
    file = backend.state.get(File, request.query.text("file_id"))
    if file is None or file.account != request.account:
        raise Refusal(4200)
    return Payload(file.wire(backend.dialect))


ENDPOINTS = (
    Endpoint("POST", "/v1/files/upload", ("uploadFile",), upload),
    Endpoint("GET", "/v1/files/retrieve", ("retrieveFile",), retrieve),
)

"""Files: upload and retrieve."""

from __future__ import annotations

from coze_client.emulator.protocol.refusal import Refusal
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.records import StoredFile

FIRST_FILE_ID = 7490000000000000001


async def upload(backend: Backend, request: IncomingRequest) -> Reply:
    if len(request.uploads) > 1:
        raise Refusal(4301)
    part = next(iter(request.uploads), None)
    if part is None or not part.size:
        raise Refusal(4300)
    if part.size > backend.settings.upload_limit:
        raise Refusal(4302)
    file = StoredFile(
        backend.state.new_id(StoredFile, FIRST_FILE_ID), request.account, part.file_name, part.size, backend.now
    )
    backend.state.save(file)
    return JsonReply(file.wire(backend.dialect))


async def retrieve(backend: Backend, request: IncomingRequest) -> Reply:
    file = backend.state.get(StoredFile, request.query.text("file_id"))
    if file is None or file.account != request.account:
        raise Refusal(4200)
    return JsonReply(file.wire(backend.dialect))


ENDPOINTS = (
    Endpoint("POST", "/v1/files/upload", ("uploadFile",), upload),
    Endpoint("GET", "/v1/files/retrieve", ("retrieveFile",), retrieve),
)

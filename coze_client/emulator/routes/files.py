"""Routes of files: upload and retrieve."""

from __future__ import annotations

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.file_records import StoredFile, uploaded_file

FIRST_FILE_ID = 7490000000000000001


async def upload(backend: Backend, request: IncomingRequest) -> Reply:
    if len(request.uploads) > 1:
        raise ApiError(4301)
    part = next(iter(request.uploads), None)
    if part is None or not (part.size or backend.dialect.takes_empty_files):
        raise ApiError(4300)
    if part.size > backend.settings.upload_limit:
        raise ApiError(4302)
    file = StoredFile(
        backend.state.new_id(StoredFile, FIRST_FILE_ID), request.account, part.file_name, part.size, backend.now
    )
    backend.state.save(file)
    return JsonReply(file.describe(backend.dialect))


async def retrieve(backend: Backend, request: IncomingRequest) -> Reply:
    file = uploaded_file(backend.state, request.account, request.query.text("file_id"))
    if file is None:
        raise ApiError(4200)
    return JsonReply(file.describe(backend.dialect))


ENDPOINTS = (
    Endpoint("POST", "/v1/files/upload", ("uploadFile",), upload),
    Endpoint("GET", "/v1/files/retrieve", ("retrieveFile",), retrieve),
)

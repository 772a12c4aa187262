"""Routes of the rows of databases: insert, query, change and delete them, at once or as a task, and follow tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from coze_client.emulator.engine.row_selection import (
    known_field,
    read_filter,
    read_question,
    read_value,
    uses_lists,
)
from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.dialect import json_reply
from coze_client.emulator.protocol.reply import JsonReply, RawReply, Reply
from coze_client.emulator.protocol.request import Fields, IncomingRequest
from coze_client.emulator.routes.databases import database_of
from coze_client.emulator.routes.endpoint import Endpoint, Handler
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.bot_records import API_CHANNEL
from coze_client.emulator.state.database_records import (
    FIRST_ROW_ID,
    FIRST_TASK_ID,
    SHARED,
    TASK_LIFETIME,
    Row,
    StoredDatabase,
    StoredDatabaseTask,
    StoredRow,
)

MOST_ROWS = 1000


def _unless_lists(handler: Handler) -> Handler:
    """Answer 501 to filters with `in` and `not_in`, whose form nobody documents."""

    async def checked(backend: Backend, request: IncomingRequest) -> Reply:
        if uses_lists(Fields(request.body.mapping("filter"))):
            told = "the emulator does not serve the operations in and not_in of databases.records"
            return json_reply(501, {"code": 501, "msg": told})
        return await handler(backend, request)

    return checked


async def create(backend: Backend, request: IncomingRequest) -> Reply:
    database, body = database_of(backend, request), request.body
    rows = [_read_cells(each, database) for each in body.objects("insert_rows")]
    if not 1 <= len(rows) <= MOST_ROWS:
        raise ApiError(4000, f"insert_rows must be a list of 1 to {MOST_ROWS} rows")
    channel, user = _channel(body), body.optional("connector_uid") or ""
    for cells in rows:
        row_id = backend.state.new_id(StoredRow, FIRST_ROW_ID)
        backend.state.save(StoredRow(row_id, database.id, channel, user, cells))
    return _changed(backend, request, "insert", len(rows))


def _read_cells(given: Fields, database: StoredDatabase) -> dict[str, str]:
    """Read a new row; 4000 for an unknown field, a cell of another type, or a required field without one."""
    cells = {name: _read_cell(name, given.optional(name) or "", database.types) for name in given.values}
    missing = [name for name in database.required if name not in cells]
    if missing:
        raise ApiError(4000, f"{', '.join(missing)} is required")
    return cells


def _read_cell(name: str, text: str, types: Mapping[str, str]) -> str:
    read_value(text, types[known_field(name, types)], name)
    return text


async def query(backend: Backend, request: IncomingRequest) -> Reply:
    """Show a page of the rows; a task writes the same page to its file."""
    database, body = database_of(backend, request), request.body
    page, channel = body.page(20, MOST_ROWS), _channel(body)
    shared = database.read_mode == SHARED
    rows = backend.state.owned(StoredRow, database.id)
    seen = [row.cells for row in rows if shared or row.channel == channel]
    found = read_question(body, database.types).answer(seen)
    has_more = page.stop < len(found)
    if body.flag("is_async", default=False):
        told = {"select_total_count": len(found), "has_more": has_more}
        return _start_task(backend, request, "select", told, found[page])
    return JsonReply({"items": found[page], "has_more": has_more, "total_count": len(found)})


async def update(backend: Backend, request: IncomingRequest) -> Reply:
    database = database_of(backend, request)
    changes = {
        each.text("field_name"): _read_cell(each.text("field_name"), each.optional("value") or "", database.types)
        for each in request.body.objects("update_fields")
    }
    if not changes:
        raise ApiError(4000, "update_fields is required")
    meant = _meant(backend, request, database)
    for row in meant:
        backend.state.save(replace(row, cells={**row.cells, **changes}))
    return _changed(backend, request, "update", len(meant))


async def delete(backend: Backend, request: IncomingRequest) -> Reply:
    meant = _meant(backend, request, database_of(backend, request))
    for row in meant:
        backend.state.delete(row)
    return _changed(backend, request, "delete", len(meant))


def _meant(backend: Backend, request: IncomingRequest, database: StoredDatabase) -> list[StoredRow]:
    """Return the rows of the channel that the filter means; 4000 without a filter."""
    test = read_filter(Fields(request.body.mapping("filter")), database.types)
    rows, channel = backend.state.owned(StoredRow, database.id), _channel(request.body)
    return [row for row in rows if row.channel == channel and test(row.cells)]


def _channel(body: Fields) -> str:
    return body.optional("connector_id") or API_CHANNEL


def _changed(backend: Backend, request: IncomingRequest, task_type: str, affected: int) -> Reply:
    told: dict[str, object] = {"affected_rows": affected}
    if request.body.flag("is_async", default=False):
        return _start_task(backend, request, task_type, told)
    return JsonReply(told)


def _start_task(
    backend: Backend,
    request: IncomingRequest,
    task_type: str,
    result: dict[str, object],
    rows: list[Row] | None = None,
) -> Reply:
    task_id = backend.state.new_id(StoredDatabaseTask, FIRST_TASK_ID)
    looks = backend.settings.processing_looks
    backend.state.save(StoredDatabaseTask(task_id, request.account, task_type, backend.clock(), looks, result, rows))
    return JsonReply({"task_id": task_id})


async def retrieve_task(backend: Backend, request: IncomingRequest) -> Reply:
    """Tell how far a task is to who started it; 4200 to others, and after 12 hours."""
    task = _find_task(backend, request)
    if task is None or task.account != request.account:
        raise ApiError(4200, "the task does not exist, or is older than 12 hours")
    backend.state.save(replace(task, looks_done=task.looks_done + 1))
    told: dict[str, object] = {"status": task.status, "task_type": task.task_type}
    if task.status == "succeed":
        host = request.headers.get("host", "")
        url = {} if task.rows is None else {"select_items_file_url": f"http://{host}/database_exports/{task.id}"}
        told = {**told, **task.result, **url}
    return JsonReply(told)


async def download(backend: Backend, request: IncomingRequest) -> Reply:
    """Send the file of an export."""
    task = _find_task(backend, request)
    if task is None or task.rows is None:
        return RawReply(404)
    return RawReply(body=json.dumps(task.rows, ensure_ascii=False).encode())


def _find_task(backend: Backend, request: IncomingRequest) -> StoredDatabaseTask | None:
    task = backend.state.get(StoredDatabaseTask, request.values["task_id"])
    return task if task and backend.clock() < task.created_at + TASK_LIFETIME else None


ROWS = "/v1/databases/{database_id}/records"
ENDPOINTS = (
    Endpoint("POST", ROWS, ("Database.createRecord",), create),
    Endpoint("POST", f"{ROWS}/query", ("Database.readRecord",), _unless_lists(query)),
    Endpoint("PUT", ROWS, ("Database.updateRecord",), _unless_lists(update)),
    Endpoint("DELETE", ROWS, ("Database.deleteRecord",), _unless_lists(delete)),
    Endpoint("GET", "/v1/database_tasks/{task_id}", (), retrieve_task),
    Endpoint("GET", "/database_exports/{task_id}", None, download),
)

"""Routes of databases: create, list and delete tables of a workspace."""

from __future__ import annotations

from coze_client.emulator.engine.row_selection import known_field
from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.dialect import json_reply
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import Fields, IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.oauth.tokens import authenticate
from coze_client.emulator.routes.workspace_members import workspace_of
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.database_records import (
    FIRST_DATABASE_ID,
    INDEPENDENT,
    SHARED,
    StoredDatabase,
    StoredRow,
)
from coze_client.emulator.state.file_records import uploaded_file

LARGEST_PAGE = 1000
TYPES = ("string", "integer", "time", "number", "boolean")
RW_MODES = ("limited_read_write", "unlimited_read_write")
COZE_CHANNELS = "shared_coze_connectors"


def database_of(backend: Backend, request: IncomingRequest) -> StoredDatabase:
    """Return the table in the path; 4200 if there is none in a workspace of the caller."""
    database = backend.state.get(StoredDatabase, request.values["database_id"])
    if database is None:
        raise ApiError(4200, "the database does not exist")
    workspace_of(backend, request, database.workspace_id)
    return database


async def create(backend: Backend, request: IncomingRequest) -> Reply:
    """Create a table; it is not served with rows of drafts, or shared by the channels that are Coze's own."""
    body = request.body
    app_id, icon = body.optional("app_id") or "", body.optional("icon_file_id")
    if app_id:
        authenticate(backend, request.bearer, ("Project.createDatabase",))
    workspace = workspace_of(backend, request, body.text("workspace_id"))
    read_mode = body.choice("connector_read_mode", (INDEPENDENT, SHARED, COZE_CHANNELS), INDEPENDENT)
    drafts = [_read_channel_mode(each) == "draft" for each in body.objects("connector_rw_config")]
    if read_mode == COZE_CHANNELS or any(drafts):
        told = f"databases.create is not served by the emulator with {COZE_CHANNELS} or rows of drafts"
        return json_reply(501, {"code": 501, "msg": told})
    if icon and uploaded_file(backend.state, request.account, icon) is None:
        raise ApiError(4200, "icon_file_id")
    fields = _read_fields(body)
    database = StoredDatabase(
        backend.state.new_id(StoredDatabase, FIRST_DATABASE_ID),
        request.account,
        workspace.id,
        app_id,
        body.text("table_name"),
        body.optional("table_desc") or "",
        body.choice("rw_mode", RW_MODES, ""),
        read_mode,
        backend.now,
        fields,
        [_read_index(each, {str(field["name"]): "" for field in fields}) for each in body.objects("indexs")],
    )
    backend.state.save(database)
    return JsonReply({"database_id": database.id})


def _read_channel_mode(given: Fields) -> str:
    given.text("connector_id")
    return given.choice("connector_rw_mode", ("draft", "online"), "")


def _read_fields(body: Fields) -> list[dict[str, object]]:
    fields = [_read_field(each) for each in body.objects("fields")]
    if not fields:
        raise ApiError(4000, "fields is required")
    if len({field["name"] for field in fields}) < len(fields):
        raise ApiError(4000, "two fields have the same name")
    return fields


def _read_field(given: Fields) -> dict[str, object]:
    return {
        "name": given.text("name"),
        "desc": given.optional("desc") or "",
        "type": given.choice("type", TYPES, ""),
        "is_required": given.flag("is_required", default=False),
    }


def _read_index(given: Fields, known: dict[str, str]) -> dict[str, object]:
    names = given.texts("field_names")
    if len(names) != 1:
        raise ApiError(4000, "field_names of an index must have one name")
    names = [known_field(names[0], known)]
    return {
        "index_name": given.text("index_name"),
        "field_names": names,
        "comment": given.optional("comment") or "",
    }


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    """List the tables of a workspace, oldest first."""
    workspace = workspace_of(backend, request, request.query.text("workspace_id"))
    page, found = request.query.page(20, LARGEST_PAGE), backend.state.owned(StoredDatabase, workspace.id)
    items = [_describe(each) for each in found[page]]
    return JsonReply({"items": items, "has_more": page.stop < len(found), "total_count": len(found)})


def _describe(database: StoredDatabase) -> dict[str, object]:
    return {
        "id": database.id,
        "app_id": database.app_id,
        "create_time": str(database.created_at),
        "update_time": str(database.created_at),
        "icon_url": "",
        "table_name": database.table_name,
        "table_desc": database.table_desc,
        "database_type": "coze_database",
        "rw_mode": database.rw_mode,
        "workspace_id": database.workspace_id,
        "creator_id": database.account,
        "fields": database.fields,
        "indexs": database.indexes,
    }


async def delete(backend: Backend, request: IncomingRequest) -> Reply:
    """Delete a table and its rows."""
    database = database_of(backend, request)
    for row in backend.state.owned(StoredRow, database.id):
        backend.state.delete(row)
    backend.state.delete(database)
    return JsonReply()


ENDPOINTS = (
    Endpoint("POST", "/v1/databases", ("Workspace.createDatabase",), create),
    Endpoint("GET", "/v1/databases", ("Workspace.listDatabase",), list_),
    Endpoint("DELETE", "/v1/databases/{database_id}", ("Database.delete",), delete),
)

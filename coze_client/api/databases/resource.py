"""Databases: create, list and delete tables, change their rows, and wait for tasks.

Documented at docs.coze.cn alone; no official SDK has them. Not on coze-studio.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING

from coze_client.api.databases.values import (
    Database,
    DatabaseConnectorReadMode,
    DatabaseField,
    DatabaseIndex,
    DatabaseReadWriteMode,
    DatabaseTask,
    fields_to_wire,
    indexes_to_wire,
)
from coze_client.core.listed import ItemsOf, listed_by_number
from coze_client.core.model import Model
from coze_client.core.paging import Numbering, Pages
from coze_client.core.polling import poll
from coze_client.core.request import HARMLESS, Kind, Request, Unanswered, query, segment
from coze_client.core.request import fields as without_unset
from coze_client.core.resource import ConcurrencyT, Resource, call, flow, paged
from coze_client.core.response import Payload, RawResponse, read_nothing

if TYPE_CHECKING:
    from coze_client.api.databases.records import DatabaseRecords

_PATH = "/v1/databases"
_LARGEST_PAGE = 1000
_GOES_ON = "The task goes on, and Coze keeps it for 12 hours; ask for it again: client.databases.tasks.wait(task_id=…)"


class _CreatedDatabase(Model):
    database_id: str = ""


class DatabaseTasks(Resource[ConcurrencyT]):
    """``client.databases.tasks``: asynchronous changes and exports, seen by who started them, for 12 hours."""

    @call
    def retrieve(self, *, task_id: str) -> Request[DatabaseTask]:
        """Retrieve how far a task is."""
        return _task(task_id)

    @flow
    async def wait(self, *, task_id: str, timeout: float = 600.0) -> DatabaseTask:
        """Poll until a task has ended; a failed one has ``failed`` and ``error_msg``.

        Raises TimedOut after `timeout` seconds (default 600); the task goes on.
        """
        return await poll(self._session, _task(task_id), attrgetter("busy"), timeout, _GOES_ON)


class Databases(Resource[ConcurrencyT]):
    """``client.databases``: tables of a workspace, their rows (``.records``) and tasks (``.tasks``)."""

    @cached_property
    def records(self) -> DatabaseRecords[ConcurrencyT]:
        """``client.databases.records``: the rows of a database."""
        from coze_client.api.databases.records import DatabaseRecords

        return DatabaseRecords(self._session, self._concurrency)

    @cached_property
    def tasks(self) -> DatabaseTasks[ConcurrencyT]:
        """``client.databases.tasks``: asynchronous changes and exports."""
        return DatabaseTasks(self._session, self._concurrency)

    @call
    def create(
        self,
        *,
        workspace_id: str,
        table_name: str,
        fields: Sequence[DatabaseField | Mapping[str, object]],
        rw_mode: DatabaseReadWriteMode,
        app_id: str | None = None,
        table_desc: str | None = None,
        indexes: Sequence[DatabaseIndex | Mapping[str, object]] | None = None,
        connector_rw_config: Sequence[Mapping[str, str]] | None = None,
        connector_read_mode: DatabaseConnectorReadMode | None = None,
        icon_file_id: str | None = None,
    ) -> Request[str]:
        """Create a table and return its id.

        `rw_mode`: "limited_read_write" shows each user of a bot only their own rows, "unlimited_read_write" all.
        `app_id`: of an app, instead of the workspace's library. `connector_rw_config`:
        ``{"connector_id": …, "connector_rw_mode": "draft" or "online"}`` for each channel. `connector_read_mode`: which
        channels share their rows, default none. `icon_file_id`: an uploaded image. Permission:
        Workspace.createDatabase, with an `app_id` also Project.createDatabase.
        """
        body = without_unset(
            workspace_id=workspace_id,
            table_name=table_name,
            fields=fields_to_wire(fields),
            rw_mode=rw_mode,
            app_id=app_id,
            table_desc=table_desc,
            indexs=indexes_to_wire(indexes),
            connector_rw_config=[dict(each) for each in connector_rw_config] if connector_rw_config else None,
            connector_read_mode=connector_read_mode,
            icon_file_id=icon_file_id,
        )
        return Request(
            "POST",
            _PATH,
            _read_id,
            body=body,
            kind=Kind.START,
            unanswered=Unanswered("client.databases.list shows whether the database exists"),
        )

    @paged
    def list(self, *, workspace_id: str, page_size: int = _LARGEST_PAGE, concurrency: int = 1) -> Pages[Database]:
        """List the tables of a workspace, in pages of 1 to 1000 (default 1000).

        `concurrency`: how many pages to fetch at a time after the first. Permission: Workspace.listDatabase. API page:
        57819062608.
        """
        numbering = Numbering(page_size, concurrency, largest=_LARGEST_PAGE)
        return listed_by_number(_PATH, ItemsOf(Database), query(workspace_id=workspace_id), attrgetter("id"), numbering)

    @call
    def delete(self, *, database_id: str) -> Request[None]:
        """Delete a table with all its rows. Permission: Database.delete."""
        return Request("DELETE", f"{_PATH}/{segment(database_id)}", read_nothing, kind=Kind.START, unanswered=HARMLESS)


def _task(task_id: str) -> Request[DatabaseTask]:
    return Request("GET", f"/v1/database_tasks/{segment(task_id)}", Payload(DatabaseTask, needed="status"))


def _read_id(response: RawResponse) -> str:
    return Payload(_CreatedDatabase, needed="database_id")(response).database_id

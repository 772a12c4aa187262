"""Rows of a database: insert, query, update and delete them, at once or as a task.

Documented at docs.coze.cn alone; no official SDK has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Literal, cast

from coze_client.api.databases.values import (
    DatabaseCell,
    DatabaseChange,
    DatabaseRow,
    RowFilterLike,
    cell_text,
    filter_to_wire,
    read_row,
    row_to_wire,
)
from coze_client.core.model import Model
from coze_client.core.paging import Page, Pages, check_page_size
from coze_client.core.request import Kind, Request, Unanswered, check_changes, fields, segment, texts
from coze_client.core.resource import ConcurrencyT, Resource, call, paged
from coze_client.core.response import Payload, RawResponse
from coze_client.errors import ConfigurationError, ProtocolError

_LARGEST_PAGE = 1000
_MOST_ROWS = 1000
_MANY = 10**8  # rows of a table whose total is not told
_INSERTED = Unanswered("look into the table with client.databases.records.list; a second insert adds the rows again")
_CHANGED = Unanswered("client.databases.records.list shows the rows; the same change of the same rows does no harm")


class _RowPage(Model):
    items: tuple[dict[str, object], ...] = ()
    has_more: bool = False
    total_count: int | None = None


class DatabaseRecords(Resource[ConcurrencyT]):
    """``client.databases.records``: the rows of a database.

    Each channel has rows of its own, unless the database shares them: what a bot wrote in another channel than
    `connector_id` (default "1024", the API) is not seen. With ``is_async=True``, a change returns the ``task_id`` of a
    task at once, for ``client.databases.tasks.wait``.
    """

    @call
    def create(
        self,
        *,
        database_id: str,
        insert_rows: Sequence[Mapping[str, DatabaseCell | None]],
        is_async: bool | None = None,
        connector_id: str | None = None,
        connector_uid: str | None = None,
    ) -> Request[DatabaseChange]:
        """Insert 1 to 1000 rows, by the names of the fields; raises ConfigurationError for another number.

        `connector_uid`: the user of the channel to whom the rows belong. Permission: Database.createRecord. API page:
        57476850789.
        """
        if not 1 <= len(insert_rows) <= _MOST_ROWS:
            raise ConfigurationError(f"insert_rows must be 1 to {_MOST_ROWS} rows, not {len(insert_rows)}")
        rows = [row_to_wire(row) for row in insert_rows]
        body = fields(insert_rows=rows, is_async=is_async, connector_id=connector_id, connector_uid=connector_uid)
        return _change("POST", database_id, body, _INSERTED)

    @paged
    def list(
        self,
        *,
        database_id: str,
        where: RowFilterLike | None = None,
        order_by: Mapping[str, Literal["asc", "desc"]] | None = None,
        field_names: Sequence[str] | None = None,
        is_distinct: bool | None = None,
        connector_id: str | None = None,
        page_size: int = _LARGEST_PAGE,
    ) -> Pages[DatabaseRow]:
        """List rows, by default all, in pages of 1 to 1000 (default 1000).

        `where`: a RowFilter or RowCondition. `order_by`: directions by field, the first field first; without it, the
        order may change between two pages. `field_names`: only these fields; `is_distinct`: equal rows of them once.
        Permission: Database.readRecord.
        """
        check_page_size(page_size, _LARGEST_PAGE)
        asked = _question(where, order_by, field_names, is_distinct=is_distinct, connector_id=connector_id)

        def page(number: str | None) -> Request[Page[DatabaseRow]]:
            body = {**asked, "page_num": int(number or 1), "page_size": page_size}
            return Request("POST", f"{_path(database_id)}/query", _read_rows, body=body)

        def following(number: str | None, page: Page[DatabaseRow]) -> str | None:
            at_least = int(number or 1) * len(page.items)  # a server may send smaller pages than were asked for
            return str(int(number or 1) + 1) if page.has_more or at_least < (page.total or 0) else None

        numbers = count()  # a row has no id, and equal rows are no repetition: each one counts
        return Pages(page, following, lambda _: str(next(numbers)), beyond=_beyond)

    @call
    def export(
        self,
        *,
        database_id: str,
        where: RowFilterLike | None = None,
        order_by: Mapping[str, Literal["asc", "desc"]] | None = None,
        field_names: Sequence[str] | None = None,
        is_distinct: bool | None = None,
        connector_id: str | None = None,
        page_num: int | None = None,
        page_size: int | None = None,
    ) -> Request[DatabaseChange]:
        """Start to write rows to a file; wait for its ``task_id``, whose task has the ``select_items_file_url``.

        The arguments are those of ``list``. The file may have one page alone, the `page_num` (default 1) of `page_size`
        rows (1 to 1000, Coze's default is 20); the task's ``has_more`` says so. Permission: Database.readRecord.
        """
        if page_size is not None:
            check_page_size(page_size, _LARGEST_PAGE)
        asked = _question(where, order_by, field_names, is_distinct=is_distinct, connector_id=connector_id)
        body = {**asked, **fields(page_num=page_num, page_size=page_size), "is_async": True}
        read = Payload(DatabaseChange, needed="task_id")
        return Request(
            "POST",
            f"{_path(database_id)}/query",
            read,
            body=body,
            kind=Kind.START,
            unanswered=Unanswered("a second export does no harm"),
        )

    @call
    def update(
        self,
        *,
        database_id: str,
        update_fields: Mapping[str, DatabaseCell],
        where: RowFilterLike,
        is_async: bool | None = None,
        connector_id: str | None = None,
    ) -> Request[DatabaseChange]:
        """Set these fields in all rows that the filter means; there is no change without a filter.

        Raises ConfigurationError without a field. Permission: Database.updateRecord.
        """
        check_changes(update_fields=update_fields or None)
        changes = [{"field_name": name, "value": cell_text(value)} for name, value in update_fields.items()]
        wanted = filter_to_wire(where)
        body = fields(update_fields=changes, filter=wanted, is_async=is_async, connector_id=connector_id)
        return _change("PUT", database_id, body)

    @call
    def delete(
        self, *, database_id: str, where: RowFilterLike, is_async: bool | None = None, connector_id: str | None = None
    ) -> Request[DatabaseChange]:
        """Delete all rows that the filter means; there is no deletion without a filter.

        Permission: Database.deleteRecord.
        """
        body = fields(filter=filter_to_wire(where), is_async=is_async, connector_id=connector_id)
        return _change("DELETE", database_id, body)


def _beyond(page: Page[DatabaseRow]) -> str:
    """The number of a page that no table has, as far as its total tells."""
    return str((page.total or _MANY) // len(page.items) + 2)


def _question(
    where: RowFilterLike | None,
    order_by: Mapping[str, Literal["asc", "desc"]] | None,
    field_names: Sequence[str] | None,
    *,
    is_distinct: bool | None,
    connector_id: str | None,
) -> dict[str, object]:
    names = texts("field_names", field_names) if field_names is not None else None
    order = [{"field_name": name, "direction": direction} for name, direction in (order_by or {}).items()]
    return fields(
        select_fields=fields(field_names=names, is_distinct=is_distinct) or None,
        filter=filter_to_wire(where) if where is not None else None,
        order_by=order or None,
        connector_id=connector_id,
    )


def _change(
    method: str, database_id: str, body: Mapping[str, object], unanswered: Unanswered = _CHANGED
) -> Request[DatabaseChange]:
    return Request(method, _path(database_id), _read_change, body=body, kind=Kind.START, unanswered=unanswered)


def _path(database_id: str) -> str:
    return f"/v1/databases/{segment(database_id)}/records"


def _read_change(response: RawResponse) -> DatabaseChange:
    change = Payload(DatabaseChange)(response)
    if change.affected_rows is None and not change.task_id:
        raise ProtocolError("The server reported success, but sent no affected_rows", logid=response.logid)
    return change


def _read_rows(response: RawResponse) -> Page[DatabaseRow]:
    found = Payload(_RowPage)(response)
    rows = cast("tuple[Mapping[str, object], ...]", found.items)
    return Page(tuple(map(read_row, rows)), has_more=found.has_more, total=found.total_count)

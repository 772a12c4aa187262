"""Bills: files with what an enterprise used, made on demand.

API pages: create_bill_task, billing_file. The top enterprise plan, an admin's token. Not on coze-studio.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from coze_client.core.listed import ItemsOf, listed_by_number
from coze_client.core.model import Model
from coze_client.core.paging import Numbering, Pages
from coze_client.core.request import Kind, Request, Unanswered, query
from coze_client.core.resource import ConcurrencyT, Resource, call, paged
from coze_client.core.response import Payload

_PATH = "/v1/commerce/benefit/bill_tasks"
_LARGEST_PAGE = 200
_UNANSWERED = Unanswered("a second call makes a second bill; client.bill_tasks.list shows those of the last 7 days")


class BillTask(Model):
    """A bill: ``status`` init, running, succeed or failed; times are unix seconds.

    Only one that succeeded has ``file_urls``, links to files of at most 500,000 lines, which work for 7 days.
    """

    task_id: str = ""
    status: str = ""
    file_urls: tuple[str, ...] = ()
    created_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    expires_at: int | None = None


class BillTasks(Resource[ConcurrencyT]):
    """``client.bill_tasks``: make bills, and list them with their files."""

    @call
    def create(self, *, started_at: int, ended_at: int) -> Request[BillTask]:
        """Start to make the bill of some days, which takes about a minute; ``list`` says when it is ready.

        `started_at`, `ended_at`: unix seconds of a day's first and last second; Coze moves others there. Not of today,
        and not before 2025-03-13. Permission: createBillDownloadTask. API page: create_bill_task.
        """
        body = {"started_at": started_at, "ended_at": ended_at}
        read = Payload(BillTask, needed="task_id")
        return Request("POST", _PATH, read, body=body, kind=Kind.START, unanswered=_UNANSWERED)

    @paged
    def list(
        self, *, task_ids: Sequence[str] | None = None, page_size: int = _LARGEST_PAGE, concurrency: int = 1
    ) -> Pages[BillTask]:
        """List bills, by default those of the last 7 days, in pages of 1 to 200 (default 200).

        `task_ids`: at most 100 bills. `concurrency`: how many pages to fetch at a time after the first. Permission:
        listBillDownloadTask. API page: billing_file.
        """
        params = query(task_ids=",".join(task_ids) if task_ids else None)
        numbering = Numbering(page_size, concurrency, largest=_LARGEST_PAGE)
        return listed_by_number(_PATH, ItemsOf(BillTask, "task_infos"), params, attrgetter("task_id"), numbering)

"""Datasets, which Coze also calls knowledge bases; ``.documents`` and ``.images`` are their contents.

API pages: create_dataset, list_dataset, update_dataset, delete_dataset, get_dataset_progress. The API has no search:
see ``client.recall``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from operator import attrgetter
from time import monotonic

from coze_client.api.datasets.documents import TEXT, Documents
from coze_client.api.datasets.images import Images
from coze_client.api.datasets.values import Dataset, DocumentProgress
from coze_client.core.concurrency import maybe_await
from coze_client.core.model import Model, convert
from coze_client.core.paging import Cursor, Numbering, Page, Pages, numbered
from coze_client.core.request import HARMLESS, Kind, OtherForm, Request, Unanswered, fields, query, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, flow, paged
from coze_client.core.response import Envelope, Payload, RawResponse, read_envelope, read_nothing, read_with_envelope
from coze_client.errors import ConfigurationError, CozeError, NotFound, TimedOut

_LARGEST_PAGE = 300
_NUMBER = re.compile("[1-9][0-9]{0,18}")  # without leading zeros, which a number would lose
_LONGEST_NAME = 100
_MOST_AT_ONCE = 100  # ids in one poll; the API documents no limit
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 10.0  # seconds between two polls

OnDocumentProgress = Callable[[tuple[DocumentProgress, ...]], object]


class _CreatedDataset(Model):
    dataset_id: str = ""


class _DatasetPage(Model):
    dataset_list: tuple[Dataset, ...] | None = None
    total_count: int | None = None


class _DatasetPageEnvelope(Envelope):
    data: _DatasetPage | None = None


class Datasets(Resource[ConcurrencyT]):
    """``client.datasets``: create, list, change and delete datasets, and wait until documents are processed."""

    @cached_property
    def documents(self) -> Documents[ConcurrencyT]:
        """``client.datasets.documents``: upload, list, rename and delete documents."""
        return Documents(self._session, self._concurrency)

    @cached_property
    def images(self) -> Images[ConcurrencyT]:
        """``client.datasets.images``: list images and change their captions."""
        return Images(self._session, self._concurrency)

    @paged
    def list(
        self,
        *,
        workspace_id: str,
        name: str | None = None,
        format_type: int | None = None,
        page_size: int = _LARGEST_PAGE,
        concurrency: int = 1,
    ) -> Pages[Dataset]:
        """List the datasets of a workspace, without those of apps, in pages of 1 to 300 (default 300).

        `name`: only datasets whose name contains it. `format_type`: 0 text, 1 table, 2 image. `concurrency`: how many
        pages to fetch at a time after the first. API page: list_dataset.
        """
        params = query(space_id=workspace_id, name=name, format_type=format_type, page_size=page_size)

        def page(number: int) -> Request[Page[Dataset]]:
            return Request("GET", "/v1/datasets", _read_page, {**params, **query(page_num=number)})

        return numbered(page, attrgetter("dataset_id"), Numbering(page_size, concurrency, largest=_LARGEST_PAGE))

    @call
    def create(
        self,
        *,
        name: str,
        workspace_id: str,
        format_type: int = TEXT,
        description: str | None = None,
        icon_file_id: str | None = None,
    ) -> Request[str]:
        """Create a dataset and return its id.

        `name`: 1 to 100 characters, else ConfigurationError. `format_type`: 0 text (default), 2 images, 1 tables (only
        on coze-studio). `icon_file_id`: an uploaded image. The call is not retried if it may have arrived. API page:
        create_dataset.
        """
        settings = _settings(name, description, icon_file_id)
        body = {**settings, "space_id": workspace_id, "format_type": format_type}
        return Request(
            "POST",
            "/v1/datasets",
            _read_id,
            body=body,
            kind=Kind.START,
            unanswered=Unanswered("client.datasets.list shows whether the dataset exists"),
        )

    @flow
    async def update(
        self,
        *,
        dataset_id: str,
        name: str,
        description: str | None = None,
        icon_file_id: str | None = None,
        workspace_id: str | None = None,
    ) -> None:
        """Replace the name, description and icon of a dataset; Coze clears the settings that you omit.

        With `workspace_id`, an omitted description is kept: the client lists the datasets first, because the API cannot
        retrieve a single one. The icon cannot be kept, because Coze does not return its file id. Raises NotFound if the
        workspace has no such dataset. API pages: update_dataset, list_dataset.
        """
        if workspace_id is not None and description is None:
            found = await self._find(dataset_id, workspace_id)
            description = found.description or None
        await self._session.send(update_request(dataset_id, name, description, icon_file_id))

    async def _find(self, dataset_id: str, workspace_id: str) -> Dataset:
        cursor = Cursor(self._session, Datasets.list(workspace_id=workspace_id))
        while (page := await cursor.next()) is not None:
            for dataset in page.items:
                if dataset.dataset_id == dataset_id:
                    return dataset
        raise NotFound(
            f"Workspace {workspace_id} has no dataset {dataset_id}",
            cure="Check both ids; without workspace_id, no dataset is read, and Coze clears omitted settings",
        )

    @call
    def delete(self, *, dataset_id: str) -> Request[None]:
        """Delete a dataset and its contents permanently; bots lose it, too.

        API page: delete_dataset.
        """
        return Request("DELETE", _path(dataset_id), read_nothing, kind=Kind.START, unanswered=HARMLESS)

    @call
    def process(self, *, dataset_id: str, document_ids: Sequence[str]) -> Request[tuple[DocumentProgress, ...]]:
        """Retrieve the processing progress of documents of one dataset; unknown documents are omitted.

        A coze-studio takes numbers only: the first refusal tells, and the ids are then sent as numbers. API page:
        get_dataset_progress.
        """
        ids = _ids(document_ids)
        if not ids:
            raise ConfigurationError("document_ids must not be empty")
        path = f"{_path(dataset_id)}/process"
        return Request("POST", path, _read_progress, body={"document_ids": ids}, other_form=_as_numbers(ids))

    @flow
    async def wait(
        self,
        *,
        dataset_id: str,
        document_ids: Sequence[str],
        timeout: float = 600.0,
        on_progress: OnDocumentProgress | None = None,
    ) -> tuple[DocumentProgress, ...]:
        """Poll until Coze has processed documents; a failed one has ``failed`` and ``status_descript``.

        It polls at once, and then after pauses that grow from 1 to 10 seconds. `on_progress`, a function or coroutine
        function, is called after every poll with all progress known so far. Raises TimedOut after `timeout` seconds
        (default 600), and NotFound for unknown ids, when the other documents are processed. API page:
        get_dataset_progress.
        """
        end_time, pause = monotonic() + timeout, _FIRST_PAUSE
        known: dict[str, DocumentProgress] = {}
        missing: list[str] = []
        busy = [*dict.fromkeys(_ids(document_ids))]
        while busy:
            try:
                progress = await self._fetch_progress(dataset_id, busy, end_time)
            except TimedOut as error:  # by the client's own timeout, or because the deadline cut this poll short
                if monotonic() < end_time:
                    raise
                raise _wait_timed_out(busy, dataset_id, timeout) from error
            missing += [each for each in busy if each not in progress]
            known.update(progress)
            busy = [each for each in busy if each in progress and progress[each].busy]
            if on_progress is not None:
                await maybe_await(on_progress(_in_given_order(known, document_ids)))
            if busy and monotonic() + pause > end_time:
                raise _wait_timed_out(busy, dataset_id, timeout)
            if busy:
                await self._session.concurrency.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_PAUSE)
        if missing:
            raise NotFound(
                f"Dataset {dataset_id} has no document {', '.join(missing)}",
                cure="They may be deleted, or in another dataset: see client.datasets.documents.list",
            )
        return _in_given_order(known, document_ids)

    async def _fetch_progress(
        self, dataset_id: str, document_ids: Sequence[str], end_time: float
    ) -> dict[str, DocumentProgress]:
        found: dict[str, DocumentProgress] = {}
        for start in range(0, len(document_ids), _MOST_AT_ONCE):
            request = Datasets.process(dataset_id=dataset_id, document_ids=document_ids[start : start + _MOST_AT_ONCE])
            progress = await self._session.with_deadline(end_time - monotonic()).send(request)
            found.update((each.document_id, each) for each in progress)
        return found


def update_request(
    dataset_id: str, name: str, description: str | None = None, icon_file_id: str | None = None
) -> Request[None]:
    """The request that replaces all settings of a dataset."""
    return Request("PUT", _path(dataset_id), read_nothing, body=_settings(name, description, icon_file_id))


def _ids(document_ids: Sequence[str]) -> Sequence[str]:
    if isinstance(document_ids, str):
        raise ConfigurationError("document_ids must be a list of ids, not a single one")
    return [*document_ids]


def _as_numbers(document_ids: Sequence[str]) -> OtherForm | None:
    """The ids as numbers, as coze-studio takes them; those that are no numbers of 64 bits stay as they are."""
    numbers = [int(each) if _NUMBER.fullmatch(each) and int(each) < 2**63 else each for each in document_ids]
    if numbers == [*document_ids]:
        return None
    return OtherForm("document_ids as numbers", {"document_ids": numbers}, _is_refused_form)


def _is_refused_form(error: CozeError) -> bool:
    """Whether coze-studio could not read the body; the cloud has a code of its own (4000) for what it refuses."""
    return (error.status, error.code) == (400, 400)


def _path(dataset_id: str) -> str:
    return f"/v1/datasets/{segment(dataset_id)}"


def _settings(name: str, description: str | None, icon_file_id: str | None) -> dict[str, object]:
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise ConfigurationError(f"The name of a dataset must have 1 to {_LONGEST_NAME} characters, not {len(name)}")
    return fields(name=name, description=description, file_id=icon_file_id)


def _read_id(response: RawResponse) -> str:
    return Payload(_CreatedDataset, needed="dataset_id")(response).dataset_id


def _read_page(response: RawResponse) -> Page[Dataset]:
    found = read_with_envelope(_DatasetPageEnvelope, response).data or _DatasetPage()
    return Page(found.dataset_list or (), has_more=False, total=found.total_count)


def _read_progress(response: RawResponse) -> tuple[DocumentProgress, ...]:
    payload = Payload(dict).extract(read_envelope(response))
    if isinstance(payload, dict):
        payload = payload.get("data") or ()
    return convert(tuple[DocumentProgress, ...], payload)


def _in_given_order(known: dict[str, DocumentProgress], document_ids: Sequence[str]) -> tuple[DocumentProgress, ...]:
    return tuple(known[each] for each in dict.fromkeys(document_ids) if each in known)


def _wait_timed_out(busy: Sequence[str], dataset_id: str, timeout: float) -> TimedOut:
    some = ", ".join(busy[:3]) + (f" and {len(busy) - 3} more" if len(busy) > 3 else "")
    return TimedOut(
        f"Coze did not process {some} within {timeout:g} s",
        cure=f"Coze continues: wait again with client.datasets.wait(dataset_id={dataset_id!r}, …)",
    )

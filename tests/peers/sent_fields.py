"""The names of the fields that an emulator sends, to compare them with those that a client reads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from coze_client.emulator.protocol.fault import Fault
from coze_client.emulator.protocol.stream import Event

FRAME = {
    *("code", "msg", "detail", "logid", "data", "message"),
    *("items", "has_more", "total", "total_count", "first_id", "last_id", "next_page_token"),
    *("conversations", "dataset_list", "document_infos", "photo_infos", "space_bots", "voice_list", "workspaces"),
}
"""What stands around a value or the items of a page: clients take it apart."""


class SentFields(Fault):
    """Changes nothing; `names` has the fields with a value that were sent since it was cleared."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def payload(self, value: dict[str, object]) -> dict[str, object]:
        self.names |= set(field_names(value)) - FRAME
        return value

    def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        return self._watched(events)

    async def _watched(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for event in events:
            self.names |= set(field_names(event.data)) - FRAME
            yield event


def field_names(value: object) -> Iterator[str]:
    """Yield the names of all fields in a JSON value, except empty ones, which some clients leave out."""
    if isinstance(value, dict):
        for name, part in value.items():
            if part not in (None, "", 0, False, [], {}):
                yield name
                yield from field_names(part)
    elif isinstance(value, list):
        for part in value:
            yield from field_names(part)

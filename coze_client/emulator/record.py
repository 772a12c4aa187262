"""What has happened in an emulator: its requests, and how many chats, runs and plugin calls began."""

from __future__ import annotations

import time
from collections.abc import Callable

from coze_client.emulator.state.backend import Backend, RecordedCall
from coze_client.emulator.state.chat_records import StoredChat


class Record:
    """The methods of an emulator that tell what has happened, or wait for it."""

    _backend: Backend

    @property
    def calls(self) -> list[RecordedCall]:
        """All requests so far, in order."""
        return list(self._backend.calls)

    def calls_to(self, path: str) -> list[RecordedCall]:
        """Return the requests with exactly this path."""
        return [call for call in self.calls if call.path == path]

    @property
    def chats_started(self) -> int:
        """The number of chats that began; the real Coze would bill each of them."""
        return self._backend.chats_started

    @property
    def runs_started(self) -> int:
        """The number of workflow runs that began; an answer to a question resumes a run and begins none."""
        return self._backend.runs_started

    @property
    def plugin_calls(self) -> int:
        """The number of plugin tool calls that began."""
        return self._backend.plugin_calls

    def chat_status(self, chat_id: str) -> str:
        """Return the status of any chat, also of one that was not saved; KeyError if there is no such chat."""
        chat = self._backend.state.get(StoredChat, chat_id)
        if chat is None:
            raise KeyError(chat_id)
        return chat.status

    @property
    def open_streams(self) -> int:
        """The number of event streams that the server is still sending."""
        return self._backend.open_streams

    def wait_until(self, predicate: Callable[[], bool], seconds: float = 5) -> None:
        """Wait until the predicate is true; it is called after every change. TimeoutError after `seconds`."""
        end = time.monotonic() + seconds
        while not predicate():
            if time.monotonic() > end:
                raise TimeoutError(f"not true within {seconds} seconds")
            with self._backend.changed:
                self._backend.changed.wait(0.02)

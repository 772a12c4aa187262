"""Decodes bytes to server-sent events, piece by piece (grammar: WHATWG HTML standard, section 9.2).

Coze's servers need two exceptions from the standard. An event that is pending at the end of the stream is returned. A
second ``event:`` line after an event's name and data starts a new event, because some streams lack the blank line.
"""

from __future__ import annotations

from typing import NamedTuple

from coze_client.errors import ProtocolError

_BOM = b"\xef\xbb\xbf"
CR, LF = b"\r\n"
_LONGEST_NUMBER = 18  # digits; Python converts no text of thousands
_new = tuple.__new__  # half the cost of calling the class


_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")


def begins_stream(body: bytes) -> bool:
    """True if these first bytes of a body, at least one that is not blank, begin a stream of events."""
    begin = body.removeprefix(_BOM).lstrip()
    return any(begin.startswith(field) or (begin and field.startswith(begin)) for field in _FIELDS)


class ServerSentEvent(NamedTuple):
    """One event: its name (or ""), its data, and the latest ``id`` and ``retry`` (milliseconds) of the stream."""

    event: str
    data: bytes
    id: str = ""
    retry: int | None = None


class Decoder:
    """Decodes a stream; keeps only the incomplete event, of at most `limit` bytes.

    Lines end in CR, LF or CRLF, and the pieces may be cut anywhere. The data stays bytes, so U+2028 and the like do not
    split lines. ``stray``: the first block without any SSE field, such as a proxy's page, or JSON instead of a stream.
    """

    def __init__(self, limit: int = 32 * 1024 * 1024) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0
        self._started = False
        self._after_cr = False
        self._prefix = b"\0"  # how the last simple block began: `event:NAME\ndata:{`
        self._length = 1
        self._name = ""
        self._id = ""
        self._retry: int | None = None
        self.stray = b""

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """The events that `chunk` completes; raises ProtocolError if one is longer than the limit."""
        # Fast path: one simple event and nothing pending. Servers that flush each event send mostly this.
        start = self._length
        if (
            chunk.find(b"\n", start) == len(chunk) - 2
            and chunk.startswith(self._prefix)
            and not self._pieces
            and CR not in chunk
            and chunk[-1] == LF
        ):
            return [_new(ServerSentEvent, (self._name, chunk[start - 1 : -2], self._id, self._retry))]
        if self._after_cr or b"\r" in chunk:
            chunk = self._with_newlines(chunk)
        if not self._started:
            chunk = self._without_bom(chunk)
        pieces = self._pieces
        if not pieces:
            return self._split([], chunk)
        if chunk[:1] == b"\n" and pieces[-1][-1:] == b"\n":
            return self._split([self._pending()], chunk[1:])
        end = chunk.find(b"\n\n") if LF in chunk else -1  # searching for one byte is far faster
        if end < 0:
            self._keep(chunk)
            return []
        return self._split([self._pending(chunk[:end])], chunk[end + 2 :])

    def _split(self, blocks: list[bytes], chunk: bytes) -> list[ServerSentEvent]:
        """The events of `blocks` and of the blocks that end in `chunk`; the rest of `chunk` is kept."""
        blocks += chunk.split(b"\n\n")
        self._keep(blocks.pop())
        if len(chunk) > self._limit and max(map(len, blocks), default=0) > self._limit:
            raise self._too_long()
        return self._events(blocks) if blocks else []

    def _pending(self, end: bytes = b"") -> bytes:
        """Everything pending, plus `end`. Joining only here avoids copying a long event once per piece."""
        self._size += len(end)
        if self._size > self._limit:
            raise self._too_long()
        whole = b"".join((*self._pieces, end))
        self._pieces.clear()
        self._size = 0
        return whole

    def finish(self) -> list[ServerSentEvent]:
        """The events that are pending when the stream ends."""
        self._started = True
        return self._events([self._pending()])

    def _without_bom(self, chunk: bytes) -> bytes:
        """`chunk` without a byte order mark; empty while the first bytes may still become one."""
        head = b"".join((*self._pieces, chunk))
        undecided = len(head) < len(_BOM) and _BOM.startswith(head)
        self._started = not undecided
        self._pieces = [head] if undecided and head else []
        return b"" if undecided else head.removeprefix(_BOM)

    def _with_newlines(self, chunk: bytes) -> bytes:
        if self._after_cr and chunk[:1] == b"\n":
            chunk = chunk[1:]
            self._after_cr = False
        if chunk:
            self._after_cr = chunk[-1:] == b"\r"
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _keep(self, piece: bytes) -> None:
        if piece:
            self._size += len(piece)
            if self._size > self._limit:
                raise self._too_long()
            self._pieces.append(piece)

    def _too_long(self) -> ProtocolError:
        return ProtocolError(
            f"An event of the stream is longer than {self._limit} bytes",
            cure="Raise max_event_bytes",
        )

    def _events(self, blocks: list[bytes]) -> list[ServerSentEvent]:
        events: list[ServerSentEvent] = []
        prefix, start, name, last_id, retry = self._prefix, self._length - 1, self._name, self._id, self._retry
        for block in blocks:
            if block.startswith(prefix) and block.find(b"\n", start) < 0:
                events.append(_new(ServerSentEvent, (name, block[start:], last_id, retry)))
            elif block:
                self._parse(block, events)
                prefix, start, name, last_id, retry = self._prefix, self._length - 1, self._name, self._id, self._retry
        return events

    def _parse(self, block: bytes, events: list[ServerSentEvent]) -> None:
        name: bytes | None = None
        data: list[bytes] = []
        known = False
        lines = block.split(b"\n")
        for line in lines:
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"data":
                data.append(value)
            elif field == b"event":
                if name is not None and data:
                    events.append(self._event(name, data))
                    data = []
                name = value
            elif field == b"id" and b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
            elif field == b"retry" and value.isdigit() and len(value) <= _LONGEST_NUMBER:
                self._retry = int(value)
            known = known or field in (b"", b"data", b"event", b"id", b"retry")
        if name is not None or data:
            events.append(self._event(name, data))
            if len(lines) == 2:
                self._remember(block, name, data)
        elif not known and not self.stray:
            self.stray = block

    def _event(self, name: bytes | None, data: list[bytes]) -> ServerSentEvent:
        text = (name or b"").decode("utf-8", "replace")
        return ServerSentEvent(text, b"\n".join(data), self._id, self._retry)

    def _remember(self, block: bytes, name: bytes | None, data: list[bytes]) -> None:
        """Keep how a block of one event line and one JSON line begins: the next block probably begins the same."""
        if name and data and data[0][:1] == b"{" and block.startswith(b"event:"):
            self._prefix = block[: block.index(b"{", block.index(b"\n")) + 1]
            self._length = len(self._prefix)
            self._name = name.decode("utf-8", "replace")

"""The bytes that the server sends, encoded beforehand: one answer text in the API dialect of each contender."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from typing import Literal, cast

Kind = Literal["fire", "bulk", "jumbo", "paced", "recall", "sound", "answer"]
Dialect = Literal["v3", "v2", "openai"]

WORDS = ("The ", "train", " to ", "北京", " is late ", "by ten", "分钟左右", ", so ", "请稍等一会", " 谢谢。")
BULK = 16 * 1024  # bytes in an HTTP chunk where chunks are not events
STAMP = 17  # characters

STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
    b"X-Tt-Logid: 20260114093012A7C1E5D0F3B29946\r\n\r\n"
)
LAST_CHUNK = b"0\r\n\r\n"

CHAT = {
    "id": "7470000000000000001",
    "conversation_id": "7460000000000000001",
    "bot_id": "7350000000000000012",
    "created_at": 1768380305,
    "last_error": {"code": 0, "msg": ""},
    "status": "created",
    "section_id": "7460000000000000001",
}
ENDED = {**CHAT, "completed_at": 1768380311, "status": "completed"}
USAGE = {"token_count": 12, "output_count": 4, "input_count": 8}
ANSWER = {
    "id": "7480000000000000020",
    "conversation_id": "7460000000000000001",
    "bot_id": "7350000000000000012",
    "chat_id": "7470000000000000001",
    "section_id": "7460000000000000001",
    "role": "assistant",
    "type": "answer",
}
COMPLETION = {
    "id": "chatcmpl-7470000000000000001",
    "created": 1768380305,
    "model": "gpt-4o",
    "system_fingerprint": "fp",
}
WORKFLOW_IDS = [f"{7420000000000000001 + number}" for number in range(50)]
PAGE = 30  # workflows, the most that a page of the listing has
DOCUMENTS, DOCUMENTS_A_PAGE = 10_000, 100
DOCUMENT = {
    "char_count": 1204,
    "chunk_strategy": {
        "chunk_type": 0,
        "max_tokens": 0,
        "remove_extra_spaces": False,
        "remove_urls_emails": False,
        "separator": "",
    },
    "create_time": 1719476392,
    "format_type": 0,
    "hit_count": 0,
    "size": 30142,
    "slice_count": 3,
    "source_type": 0,
    "status": 1,
    "type": "pdf",
    "update_interval": 0,
    "update_time": 1719476430,
    "update_type": 0,
}
OPENAI_USAGE = {"prompt_tokens": 8, "completion_tokens": 4, "total_tokens": 12}


@dataclass(frozen=True)
class Shape:
    """The kind of response, as the first path segment of a URL: ``kind-size-pause``, as in ``/fire-2000-0/v3/chat``.

    ``fire`` sends ``size`` deltas at once, each event an HTTP chunk of its own, ``bulk`` the same in 16 KiB chunks;
    ``jumbo`` one delta of ``size`` characters in 16 KiB chunks; ``paced`` ``size`` deltas, one every ``pause``
    milliseconds; ``recall`` the same after a recall message, which is due as the first; ``sound`` one file of ``size``
    bytes; ``answer`` a small JSON object after ``pause`` milliseconds.
    """

    kind: Kind
    size: int = 0
    pause: int = 0

    def __str__(self) -> str:
        return f"{self.kind}-{self.size}-{self.pause}"

    @classmethod
    def parse(cls, url: str) -> Shape:
        """Read the shape from the last segment of a base URL."""
        kind, size, pause = url.rstrip("/").rpartition("/")[2].split("-")
        return cls(cast("Kind", kind), int(size), int(pause))

    @property
    def characters(self) -> int:
        """Number of characters of the whole answer."""
        return STAMP * self.size if self.kind == "paced" else sum(map(len, self.texts()))

    def texts(self) -> list[str]:
        """Returns the answer's deltas; a paced stream sends the same number of time stamps instead (see ``stamp``)."""
        if self.kind == "jumbo":
            return ["".join(islice(cycle("The train is late. "), self.size))]
        return list(islice(cycle(WORDS), self.size))


AT_ONCE = Shape("answer")


def stamp(moment: float) -> str:
    """Returns a delta of a paced stream: its time in seconds of the monotonic clock, always of the same length."""
    return f"{moment:0{STAMP}.6f}"


def dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def sse(event: str, value: object) -> bytes:
    return f"event:{event}\ndata:{dump(value)}\n\n".encode()


def v3_opening() -> bytes:
    in_progress = {**CHAT, "status": "in_progress"}
    return sse("conversation.chat.created", CHAT) + sse("conversation.chat.in_progress", in_progress)


def v3_recall() -> bytes:
    """Returns three recalled slices in a verbose message, as bots send them before the answer."""
    meta = {"dataset": {"id": "7380000000000000001", "name": "Trains"}, "document": {"id": "7385000000000000001"}}
    chunks = [{"slice": f"Train {number} is late.", "score": 0.9, "meta": meta} for number in range(3)]
    content = {"msg_type": "knowledge_recall", "data": dump({"chunks": chunks, "ori_req": "", "status_code": 0})}
    return sse(
        "conversation.message.completed",
        {**ANSWER, "type": "verbose", "content": dump(content), "content_type": "text"},
    )


def v3_delta(text: str) -> bytes:
    return sse("conversation.message.delta", {**ANSWER, "content": text, "content_type": "text"})


def v3_ending(text: str) -> bytes:
    """Returns the events after the deltas: the whole message, the end of the chat with its usage, ``done``."""
    times = {"created_at": 1768380310, "updated_at": 1768380310}
    message = {**ANSWER, "content": text, "content_type": "text", **times}
    return b"".join(
        [
            sse("conversation.message.completed", message),
            sse("conversation.chat.completed", {**ENDED, "usage": USAGE}),
            sse("done", "[DONE]"),
        ]
    )


def v3_events(texts: Sequence[str]) -> list[bytes]:
    """Chat v3; shape of the events: https://docs.coze.com/developer_guides/chat_v3."""
    return [v3_opening(), *map(v3_delta, texts), v3_ending("".join(texts))]


def v2_message(text: str) -> dict[str, str]:
    return {"role": "assistant", "type": "answer", "content": text, "content_type": "text"}


def v2_events(texts: Sequence[str]) -> list[bytes]:
    """The earlier ``/open_api/v2/chat``: no event lines, the event's name is inside the JSON."""
    place = {"is_finish": False, "index": 0, "conversation_id": CHAT["conversation_id"]}
    events: list[dict[str, object]] = [{"event": "message", "message": v2_message(text), **place} for text in texts]
    return [f"data:{dump(event)}\n\n".encode() for event in [*events, {"event": "done"}]]


def openai_events(texts: Sequence[str]) -> list[bytes]:
    """OpenAI's chat completion chunks: https://platform.openai.com/docs/api-reference/chat-streaming."""

    def chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return f"data: {dump({**COMPLETION, 'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n".encode()

    return [*(chunk({"content": text}) for text in texts), chunk({}, "stop"), b"data: [DONE]\n\n"]


EVENTS = {"v3": v3_events, "v2": v2_events, "openai": openai_events}


def http_chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def http_chunks(events: Iterable[bytes], kind: Kind) -> bytes:
    """A whole chunked response: one HTTP chunk an event for ``fire``, 16 KiB chunks otherwise."""
    if kind == "fire":
        return b"".join([STREAM_HEAD, *map(http_chunk, events), LAST_CHUNK])
    body = b"".join(events)
    pieces = (body[start : start + BULK] for start in range(0, len(body), BULK))
    return b"".join([STREAM_HEAD, *map(http_chunk, pieces), LAST_CHUNK])


def http_json(value: object) -> bytes:
    body = dump(value).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@cache
def stream(dialect: Dialect, shape: Shape) -> bytes:
    """Returns the response to a start with a stream."""
    return http_chunks(EVENTS[dialect](shape.texts()), shape.kind)


@cache
def whole(dialect: Dialect, shape: Shape) -> bytes:
    """Returns the response to a start without a stream (v2 and OpenAI: chat v3 responds before the chat has run)."""
    text = "".join(shape.texts())
    if dialect == "openai":
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return http_json({**COMPLETION, "object": "chat.completion", "choices": [choice], "usage": OPENAI_USAGE})
    answer = {"code": 0, "msg": "", "conversation_id": CHAT["conversation_id"]}
    return http_json({**answer, "messages": [v2_message(text)]})


@cache
def small() -> bytes:
    """Returns a small JSON response: a chat, as ``/v3/chat/retrieve`` returns it."""
    detail = {"logid": "20260114093012A7C1E5D0F3B29946"}
    return http_json({"code": 0, "msg": "", "data": {**ENDED, "usage": USAGE}, "detail": detail})


@cache
def sound(size: int) -> bytes:
    """Returns a file of speech, as ``/v1/audio/speech`` does; the bytes are no real sound."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nContent-Length: %d\r\n\r\n" % size
    return head + bytes(range(256)) * (size // 256) + bytes(size % 256)


@cache
def token() -> bytes:
    """Returns the response of the token endpoint: a token that does not expire during the run."""
    return http_json({"access_token": "czs_" + "x" * 60, "expires_in": 4102444800, "token_type": "Bearer"})


@cache
def workflow(workflow_id: str) -> bytes:
    """Returns a workflow with two parameters, as ``/v1/workflows/:workflow_id`` does."""
    detail = {"workflow_id": workflow_id, "workflow_name": f"Book {workflow_id}", "description": "Books a table."}
    parameters = {"city": {"type": "string", "required": True}, "guests": {"type": "integer"}}
    return http_json({"code": 0, "msg": "", "data": {"workflow_detail": detail, "input": {"parameters": parameters}}})


@cache
def workflows(page: int) -> bytes:
    """Returns a page of a workspace's workflows, as ``/v1/workflows`` does."""
    ids = WORKFLOW_IDS[(page - 1) * PAGE : page * PAGE]
    items = [{"workflow_id": each, "workflow_name": f"Book {each}", "description": "Books a table."} for each in ids]
    return http_json({"code": 0, "msg": "", "data": {"items": items, "has_more": page * PAGE < len(WORKFLOW_IDS)}})


@cache
def documents(page: int) -> bytes:
    """Returns a page of a dataset's documents, as ``/open_api/knowledge/document/list`` does."""
    numbers = range((page - 1) * DOCUMENTS_A_PAGE, min(page * DOCUMENTS_A_PAGE, DOCUMENTS))
    items = [{**DOCUMENT, "document_id": str(7385 * 10**15 + each), "name": f"时刻表 {each}.pdf"} for each in numbers]
    return http_json({"code": 0, "document_infos": items, "msg": "", "total": DOCUMENTS})


def body_length(shape: Shape) -> int:
    """Returns the number of bytes in a v3 stream's body, without HTTP framing; byte counters must match it."""
    return sum(map(len, v3_events(shape.texts())))

"""Faults of a whole reply: another one is sent, or its JSON is changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from coze_client.emulator.protocol.fault import Fault
from coze_client.emulator.protocol.reply import RawReply
from coze_client.emulator.protocol.stream import to_json


@dataclass(frozen=True)
class HttpStatus(Fault):
    """Any HTTP reply, for example `HttpStatus(429, headers={"Retry-After": "1"})`; the server does nothing else."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)
    answers = True

    def instead(self) -> RawReply:
        return RawReply(self.status, self.body, self.content_type, self.headers)


@dataclass(frozen=True)
class Coded(Fault):
    """An API error in Coze's envelope, with any HTTP status; the server does nothing else."""

    code: int
    msg: str = "injected"
    http_status: int = 200
    answers = True

    def instead(self) -> RawReply:
        return RawReply(self.http_status, to_json({"code": self.code, "msg": self.msg}).encode())


@dataclass(frozen=True)
class JsonOnStream(Coded):
    """The same as `Coded`, named for its use: a JSON reply to a request for a stream."""


@dataclass(frozen=True)
class Html(Fault):
    """The HTML page of a gateway, with any status, also 200."""

    status: int = 502
    answers = True

    def instead(self) -> RawReply:
        page = f"<html><head><title>{self.status}</title></head><body><h1>Bad Gateway</h1></body></html>"
        return RawReply(self.status, page.encode(), "text/html")


@dataclass(frozen=True)
class StaticSite(Fault):
    """What coze-studio's own nginx answers to a POST of a path that it does not pass on: HTTP 405, HTML."""

    answers = True

    def instead(self) -> RawReply:
        head, body = "<head><title>405 Not Allowed</title></head>", "<center><h1>405 Not Allowed</h1></center>"
        page = f"<html>\r\n{head}\r\n<body>\r\n{body}\r\n<hr><center>nginx/1.25.3</center>\r\n</body>\r\n</html>\r\n"
        return RawReply(405, page.encode(), "text/html")


@dataclass(frozen=True)
class EmptyBody(Fault):
    """A JSON reply with an empty body."""

    status: int = 200
    answers = True

    def instead(self) -> RawReply:
        return RawReply(self.status)


@dataclass(frozen=True)
class NoEvents(Fault):
    """A stream that ends without an event; coze-studio sends it if it fails before it has saved the chat."""

    answers = True

    def instead(self) -> RawReply:
        return RawReply(200, b"", "text/event-stream")


@dataclass(frozen=True)
class DropConnection(Fault):
    """Closes the connection before the first byte of the reply."""

    answers = True

    def instead(self) -> RawReply:
        return RawReply(dropped=True)


@dataclass(frozen=True)
class AfterStart(Fault):
    """The server handles the request, then `fault` replaces its reply: repeating the request would act twice."""

    fault: Fault
    answers = True

    def afterwards(self) -> RawReply | None:
        return self.fault.instead()


@dataclass(frozen=True)
class Expire(Fault):
    """Expires the token of this request: this and every later request with it fails with 4100."""

    expires_token = True


@dataclass(frozen=True)
class NullFields(Fault):
    """Replaces by null the empty strings and objects of a JSON reply, and every field whose name is in `names`.

    The code and the msg of the reply stay.
    """

    names: Collection[str] = ()

    def payload(self, value: dict[str, object]) -> dict[str, object]:
        return {key: self._nulled(item) if key not in ("code", "msg") else item for key, item in value.items()}

    def _nulled(self, value: object) -> object:
        if isinstance(value, dict):
            return {key: None if key in self.names else self._nulled(item) for key, item in value.items()} or None
        if isinstance(value, list):
            return [self._nulled(item) for item in value]
        return None if value == "" else value


@dataclass(frozen=True)
class Sparse(Fault):
    """A successful JSON reply without code, msg and detail, as in some samples of the documentation."""

    def payload(self, value: dict[str, object]) -> dict[str, object]:
        return {key: item for key, item in value.items() if key not in ("code", "msg", "detail")}

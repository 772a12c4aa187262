"""Every failure as a class: what happened, where (code, logid), and the likely cure."""

from __future__ import annotations

from typing import Protocol


class CozeError(Exception):
    """Anything that goes wrong between this library and Coze.

    Attributes: ``message`` what happened; ``code`` Coze's error code; ``status`` the HTTP status; ``logid`` the id that
    Coze's support asks for; ``cure`` what most likely helps; ``retry_after`` seconds the server asked to wait. Each is
    ``None`` (``cure``: empty) where unknown. ``chat_id`` and ``conversation_id`` tell which chat was under way, and may
    still be; ``debug_url`` shows a workflow's run in Coze, if the server told one. ``retried``: it has had retries of
    its own, and those of the call that it ended are not for it.
    """

    debug_url: str = ""
    chat_id: str | None = None
    conversation_id: str | None = None
    retried: bool = False

    def __init__(
        self,
        message: str,
        *,
        code: int | str | None = None,
        status: int | None = None,
        logid: str | None = None,
        cure: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.logid = logid
        self.cure = cure
        self.retry_after = retry_after

    def __str__(self) -> str:
        where = [
            f"code {self.code}" if self.code not in (None, "") else "",
            f"HTTP {self.status}" if self.status and self.status != 200 else "",
            f"logid {self.logid}" if self.logid else "",
        ]
        told = ", ".join(filter(None, where))
        text = self.message + (f" ({told})" if told else "") + (f". {self.cure}" if self.cure else "")
        ids = [
            f"chat {self.chat_id}" if self.chat_id else "",
            f"conversation {self.conversation_id}" if self.conversation_id else "",
        ]
        under_way = ", ".join(filter(None, ids))
        return text + (f" [{under_way}]" if under_way else "")

    def __reduce__(self) -> tuple[object, ...]:
        return revive, (type(self), self.args, {k: v for k, v in self.__dict__.items() if not k.startswith("__")})


def revive(kind: type[CozeError], args: tuple[object, ...], state: dict[str, object]) -> CozeError:
    """The error that a pickle describes, made without calling its constructor."""
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(CozeError):
    """The client was told something that cannot work; nothing was sent."""


class InvalidArguments(ConfigurationError):
    """A workflow or plugin does not take these arguments, each of which is named; nothing was sent."""


class ProtocolError(CozeError):
    """The server sent what is no answer of the Coze API: malformed, oversized, or not JSON where JSON is due."""


class OAuthError(CozeError):
    """A sign-in or a token refresh was refused. ``skew``: seconds by which the server's clock is ahead of ours."""

    skew: float = 0.0


class AccessDenied(OAuthError):
    """The user, or the owner of the OAuth app, refused."""


class ExpiredToken(OAuthError):
    """A device code or refresh token is past its time: the user has to log in again."""


class InvalidClient(OAuthError):
    """The OAuth app's secret, key or JWT was not accepted."""


class APIError(CozeError):
    """Coze understood the call and refused it; the subclass says of which kind the refusal is."""


class AuthenticationError(APIError):
    """The token is wrong, expired or revoked (4100, 700012006, HTTP 401)."""


class PermissionDenied(APIError):
    """The token is good but may not do this (4101, HTTP 403)."""


class NotFound(APIError):
    """The bot, conversation, chat or route does not exist, or is not visible to this token."""


class InvalidRequest(APIError):
    """A parameter or the state of the thing asked for does not allow the call; the same call fails again."""


class RateLimited(APIError):
    """Too many calls just now (429, 4009, 4020); a later one may pass."""


class QuotaExceeded(APIError):
    """A daily quota or a balance is used up (4008, 4011, 4019, 4022); only time or money helps."""


class ConversationBusy(APIError):
    """The conversation still runs another chat (4016)."""


class ServerError(APIError):
    """Coze, its model or a gateway before it failed (5000, 4013, HTTP 5xx)."""


class TransportError(CozeError):
    """The network failed. ``sent`` tells whether the request may have reached the server."""

    def __init__(self, message: str, *, sent: bool = True, logid: str | None = None, cure: str = "") -> None:
        super().__init__(message, logid=logid, cure=cure)
        self.sent = sent


class ConnectionFailed(TransportError):
    """No connection, or it broke before the answer was whole."""


class TimedOut(TransportError):
    """The server was silent for longer than the timeout, or the whole took longer than the deadline."""


class ReceivedMessage(Protocol):
    """What every message of a broken stream has; those of chats are ``Message``s with more."""

    @property
    def type(self) -> str:
        """The kind of message: answer, function_call, knowledge, …"""
        ...

    @property
    def content(self) -> str:
        """The text that arrived, perhaps only its beginning."""
        ...


class StreamInterrupted(CozeError):
    """A stream broke and what is missing cannot be had.

    ``text`` is the part of the answer that arrived, ``messages`` the whole messages, ``chat_id`` and
    ``conversation_id`` the ids (``None`` if the line broke before they came). The chat may have run on, and is billed.
    """

    def __init__(
        self,
        message: str,
        *,
        text: str = "",
        messages: tuple[ReceivedMessage, ...] = (),
        chat_id: str | None = None,
        conversation_id: str | None = None,
        logid: str | None = None,
        cure: str = "",
    ) -> None:
        super().__init__(message, logid=logid, cure=cure)
        self.text = text
        self.messages = messages
        self.chat_id = chat_id
        self.conversation_id = conversation_id

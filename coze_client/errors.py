"""The error classes. Each error reports what happened, where (code, logid), and the likely cure."""

from __future__ import annotations

from typing import Protocol, TypeVar

E = TypeVar("E", bound="CozeError")


class CozeError(Exception):
    """Base class of all errors that this library raises about Coze.

    ``message``: what happened. ``code``: Coze's error code. ``status``: the HTTP status. ``logid``: the id that Coze's
    support asks for. ``cure``: what most likely helps. ``retry_after``: seconds that the server asked to wait. Unknown
    ones are ``None`` (``cure``: empty).

    ``chat_id`` and ``conversation_id``: the chat that was running, and may still be. ``text``: the part of the answer
    that arrived before the error, "" if none did. ``debug_url``: a page of Coze that
    shows the workflow's run, if the server sent one. ``retried``: True if this error already had retries of its own,
    so that the failed call is not retried because of it.

    ``execute_id``: the workflow run that goes on, or went on. ``server_text``: the server's own text, of which
    ``message`` is a sentence (at most 65,536 characters, perhaps with a stack trace; "" if it sent none).
    ``code_around``: the code or HTTP status that came with a text if ``code`` stands inside that text, else ``None``.
    """

    debug_url: str = ""
    chat_id: str | None = None
    conversation_id: str | None = None
    execute_id: str = ""
    text: str = ""
    retried: bool = False
    server_text: str = ""
    code_around: int | str | None = None

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
        source = ", ".join(filter(None, where))
        text = self.message + (f" ({source})" if source else "")
        if self.cure:
            text += (" " if text.endswith((".", "!", "?")) else ". ") + self.cure
        ids = [
            f"chat {self.chat_id}" if self.chat_id else "",
            f"conversation {self.conversation_id}" if self.conversation_id else "",
            f"run {self.execute_id}" if self.execute_id and self.execute_id not in text else "",
        ]
        running = ", ".join(filter(None, ids))
        return text + (f" [{running}]" if running else "")

    def __reduce__(self) -> tuple[object, ...]:
        return revive, (type(self), self.args, {k: v for k, v in self.__dict__.items() if not k.startswith("__")})


def revive(kind: type[E], args: tuple[object, ...], state: dict[str, object]) -> E:
    """Rebuild an error, pickled or of another class, without calling its constructor."""
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(CozeError):
    """An argument or setting cannot work; nothing was sent."""


class InvalidArguments(ConfigurationError):
    """A workflow or plugin does not accept these arguments; the message names each of them. Nothing was sent."""


class ProtocolError(CozeError):
    """The server sent something that is no response of the Coze API: malformed, too large, or not JSON."""


class OAuthError(CozeError):
    """Coze refused a login or a token refresh.

    ``skew``: seconds by which the server's clock is ahead of this machine's; 0 if less than 5 seconds, or unknown.
    """

    skew: float = 0.0


class AccessDenied(OAuthError):
    """The user refused or cancelled the login, or Coze refused the OAuth app."""


class ExpiredToken(OAuthError):
    """A device code or refresh token has expired; the user must log in again."""


class InvalidClient(OAuthError):
    """Coze did not accept the secret, key or JWT of the OAuth app."""


class APIError(CozeError):
    """Coze refused the call; the subclass names the kind of refusal."""


class AuthenticationError(APIError):
    """The token is wrong, expired or revoked (codes 4100 and 700012006, HTTP 401)."""


class PermissionDenied(APIError):
    """The token is valid but lacks the permission for this call (code 4101, HTTP 403)."""


class NotFound(APIError):
    """The bot, conversation, chat or route does not exist, or is not visible to this token."""


class InvalidRequest(APIError):
    """A parameter, or the state of the resource, does not allow the call; the same call would fail again."""


class RateLimited(APIError):
    """Too many calls at the moment (HTTP 429, codes 4009 and 4020); a later call may succeed."""


class QuotaExceeded(APIError):
    """A daily quota or a balance is used up (codes 4008, 4011, 4019, 4022, 4027, 4028, 6003 …); retries do not help."""


class ConversationBusy(APIError):
    """Another chat still runs in the conversation (code 4016)."""


class ServerError(APIError):
    """Coze, its model or a gateway in front of it failed (codes 5000 and 4013, HTTP 5xx)."""


class TransportError(CozeError):
    """The network failed. ``sent``: False only if the request cannot have reached the server."""

    def __init__(self, message: str, *, sent: bool = True, logid: str | None = None, cure: str = "") -> None:
        super().__init__(message, logid=logid, cure=cure)
        self.sent = sent


class ConnectionFailed(TransportError):
    """No connection could be opened, or it broke before the response was complete."""


class TimedOut(TransportError):
    """The server sent nothing for longer than the timeout, or the call took longer than its deadline."""


class ReceivedMessage(Protocol):
    """A message of a broken stream. Chat streams have ``Message`` objects, with more fields."""

    @property
    def type(self) -> str:
        """The type of the message: answer, function_call, knowledge, …"""
        ...

    @property
    def content(self) -> str:
        """The text that arrived, perhaps incomplete."""
        ...


class StreamInterrupted(CozeError):
    """A stream broke, and its missing part cannot be recovered.

    ``text``: the part of the answer that arrived. ``messages``: the messages; the last may be incomplete. ``chat_id``
    and ``conversation_id``: the ids, ``None`` if the connection broke before they arrived. The chat may still run on
    the server, and is billed.
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

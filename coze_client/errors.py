"""Every failure as a class: what happened, where (code, logid), and the likely cure.

Codes and their meanings: the error table of the official documentation and the constants of coze-studio.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coze_client.api.chats import Chat
    from coze_client.api.messages import Message
    from coze_client.api.workflow_events import Interrupt, WorkflowMessage


class CozeError(Exception):
    """Anything that goes wrong between this library and Coze.

    Attributes: ``message`` what happened; ``code`` Coze's error code; ``status`` the HTTP status; ``logid`` the id that
    Coze's support asks for; ``cure`` what most likely helps; ``retry_after`` seconds the server asked to wait. Each is
    ``None`` (``cure``: empty) where unknown. ``debug_url`` shows a workflow's run in Coze, if the server told one.
    ``settled``: it has had retries of its own, and those of the call that it ended are not for it.
    """

    debug_url: str = ""
    settled: bool = False

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
        return self.message + (f" ({told})" if told else "") + (f". {self.cure}" if self.cure else "")

    def __reduce__(self) -> tuple[object, ...]:
        return _revive, (type(self), self.args, {k: v for k, v in self.__dict__.items() if not k.startswith("__")})


def _revive(kind: type[CozeError], args: tuple[object, ...], state: dict[str, object]) -> CozeError:
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
        messages: tuple[Message, ...] = (),
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

    def __str__(self) -> str:
        ids = [
            f"chat {self.chat_id}" if self.chat_id else "",
            f"conversation {self.conversation_id}" if self.conversation_id else "",
        ]
        told = ", ".join(filter(None, ids))
        return super().__str__() + (f" [{told}]" if told else "")


class ChatFailed(CozeError):
    """The bot began to answer and failed; ``chat`` has the ids and ``last_error``, ``text`` what it said before."""

    def __init__(
        self,
        message: str,
        *,
        code: int | str | None = None,
        chat: Chat | None = None,
        text: str = "",
        logid: str | None = None,
        cure: str = "",
    ) -> None:
        super().__init__(message, code=code, logid=logid, cure=cure)
        self.chat = chat
        self.text = text


class WorkflowFailed(CozeError):
    """A workflow run ended in a failure; ``messages`` are what it said before, ``debug_url`` shows the run in Coze."""

    def __init__(
        self,
        message: str,
        *,
        code: int | str | None = None,
        node_title: str = "",
        debug_url: str = "",
        execute_id: str = "",
        messages: tuple[WorkflowMessage, ...] = (),
        logid: str | None = None,
        cure: str = "",
    ) -> None:
        super().__init__(message, code=code, logid=logid, cure=cure)
        self.node_title = node_title
        self.debug_url = debug_url
        self.execute_id = execute_id
        self.messages = messages


class WorkflowInterrupted(CozeError):
    """A workflow stopped to ask somebody something: ``question``, ``options``, ``node_title``.

    ``interrupt`` is all that Coze told (event id, type, data, required parameters), untouched. ``resume(answer)`` goes
    on with the same run; on AsyncCozeClient it is to be awaited. After a pickle, resume by
    ``client.workflows.answer(…)``.
    """

    def __init__(
        self,
        message: str,
        *,
        workflow_id: str = "",
        interrupt: Interrupt | None = None,
        question: str = "",
        options: tuple[str, ...] = (),
        node_title: str = "",
        debug_url: str = "",
        execute_id: str = "",
        messages: tuple[WorkflowMessage, ...] = (),
        streamed: bool = True,
        logid: str | None = None,
    ) -> None:
        super().__init__(message, logid=logid, cure="Answer with .resume(answer): the run waits, it is not begun again")
        self.workflow_id = workflow_id
        self.interrupt = interrupt
        self.question = question
        self.options = options
        self.node_title = node_title
        self.debug_url = debug_url
        self.execute_id = execute_id
        self.messages = messages
        self.streamed = streamed  # by which family of calls it was begun
        self.resumer: Callable[[str], Any] | None = None  # of the client that ran it; not pickled

    def resume(self, answer: str) -> Any:  # a WorkflowResult on CozeClient, an awaitable of one on AsyncCozeClient
        """The result of the same run, with `answer` to its question; raises as the run itself."""
        if self.resumer is None:
            raise ConfigurationError(
                "This interrupt was unpickled and has no client", cure="Use client.workflows.answer(…) instead"
            )
        return self.resumer(answer)

    def __reduce__(self) -> tuple[object, ...]:
        return _revive, (type(self), self.args, {**self.__dict__, "resumer": None})


_SIGN_IN = (
    "Check that the token is valid, not expired, and of this server's region (coze.com and coze.cn tokens differ)"
)
_PARAMETERS = "Compare the call's parameters with the API page of this endpoint"
_LATER = "Try again later, or slow the calls down"
_MONEY = "Check the plan and the balance of the account in Coze"

_CODES: Mapping[int, tuple[type[APIError], str]] = {
    400: (InvalidRequest, _PARAMETERS),
    4000: (InvalidRequest, _PARAMETERS),
    4001: (NotFound, "Check the chat id, and that the chat was saved (auto_save_history) by this account"),
    4002: (NotFound, "Create the conversation first with client.conversations.create(), with the same account"),
    4003: (InvalidRequest, "meta_data holds at most 16 pairs, keys of 1 to 64 and values of 1 to 512 characters"),
    4004: (InvalidRequest, "Send at most 100 messages with a chat"),
    4005: (InvalidRequest, "Check the message id and its content"),
    4006: (NotFound, "Check the bot id, the region of the server, and that the token may use the bot's workspace"),
    4007: (InvalidRequest, "A chat without streaming needs auto_save_history=True"),
    4008: (QuotaExceeded, "The user's daily quota of this bot is used up; it is renewed tomorrow"),
    4009: (RateLimited, _LATER),
    4010: (InvalidRequest, "The prompt is longer than the bot's model takes: send fewer or shorter messages"),
    4011: (QuotaExceeded, _MONEY),
    4012: (InvalidRequest, "Choose another model in the bot's settings: this one is withdrawn"),
    4013: (ServerError, "The model service failed; try again later or choose another model for the bot"),
    4014: (InvalidRequest, "The bot cannot answer this question"),
    4015: (InvalidRequest, "Publish the bot to the API channel in Coze"),
    4016: (ConversationBusy, "Wait until the running chat ends, cancel it, or use another conversation"),
    4019: (QuotaExceeded, _MONEY),
    4020: (RateLimited, "Slow the calls down, or raise the plan"),
    4021: (InvalidRequest, "Configure the workflow of this bot in Coze"),
    4022: (QuotaExceeded, _MONEY),
    4100: (AuthenticationError, _SIGN_IN),
    4101: (
        PermissionDenied,
        "Give the token the permission (scope) and the workspace of this resource, and check the region",
    ),
    4102: (RateLimited, _LATER),
    4104: (InvalidRequest, "Only a chat that is created or in progress can be cancelled; retrieve it to see its state"),
    4105: (InvalidRequest, "The content was judged sensitive; change it"),
    4200: (NotFound, "Check the id, and that it was published; a self-hosted server may lack this endpoint"),
    4300: (InvalidRequest, "The uploaded file is empty"),
    4301: (InvalidRequest, "Upload one file a call"),
    4302: (InvalidRequest, "A file may have 512 MB at most"),
    4303: (InvalidRequest, "This file type is not supported"),
    4304: (InvalidRequest, "The file is damaged"),
    4314: (NotFound, "Check the execution id; records are kept for a limited time"),
    4315: (InvalidRequest, "The run has already ended and cannot be resumed"),
    5000: (ServerError, "Try again later; if it stays, give the logid to Coze's support"),
    6003: (PermissionDenied, "Asynchronous runs need a paid plan"),
    6023: (ServerError, "The workflow took too long"),
    6031: (NotFound, "Publish the workflow in Coze"),
    6039: (InvalidRequest, "The run stopped to ask somebody: use the streaming call, which can be resumed"),
    103000000: (InvalidRequest, _PARAMETERS),
    103000001: (PermissionDenied, "The conversation belongs to another user"),
    103000002: (NotFound, "Create the conversation first"),
    103100001: (ServerError, "The agent failed; the message tells more, and so does the server's log"),
    103100002: (NotFound, "Publish the agent to the API channel of this server"),
    103200005: (InvalidRequest, "Only a running chat can be cancelled"),
    106000001: (PermissionDenied, "The token's user may not do this"),
    700012006: (AuthenticationError, _SIGN_IN),
    700012014: (RateLimited, _LATER),
    720702004: (NotFound, "Check the workflow id"),
    720702011: (NotFound, "Publish the workflow in Coze"),
}

_STATUSES: Mapping[int, tuple[type[APIError], str]] = {
    400: (InvalidRequest, _PARAMETERS),
    401: (AuthenticationError, _SIGN_IN),
    403: (PermissionDenied, "Check the token's permissions; a gateway or firewall before the server may refuse too"),
    404: (NotFound, "Check the base URL; a self-hosted server may lack this endpoint"),
    405: (NotFound, "Check the base URL; a self-hosted server may lack this endpoint"),
    408: (ServerError, _LATER),
    413: (InvalidRequest, "The request is larger than a proxy or the API allows (15 MB, files 512 MB)"),
    429: (RateLimited, _LATER),
}

_NO_ROUTE = "missing session_key in cookie"  # coze-studio answers so where it has no such open API route


def refusal(
    code: int | str | None,
    message: str,
    *,
    status: int | None = None,
    logid: str | None = None,
    retry_after: float | None = None,
) -> APIError:
    """The error for a refusal: its class and cure follow Coze's code, else the HTTP status."""
    kind, cure = _judge(code, message, status)
    told = message or "The server refused the call and gave no reason"
    return kind(told, code=code, status=status, logid=logid, cure=cure, retry_after=retry_after)


def _judge(code: int | str | None, message: str, status: int | None) -> tuple[type[APIError], str]:
    if _NO_ROUTE in message:
        return NotFound, "This server has no such endpoint (a self-hosted coze-studio has only a part of the API)"
    if isinstance(code, int) and code in _CODES:
        return _CODES[code]
    if status is not None and status >= 500:
        return ServerError, _LATER
    return _STATUSES.get(status or 0, (APIError, ""))


_LOG_IN = "Let the user log in again"
_OAUTH: Mapping[str, tuple[type[OAuthError], str]] = {
    "access_denied": (AccessDenied, "The user refused; ask again only if they want to"),
    "access_deny": (AccessDenied, "The OAuth app is disabled, of another kind, or the login session is invalid"),
    "expired_token": (ExpiredToken, _LOG_IN),
    "invalid_grant": (ExpiredToken, _LOG_IN),
    "invalid_client": (
        InvalidClient,
        "Check client id, secret, private key and key id, this machine's clock, and the region of the server",
    ),
    "invalid_request": (OAuthError, "Check what the message names; codes and refresh tokens are good for one use"),
    "unsupported_grant_type": (OAuthError, "Check the kind of the OAuth app, and the base URL"),
    "internal_error": (OAuthError, _LATER),
}


def oauth_refusal(code: str, message: str, *, status: int | None = None, logid: str | None = None) -> OAuthError:
    """The error for a refusal of the OAuth endpoints; codes that are not known are plain OAuthErrors."""
    kind, cure = _OAUTH.get(code, (OAuthError, ""))
    return kind(message or code, code=code, status=status, logid=logid, cure=cure)


def cure_for(code: int | str | None) -> str:
    """What most likely helps against a Coze error code; empty if the code is not known."""
    return _CODES[code][1] if isinstance(code, int) and code in _CODES else ""

"""Which error a refusal is, and what most likely helps: by Coze's code, else by HTTP status.

Codes and their meanings: the error table of the official documentation and the constants of coze-studio.
"""

from __future__ import annotations

from collections.abc import Mapping

from coze_client.errors import (
    AccessDenied,
    APIError,
    AuthenticationError,
    ConversationBusy,
    ExpiredToken,
    InvalidClient,
    InvalidRequest,
    NotFound,
    OAuthError,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
    ServerError,
)

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
    777777780: (
        NotFound,
        "A coze-studio tells no workflow's inputs: give a signature (model, JSON schema or function)",
    ),
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


def error_for(
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


def oauth_error_for(code: str, message: str, *, status: int | None = None, logid: str | None = None) -> OAuthError:
    """The error for a refusal of the OAuth endpoints; codes that are not known are plain OAuthErrors."""
    kind, cure = _OAUTH.get(code, (OAuthError, ""))
    return kind(message or code, code=code, status=status, logid=logid, cure=cure)


def cure_for(code: int | str | None) -> str:
    """What most likely helps against a Coze error code; empty if the code is not known."""
    return _CODES[code][1] if isinstance(code, int) and code in _CODES else ""

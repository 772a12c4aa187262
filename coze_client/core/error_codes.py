"""The error class and the cure for each error code of Coze, else for each HTTP status.

Codes and meanings: the error table of the official documentation, and the constants in coze-studio's source.
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
    "Check that the token is valid, not expired, and from this server's region (coze.com and coze.cn tokens differ)"
)
_PARAMETERS = "Compare the parameters of the call with the API page of this endpoint"
_LATER = "Try again later, or send fewer calls per minute"
_SERVER = "If it happens again, send the logid to the operator of the server"
_BALANCE = "Check the plan and the balance of the account in Coze"

_WRONG_METHOD = (
    "Check base_url; a self-hosted server may not have this endpoint. The nginx that comes with coze-studio passes on"
    " only /api, /v1 to /v3 and /admin: for documents of datasets, use the server's own port (8888) as base_url"
)

_CODES: Mapping[int, tuple[type[APIError], str]] = {
    400: (InvalidRequest, _PARAMETERS),
    4000: (InvalidRequest, _PARAMETERS),
    4001: (NotFound, "Check the chat id, and that this account saved the chat (auto_save_history=True)"),
    4002: (
        NotFound,
        "Check the conversation id; create conversations with client.conversations.create() and the same account",
    ),
    4003: (InvalidRequest, "Give meta_data at most 16 pairs, with keys of 1 to 64 and values of 1 to 512 characters"),
    4004: (InvalidRequest, "Send at most 100 messages with a chat"),
    4005: (InvalidRequest, "Check the message id and its content"),
    4006: (NotFound, "Check the bot id, the server's region, and that the token may use the bot's workspace"),
    4007: (InvalidRequest, "Set auto_save_history=True, which a chat without streaming needs"),
    4008: (QuotaExceeded, "The user's daily quota for this bot is used up; try again tomorrow"),
    4009: (RateLimited, _LATER),
    4010: (InvalidRequest, "Send fewer or shorter messages: the prompt is longer than the bot's model accepts"),
    4011: (QuotaExceeded, _BALANCE),
    4012: (InvalidRequest, "Choose another model in the bot's settings: this one is no longer offered"),
    4013: (ServerError, "Choose another model for the bot if its model service fails again"),
    4014: (InvalidRequest, "Ask in another way: the bot cannot answer this question"),
    4015: (InvalidRequest, "Publish the bot to the API channel in Coze"),
    4016: (ConversationBusy, "Wait until the running chat ends, cancel it, or use another conversation"),
    4019: (QuotaExceeded, _BALANCE),
    4020: (RateLimited, "Send fewer calls per minute, or upgrade the plan"),
    4021: (InvalidRequest, "Configure this bot's workflow in Coze"),
    4022: (QuotaExceeded, _BALANCE),
    4100: (AuthenticationError, _SIGN_IN),
    4101: (
        PermissionDenied,
        "Give the token the permission (scope) and the workspace of this resource; check the server's region",
    ),
    4102: (RateLimited, _LATER),
    4104: (InvalidRequest, "Retrieve the chat to see its status: only a created or running chat can be cancelled"),
    4105: (InvalidRequest, "Change the content: Coze rates it as sensitive"),
    4200: (NotFound, "Check the id, and that it is published; a self-hosted server may not have this endpoint"),
    4300: (InvalidRequest, "Upload a file that is not empty"),
    4301: (InvalidRequest, "Upload one file per call"),
    4302: (InvalidRequest, "Upload a file of at most 512 MB"),
    4303: (InvalidRequest, "Upload another file type: Coze does not support this one"),
    4304: (InvalidRequest, "Check the file: Coze cannot read it"),
    4314: (NotFound, "Check the execution id; Coze keeps the records of runs for a limited time"),
    4315: (InvalidRequest, "Start a new run: this one has ended and cannot be resumed"),
    5000: (ServerError, "If it happens again, send the logid to Coze's support"),
    6003: (PermissionDenied, "Upgrade the plan: asynchronous runs need a paid one"),
    6023: (ServerError, "Shorten the workflow, or run it asynchronously: it exceeded its time limit"),
    6031: (NotFound, "Publish the workflow in Coze"),
    6039: (InvalidRequest, "Use the streaming call, which can be resumed: the workflow asked the user a question"),
    103000000: (InvalidRequest, _PARAMETERS),
    103000001: (PermissionDenied, "Use the token of the conversation's owner"),
    103000002: (NotFound, "Check the conversation id, or create a conversation first"),
    103100001: (ServerError, "Read the message and the server's log: the agent failed"),
    103100002: (NotFound, "Publish the agent to the API channel of this server"),
    103200005: (InvalidRequest, "Retrieve the chat to see its status: only a running chat can be cancelled"),
    106000001: (PermissionDenied, "Use the token of a user who has this permission"),
    700012006: (AuthenticationError, _SIGN_IN),
    700012014: (RateLimited, _LATER),
    720702004: (NotFound, "Check the workflow id"),
    720702011: (NotFound, "Publish the workflow in Coze"),
    777777780: (
        NotFound,
        "Give a signature (model, JSON schema or function): coze-studio does not report the inputs of workflows",
    ),
}

_STATUSES: Mapping[int, tuple[type[APIError], str]] = {
    400: (InvalidRequest, _PARAMETERS),
    401: (AuthenticationError, _SIGN_IN),
    403: (
        PermissionDenied,
        "Check the token's permissions; a gateway or firewall in front of the server may also refuse",
    ),
    404: (NotFound, "Check base_url; a self-hosted server may not have this endpoint"),
    405: (NotFound, _WRONG_METHOD),
    408: (ServerError, _SERVER),
    413: (InvalidRequest, "Send a smaller request: the API allows 15 MB, files 512 MB; a proxy may allow less"),
    429: (RateLimited, _LATER),
}

_NO_ROUTE_CURE = (
    "A self-hosted coze-studio answers so if it does not have the endpoint (it has a part of the API, and until v0.5.0"
    " less of it), and if an id in the path of the call is not all digits: check the id"
)
_NO_ROUTE = "missing session_key in cookie"  # coze-studio's message for an open API route that it does not have


def error_for(
    code: int | str | None,
    message: str,
    *,
    status: int | None = None,
    logid: str | None = None,
    retry_after: float | None = None,
) -> APIError:
    """The error for a refused call; its class and cure follow from Coze's `code`, else from the HTTP `status`."""
    kind, cure = _classify(code, message, status)
    reason = message or "The server refused the call without a reason"
    return kind(reason, code=code, status=status, logid=logid, cure=cure, retry_after=retry_after)


def _classify(code: int | str | None, message: str, status: int | None) -> tuple[type[APIError], str]:
    if _NO_ROUTE in message:
        return NotFound, _NO_ROUTE_CURE
    if isinstance(code, int) and code in _CODES:
        return _CODES[code]
    if status is not None and status >= 500:
        return ServerError, _SERVER
    return _STATUSES.get(status or 0, (APIError, ""))


_LOG_IN = "Let the user log in again"
_OAUTH: Mapping[str, tuple[type[OAuthError], str]] = {
    "access_denied": (AccessDenied, "The user refused the login; start a new one only if they want it"),
    "access_deny": (
        AccessDenied,
        "Check that the OAuth app is enabled and of the right type, and start the login again",
    ),
    "expired_token": (ExpiredToken, _LOG_IN),
    "invalid_grant": (ExpiredToken, _LOG_IN),
    "invalid_client": (
        InvalidClient,
        "Check client id, secret, private key, key id, this machine's clock and the server's region",
    ),
    "invalid_request": (
        OAuthError,
        "Check the parameter that the message names; codes and refresh tokens work only once",
    ),
    "unsupported_grant_type": (OAuthError, "Check the type of the OAuth app, and base_url"),
    "internal_error": (OAuthError, _LATER),
}


def oauth_error_for(code: str, message: str, *, status: int | None = None, logid: str | None = None) -> OAuthError:
    """The error for a refusal by an OAuth endpoint; for an unknown `code` a plain OAuthError without cure."""
    kind, cure = _OAUTH.get(code, (OAuthError, ""))
    return kind(message or code, code=code, status=status, logid=logid, cure=cure)


def cure_for(code: int | str | None) -> str:
    """The likely cure for an error code of Coze; empty for an unknown code."""
    return _CODES[code][1] if isinstance(code, int) and code in _CODES else ""

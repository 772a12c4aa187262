"""The error class and the cure for each error code of Coze, else for each HTTP status.

Codes and meanings: the error table of the official documentation, and the constants in coze-studio's source. No cure
advises to call again: the same code also ends chats and runs, which are billed.
"""

from __future__ import annotations

from collections.abc import Mapping

from coze_client.core.server_text import read_server_text
from coze_client.errors import (
    AccessDenied,
    APIError,
    AuthenticationError,
    ConversationBusy,
    CozeError,
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

Entry = tuple[type[APIError], str]

_SIGN_IN = (
    "Check that the token is valid, not expired, and from this server's region (coze.com and coze.cn tokens differ)"
)
_PARAMETERS = "Compare the parameters of the call with the API page of this endpoint"
_SLOWER = "Send fewer calls per minute: the server takes no more at the moment"
_SERVER = "If it persists, send the logid to the operator of the server"
_BALANCE = "Check the plan and the balance of the account in Coze"
_MEMBERS = "Remove a member first, or upgrade the plan: the number of members has reached its limit"
_MISSING = "Check the id: it may be deleted, of another workspace, or not visible to this token"
_STUDIO_LOG = "Read the server's log: the logid leads to what failed"
_ACCESS = "Use the token of the owner, or give this one the permission"
_BASE_URL = "Check base_url: it is the server's address alone, like https://api.coze.com, without an API path"

_WRONG_METHOD = (
    "Check base_url; a self-hosted server may not have this endpoint. The nginx that comes with coze-studio passes on"
    " only /api, /v1 to /v3 and /admin: for documents of datasets, use the server's own port (8888) as base_url"
)

_CLOUD: Mapping[int, Entry] = {
    1109: (InvalidRequest, "Record the text that is sent: audio and text differ too much"),
    3010: (InvalidRequest, "Send at most 1024 bytes of text"),
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
    4008: (QuotaExceeded, "The user's daily quota for this bot is used up until tomorrow"),
    4009: (RateLimited, _SLOWER),
    4010: (InvalidRequest, "Send fewer or shorter messages: the prompt is longer than the bot's model accepts"),
    4011: (QuotaExceeded, _BALANCE),
    4012: (InvalidRequest, "Choose another model in the bot's settings: this one is no longer offered"),
    4013: (ServerError, "Choose another model for the bot if its model service often fails"),
    4014: (InvalidRequest, "Ask in another way: the bot cannot answer this question"),
    4015: (
        InvalidRequest,
        'Publish the bot to the API channel in Coze, or ask its draft by publish_status="unpublished_draft"',
    ),
    4016: (ConversationBusy, "Wait until the running chat ends, cancel it, or use another conversation"),
    4019: (QuotaExceeded, _BALANCE),
    4020: (RateLimited, "Send fewer calls per minute, or upgrade the plan"),
    4021: (InvalidRequest, "Configure this bot's workflow in Coze"),
    4022: (QuotaExceeded, _BALANCE),
    4027: (QuotaExceeded, _BALANCE),
    4028: (QuotaExceeded, "Buy resource points or a plan: those of this account are used up"),
    4033: (QuotaExceeded, _BALANCE),
    4100: (AuthenticationError, _SIGN_IN),
    4101: (
        PermissionDenied,
        "Give the token the permission (scope) and the workspace of this resource; check the server's region",
    ),
    4102: (RateLimited, _SLOWER),
    4104: (InvalidRequest, "Retrieve the chat to see its status: only a created or running chat can be cancelled"),
    4105: (InvalidRequest, "Change the content: Coze rates it as sensitive"),
    4200: (NotFound, "Check the id, and that it is published; a self-hosted server may not have this endpoint"),
    4201: (InvalidRequest, "Nothing is left to do: this member was added before"),
    4300: (InvalidRequest, "Upload a file that is not empty"),
    4301: (InvalidRequest, "Upload one file per call"),
    4302: (InvalidRequest, "Upload a file of at most 512 MB"),
    4303: (InvalidRequest, "Upload another file type: Coze does not support this one"),
    4304: (InvalidRequest, "Check the file: Coze cannot read it"),
    4314: (NotFound, "Check the execution id; Coze keeps the records of runs for a limited time"),
    4315: (InvalidRequest, "Read the record of the run: it has ended and cannot be resumed"),
    5000: (ServerError, "If it persists, send the logid to Coze's support"),
    6003: (QuotaExceeded, "Upgrade the plan: asynchronous runs need a paid one"),
    6006: (InvalidRequest, "Shorten the code node: Coze allows it one minute"),
    6023: (ServerError, "Shorten the workflow, or run it asynchronously: it exceeded its time limit"),
    6031: (NotFound, "Publish the workflow in Coze"),
    6039: (InvalidRequest, "Use the streaming call, which can be resumed: the workflow asked the user a question"),
    701231: (ServerError, "Read the message: the bot failed"),
    700012006: (AuthenticationError, _SIGN_IN),
    700012014: (RateLimited, "Use the API, not Coze's web pages: Coze takes the calls for unusual traffic"),
    702042018: (QuotaExceeded, _MEMBERS),
    702042162: (InvalidRequest, "Add the user to the enterprise first"),
    708882003: (PermissionDenied, "Allow the bot to use the dataset: its search was refused"),
    720702204: (InvalidRequest, "Give the name of a conversation that exists"),
    777074011: (QuotaExceeded, _MEMBERS),
    777074044: (InvalidRequest, "Appoint another super admin first: this one is the last"),
    788788103: (QuotaExceeded, "Pay the bill of the Volcano Engine account: it is overdue"),
}

_STUDIO: Mapping[int, Entry] = {
    100000000: (InvalidRequest, "Check the bot id, and publish the agent to the API channel of this server"),
    100000011: (InvalidRequest, "Unbind the database first: the agent has it already"),
    100000013: (InvalidRequest, "Choose a model for the agent, and configure models on the server"),
    101000003: (InvalidRequest, "Choose a model for the app, and configure models on the server"),
    103000001: (PermissionDenied, "Use the token of the conversation's owner"),
    103000002: (NotFound, "Check the conversation id, or create a conversation first"),
    103100001: (ServerError, "Read the message and the server's log: the agent failed"),
    103100002: (NotFound, "Publish the agent to the API channel of this server"),
    103200002: (ServerError, "Read the server's log: the agent or its model failed"),
    103200005: (InvalidRequest, "Retrieve the chat to see its status: only a running chat can be cancelled"),
    104000004: (InvalidRequest, "Upload a smaller file"),
    104000006: (InvalidRequest, "Upload a file that is not empty"),
    104000007: (InvalidRequest, "Upload one file per call"),
    105000017: (InvalidRequest, "Split the document: it is too large"),
    105000018: (ServerError, "Wait for the document with client.datasets.wait: it is still being processed"),
    106000001: (PermissionDenied, "Use the token of a user who has this permission"),
    720702004: (NotFound, "Check the workflow id"),
    720702011: (NotFound, "Publish the workflow in Coze"),
    720702078: (InvalidRequest, "Use the streaming call, which can be resumed: the workflow asked the user a question"),
    720702085: (ServerError, "Shorten the workflow, or run it asynchronously: it exceeded its time limit"),
    777777776: (ServerError, "Give the node a longer timeout, or less to do"),
    777777777: (InvalidRequest, "A user cancelled this run"),
    777777780: (
        NotFound,
        "Give a signature (model, JSON schema or function): coze-studio does not report the inputs of workflows",
    ),
}

# The codes of coze-studio whose name says nothing more than their kind.
_STUDIO_KINDS: Mapping[Entry, str] = {
    (InvalidRequest, _PARAMETERS): (
        "100000001 101000000 102000000 103000000 103100005 104000000 104000002 104000003 105000000 105000002 "
        "105000010 105000013 105000015 105000016 105000024 105000027 105000035 105000037 106000000 106000003 "
        "106000018 106000019 106000020 106000021 106000022 106000023 106000024 106000026 107000000 109000000 "
        "109000003 109000004 109000006 109000007 109000008 109000011 109000014 109000015 110000000 111000000 "
        "112000000 700000001 700000002 700000003 700000006 700000008 702093204 720702001 720702002 720702200 "
        "720702250 720712014 720712033 720712049 777777763 777777769 777777774"
    ),
    (NotFound, _MISSING): (
        "100000002 100000009 101000002 102000002 103200001 103200003 103200004 104000009 104000010 105000011 "
        "105000012 105000020 105000025 106000008 106000016 106000017 109000005 110000005 700000005 720702201 "
        "777777762 777777766 777777768 777777771 777777778"
    ),
    (PermissionDenied, _ACCESS): (
        "100000003 101000001 102000001 104000001 105000001 107000001 108000000 109000001 109000002 109000013 "
        "110000001 111000001 112000002 700000004 700000007 777777765"
    ),
    (ServerError, _STUDIO_LOG): (
        "100000004 100000005 100000006 100000007 100000008 100000010 100000012 103000003 103100003 103100004 "
        "104000005 104000008 105000003 105000004 105000005 105000006 105000007 105000008 105000009 105000014 "
        "105000019 105000021 105000022 105000023 105000026 105000028 105000029 105000030 105000031 105000032 "
        "105000033 105000034 105000036 106000002 106000004 106000005 106000006 106000007 106000009 106000010 "
        "106000011 106000012 106000013 106000014 106000015 106000025 109000009 109000010 109000012 109000016 "
        "109000017 109000018 109000019 109000020 109000021 110000002 110000003 110000004 110000006 110000007 "
        "305000002 720700801 720700803 720700808 720701003 720701004 720701007 720701011 720701013 720702089 "
        "720712023 777777764 777777767 777777770 777777772 777777773 777777775 777777779 777777781 777777782"
    ),
}

_CODES: Mapping[int, Entry] = {
    **{code: entry for entry, codes in _STUDIO_KINDS.items() for code in map(int, codes.split())},
    **_STUDIO,
    **_CLOUD,
}

_RUN_FAILURES = ("720701", "720702", "720712", "777777", "305000002", "6006", "6023")  # prefixes
_STATUSES: Mapping[int, Entry] = {
    400: (InvalidRequest, _PARAMETERS),
    401: (AuthenticationError, _SIGN_IN),
    403: (
        PermissionDenied,
        "Check the token's permissions; a gateway or firewall in front of the server may also refuse",
    ),
    404: (NotFound, f"{_BASE_URL}; a self-hosted server may not have this endpoint"),
    405: (NotFound, _WRONG_METHOD),
    408: (ServerError, _SERVER),
    413: (InvalidRequest, "Send a smaller request: the API allows 15 MB, files 512 MB; a proxy may allow less"),
    429: (RateLimited, _SLOWER),
    501: (NotFound, "This server does not implement the call; a self-hosted coze-studio has only a part of the API"),
}

_NO_ROUTE_CURE = (
    "A self-hosted coze-studio answers so if it does not have the endpoint (it has a part of the API, and until v0.5.0"
    " less of it), and if an id in the path of the call is not all digits: check the id"
)
# Refusals that are known by their text, because their codes say less or nothing.
_TEXTS: Mapping[str, Entry] = {
    "missing session_key in cookie": (NotFound, _NO_ROUTE_CURE),
    "requested API endpoint": (NotFound, _BASE_URL),
    "does not have access to space 0": (NotFound, "Check the execution id: the server does not know this run"),
}
_STUDIO_NO_RECORD = "record not found"  # the whole text for an unknown chat


def error_for(
    code: int | str | None,
    message: str,
    *,
    status: int | None = None,
    logid: str | None = None,
    retry_after: float | None = None,
) -> APIError:
    """The error for a refused call; its class and cure follow from Coze's `code`, else from the HTTP `status`.

    `message` is the server's text. The error's message is a sentence of it, ``server_text`` all of it. A code inside
    the text (coze-studio: ``code=N message=…``) says more than the code around it.
    """
    text = read_server_text(message)
    inner = _inner_code(code, text.codes)
    kind, cure = _classify(code if inner is None else inner, text.sentence, status)
    reason = text.sentence or "The server refused the call without a reason"
    known = code if inner is None else inner
    error = kind(reason, code=known, status=status, logid=logid, cure=cure, retry_after=retry_after)
    error.server_text = text.raw
    if inner is not None:
        error.code_around = code if code is not None else status or 0
    return error


def tell_failure(error: CozeError, code: int | str | None, message: str) -> None:
    """Set message, code, cure and server text of an error of a chat or run that failed, like ``error_for``."""
    text = read_server_text(message)
    inner = _inner_code(code, text.codes)
    error.code = code if inner is None else inner
    error.cure = cure_for(error.code)
    error.server_text = text.raw
    error.message = text.sentence or error.message
    error.args = (error.message,)


def _inner_code(code: int | str | None, inner: tuple[int, ...]) -> int | None:
    """The innermost known code of a text, or any if the code around it is unknown, too; ``None`` for none."""
    known = [each for each in inner if each in _CODES]
    if known:
        return known[-1]
    return inner[0] if inner and code not in _CODES else None


def _classify(code: int | str | None, message: str, status: int | None) -> Entry:
    for part, entry in _TEXTS.items():
        if part in message:
            return entry
    if message == _STUDIO_NO_RECORD:
        return NotFound, _MISSING
    if isinstance(code, int) and code in _CODES:
        return _CODES[code]
    if status in (None, 200) and isinstance(code, int) and code in _STATUSES:
        return _STATUSES[code]
    if status is not None and status in _STATUSES:
        return _STATUSES[status]
    return (ServerError, _SERVER) if status is not None and status >= 500 else (APIError, "")


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
    "internal_error": (OAuthError, _SLOWER),
}


def is_run_failure(code: int | str | None) -> bool:
    """True for a code that says how a workflow run has failed; such a run does not go on."""
    return isinstance(code, int) and code in _CODES and str(code).startswith(_RUN_FAILURES)


def is_oauth_code(code: str) -> bool:
    """True for an error code of OAuth, such as invalid_grant."""
    return code in _OAUTH or code in ("authorization_pending", "slow_down")


def oauth_error_for(code: str, message: str, *, status: int | None = None, logid: str | None = None) -> OAuthError:
    """The error for a refusal by an OAuth endpoint; for an unknown `code` a plain OAuthError without cure."""
    kind, cure = _OAUTH.get(code, (OAuthError, ""))
    text = read_server_text(message or code)
    error = kind(text.sentence, code=code, status=status, logid=logid, cure=cure)
    error.server_text = text.raw
    return error


def cure_for(code: int | str | None) -> str:
    """The likely cure for an error code of Coze; empty for an unknown code."""
    return _classify(code, "", None)[1]

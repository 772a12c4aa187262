"""The call in which every grant ends: a proof goes out, a token comes back; neither is ever shown.

API pages: oauth_code, oauth_pkce, oauth_device_code, oauth_jwt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from functools import partial

from coze_client.auth.token import Token
from coze_client.core.request import Kind, Request
from coze_client.core.response import RawResponse, read_envelope
from coze_client.errors import OAuthError, ProtocolError

TOKEN_PATH = "/api/permission/oauth2/token"  # noqa: S105 - a path
NOTICEABLE_SKEW = 5.0
_SECRETS = ("code", "code_verifier", "device_code", "refresh_token")


def token_request(
    body: Mapping[str, object],
    clock: Callable[[], float],
    *,
    path: str = TOKEN_PATH,
    last: Token | None = None,
    kind: Kind = Kind.START,
    signed: bool = True,
) -> Request[Token]:
    """The call that turns a proof into a token, signed with the app's secret or a JWT where the app has one."""
    secrets = tuple(str(body[name]) for name in _SECRETS if name in body)
    read = partial(_read_token, clock=clock, last=last)
    return Request("POST", path, read, body=_Proof(body), kind=kind, signed=signed, secrets=secrets)


class _Proof(dict[str, object]):
    """The body of a token request, which a repr of the request does not show."""

    def __repr__(self) -> str:
        return "{…}"


def skew_of(answer: RawResponse, now: float) -> float:
    """By how many seconds the server's clock (header ``Date``) is ahead of ours; 0 if not by a noticeable time."""
    try:
        skew = parsedate_to_datetime(answer.headers.get("date", "")).timestamp() - now
    except ValueError:
        return 0.0
    return skew if abs(skew) > NOTICEABLE_SKEW else 0.0


def _read_token(answer: RawResponse, *, clock: Callable[[], float], last: Token | None) -> Token:
    now = clock()
    skew = skew_of(answer, now)
    try:
        token = Token.read(read_secret(answer), now=now, skew=skew, before=last)
    except OAuthError as error:
        error.skew = skew
        raise
    except ValueError:
        raise ProtocolError("The token's expires_in is no number", status=answer.status, logid=answer.logid) from None
    if not token.access_token:
        raise ProtocolError("The token answer has no access_token", status=answer.status, logid=answer.logid)
    return token


def read_secret(answer: RawResponse) -> Mapping[str, object]:
    """As ``read_envelope``, but the error for what is no JSON object quotes nothing: it may hold a token."""
    try:
        return read_envelope(answer)
    except ProtocolError as error:
        raise ProtocolError(
            "The answer to a sign-in is no JSON object", status=answer.status, logid=answer.logid, cure=error.cure
        ) from None

"""The token request of all OAuth grants. Its body and its response are secret and never shown.

API pages: oauth_code, oauth_pkce, oauth_device_code, oauth_jwt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from coze_client.auth.token import Token
from coze_client.core.masking import SecretText
from coze_client.core.request import Kind, Request
from coze_client.core.response import RawResponse, parse_date, read_envelope
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
    """The request for a token.

    `body`: the grant's parameters, such as a code or refresh token. `last`: the token that it renews, if any. `signed`:
    False for an app without a secret or JWT.
    """
    secrets = tuple(SecretText(body[name]) for name in _SECRETS if name in body)
    read = partial(_read_token, clock=clock, last=last)
    return Request("POST", path, read, body=_SecretBody(body), kind=kind, signed=signed, secrets=secrets)


class _SecretBody(dict[str, object]):
    """The body of a token request, which a repr of the request does not show."""

    def __repr__(self) -> str:
        return "{…}"


def clock_skew(response: RawResponse, now: float) -> float:
    """Seconds by which the server's clock (header ``Date``) is ahead of `now`; 0 for less than 5 seconds."""
    date = parse_date(response.headers.get("date", ""))
    skew = 0.0 if date is None else date - now
    return skew if abs(skew) > NOTICEABLE_SKEW else 0.0


def _read_token(response: RawResponse, *, clock: Callable[[], float], last: Token | None) -> Token:
    now = clock()
    skew = clock_skew(response, now)
    try:
        token = Token.read(read_secret(response), now=now, skew=skew, before=last)
    except OAuthError as error:
        error.skew = skew
        raise
    except ValueError:
        raise ProtocolError(
            "The expires_in of the token is not a number", status=response.status, logid=response.logid
        ) from None
    if not token.access_token:
        raise ProtocolError("The token response has no access_token", status=response.status, logid=response.logid)
    return token


def read_secret(response: RawResponse) -> Mapping[str, object]:
    """Like ``read_envelope``, but the error quotes nothing of a malformed response: it may contain a token."""
    try:
        return read_envelope(response)
    except ProtocolError as error:
        raise ProtocolError(
            "The response to the login is not a JSON object",
            status=response.status,
            logid=response.logid,
            cure=error.cure,
        ) from None

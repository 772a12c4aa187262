"""Verify the JWT with which a service app authenticates (API page: oauth_jwt)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, NoReturn

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.request import Fields
from coze_client.emulator.routes.oauth.oauth_apps import OAuthApp, find_app
from coze_client.emulator.routes.oauth.oauth_error import OAuthError
from coze_client.emulator.state.backend import Backend

AUDIENCES = frozenset({"api.coze.com", "api.coze.cn"})
SKEW = 300  # seconds that iat may be in the future
LONGEST = 24 * 3600  # seconds between iat and exp
FAR = 2**40


@dataclass(frozen=True)
class UsedJwt:
    """A JWT that was used; `id` is the app and the jti, which is valid once."""

    KIND: ClassVar[str] = "UsedJwt"

    id: str
    owner: str


class VerifiedJwt(NamedTuple):
    """The app that signed a JWT, and the session of its end user, "" for none."""

    app: OAuthApp
    session: str


def verify(backend: Backend, bearer: str, host: str) -> VerifiedJwt:
    """Verify a JWT and mark it as used; invalid_client if it breaks a rule."""
    app, claims = _check_signature(backend, bearer)
    try:
        jti, session = claims.text("jti"), claims.optional("session_name") or ""
        _check_audience(claims.text("aud"), host)
        _check_time(backend, claims)
    except ApiError as error:
        _invalid(error.msg)
    used = UsedJwt(f"{app.client_id} {jti}", app.client_id)
    if backend.state.get(UsedJwt, used.id) is not None:
        _invalid("this jti was used before; sign a new JWT for each request")
    backend.state.save(used)
    return VerifiedJwt(app, session)


def _check_signature(backend: Backend, bearer: str) -> tuple[OAuthApp, Fields]:
    """Return the app named by iss and kid, and the claims, after checking the signature."""
    import jwt

    try:
        header = jwt.get_unverified_header(bearer)
        unverified = jwt.decode(bearer, options={"verify_signature": False})
        app = find_app(backend, str(unverified.get("iss", "")))
        if app is None or app.kind != "jwt" or header.get("kid") != app.public_key_id:
            _invalid("iss and kid do not name a service app and its key")
        if (header.get("alg"), header.get("typ")) != ("RS256", "JWT"):
            _invalid("alg must be RS256 and typ JWT")
        return app, Fields(json.loads(jwt.PyJWS().decode(bearer, app.public_key, algorithms=["RS256"])))
    except jwt.PyJWTError:
        _invalid("the JWT cannot be read, or its signature is not the app's")


def _check_audience(audience: str, host: str) -> None:
    own = {host, host.rpartition(":")[0] or host}
    if audience not in own | AUDIENCES:
        _invalid("aud must be the host name of the API")


def _check_time(backend: Backend, claims: Fields) -> None:
    issued, expires = claims.number("iat", 0, 1, FAR), claims.number("exp", 0, 1, FAR)
    if issued > backend.clock() + SKEW:
        _invalid("iat is in the future; is the clock right?")
    if expires <= backend.clock():
        _invalid("exp has passed; is the clock right?")
    if not issued < expires <= issued + LONGEST:
        _invalid("exp must be after iat, by at most a day")


def _invalid(message: str) -> NoReturn:
    raise OAuthError("invalid_client", message)

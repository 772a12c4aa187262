"""The JWT by which a service app proves who it is (API page: oauth_jwt)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from coze_client.emulator.protocol.refusal import Refusal
from coze_client.emulator.protocol.request import Fields
from coze_client.emulator.routes.oauth.oauth_apps import OAuthApp, find
from coze_client.emulator.routes.oauth.oauth_refusal import OAuthRefusal
from coze_client.emulator.state.backend import Backend

AUDIENCES = frozenset({"api.coze.com", "api.coze.cn"})
SKEW = 300  # seconds that iat may lie ahead
LONGEST = 24 * 3600  # seconds from iat to exp
FAR = 2**40


@dataclass(frozen=True)
class UsedJwt:
    """`id` is the app and the jti, which works once."""

    id: str
    owner: str


class Service(NamedTuple):
    """Who signed, and for which of its users, "" for none."""

    app: OAuthApp
    session: str


def prove(backend: Backend, bearer: str, host: str) -> Service:
    """The app that signed this JWT, which from now on is used up; invalid_client if any rule is broken."""
    app, claims = _signed(backend, bearer)
    try:
        jti, session = claims.text("jti"), claims.optional("session_name") or ""
        _check_audience(claims.text("aud"), host)
        _check_time(backend, claims)
    except Refusal as refusal:
        _invalid(refusal.msg)
    used = UsedJwt(f"{app.client_id} {jti}", app.client_id)
    if backend.state.get(UsedJwt, used.id) is not None:
        _invalid("this jti was used before; sign a new JWT for each request")
    backend.state.save(used)
    return Service(app, session)


def _signed(backend: Backend, bearer: str) -> tuple[OAuthApp, Fields]:
    """The app named by iss and kid, and the claims, whose signature is its own."""
    import jwt

    try:
        header = jwt.get_unverified_header(bearer)
        unverified = jwt.decode(bearer, options={"verify_signature": False})
        app = find(backend, str(unverified.get("iss", "")))
        if app is None or app.kind != "jwt" or header.get("kid") != app.public_key_id:
            _invalid("iss and kid name no service app and key of it")
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
        _invalid("iat lies in the future; is the clock right?")
    if expires <= backend.clock():
        _invalid("exp has passed; is the clock right?")
    if not issued < expires <= issued + LONGEST:
        _invalid("exp must be after iat, by a day at most")


def _invalid(why: str) -> NoReturn:
    raise OAuthRefusal("invalid_client", why)

"""A service account: the app signs a JWT with its private key, and Coze gives a short-lived token for it.

API pages: oauth_jwt, oauth_jwt_channel, oauth_jwt_collaborate, oauth_jwt_privilege.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

from coze_client.auth.renewal import Renewable
from coze_client.auth.token import Token
from coze_client.auth.token_request import NOTICEABLE_SKEW, TOKEN_PATH, token_request
from coze_client.auth.token_store import TokenStore
from coze_client.core.config import checked_url
from coze_client.core.request import Kind, fields, segment
from coze_client.errors import ConfigurationError, OAuthError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from coze_client.core.credentials import Caller

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_JWT_SECONDS = 600  # how long a signed JWT itself is good for; each is used once
_LEEWAY_SECONDS = 5  # a clock may be a little ahead of Coze's
_LONGEST_TTL = 86399
_CLOCK_COMPLAINTS = ("invalid_client", "invalid_request")


class JWT(Renewable):
    """Tokens for a service, without anybody logging in.

    `client_id` of the OAuth app, `private_key` (PEM text, PKCS#8 or PKCS#1) and `public_key_id` as made with it. `ttl`:
    seconds a token lives, 900 by default, 86399 at most. `session_name` keeps conversations of different users apart
    (``for_session``). `scope` limits channel apps. `account_id` (another account, or an organisation) or
    `enterprise_id`, not both. `audience` defaults to the host of `base_url` (default: the client's). `store` shares
    tokens between processes.

    The key is read once, here, which takes some 30 ms: make one and use it everywhere. Raises ConfigurationError for a
    key that is none.
    """

    def __init__(
        self,
        client_id: str,
        *,
        private_key: str,
        public_key_id: str,
        ttl: int = 900,
        session_name: str | None = None,
        session_context: Mapping[str, object] | None = None,
        scope: Mapping[str, object] | None = None,
        account_id: str | None = None,
        enterprise_id: str | None = None,
        audience: str | None = None,
        store: TokenStore | None = None,
        base_url: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if account_id and enterprise_id:
            raise ConfigurationError("Give account_id or enterprise_id, not both")
        if not 0 < ttl <= _LONGEST_TTL:
            raise ConfigurationError(f"ttl is 1 to {_LONGEST_TTL} seconds, not {ttl}")
        if not client_id or not public_key_id:
            raise ConfigurationError("client_id or public_key_id is empty: both stand on the OAuth app's page")
        self.client_id = client_id
        self.public_key_id = public_key_id
        self.ttl = ttl
        self.session_name = session_name
        self.session_context = session_context
        self.scope = scope
        self.account_id = account_id
        self.enterprise_id = enterprise_id
        self.base_url = None if base_url is None else checked_url(base_url)
        self.audience = audience
        self._signer = Signer(private_key)
        super().__init__(self._name(), store, clock)

    def for_session(self, session_name: str) -> JWT:
        """The same service acting for one of its users, with the same store and key; the store keeps its token."""
        if not session_name:
            raise ConfigurationError("session_name is empty: those who share one see each other's conversations")
        other = object.__new__(JWT)
        other.__dict__.update(self.__dict__, session_name=session_name)
        Renewable.__init__(other, other._name(), self.store, self.clock)
        other.origin = (JWT.for_session, (self, session_name)) if self.origin else None
        return other

    async def grant(self, caller: Caller, last: Token | None) -> Token:
        """A token for a newly signed JWT; one more if the server's clock tells that ours is wrong."""
        used = self._signer.skew
        try:
            return await self._exchange(caller)
        except OAuthError as error:
            if error.code not in _CLOCK_COMPLAINTS or abs(error.skew - used) <= NOTICEABLE_SKEW:
                raise
            self._signer.skew = error.skew
        return await self._exchange(caller)

    async def _exchange(self, caller: Caller) -> Token:
        body = fields(grant_type=_GRANT, duration_seconds=self.ttl, scope=self.scope)
        request = token_request(body, self.clock, path=self._path(), kind=Kind.READ)
        return await caller.send(request, _Assertion(self))

    def sign(self, server: str) -> str:
        """A JWT for `server` (its base URL), good for one use within ten minutes; secret until it is used."""
        issued = int(self.clock() + self._signer.skew) - _LEEWAY_SECONDS
        claims = fields(
            iss=self.client_id,
            aud=self.audience or urlsplit(self.base_url or server).netloc,
            iat=issued,
            exp=issued + _JWT_SECONDS,
            jti=f"{uuid4().hex}{issued:x}",
            session_name=self.session_name,
            session_context=self.session_context,
        )
        return self._signer.sign(claims, self.public_key_id)

    def _path(self) -> str:
        base, _, last = TOKEN_PATH.rpartition("/")
        if self.account_id:
            return f"{base}/account/{segment(self.account_id)}/{last}"
        return f"{base}/enterprise_id/{segment(self.enterprise_id)}/{last}" if self.enterprise_id else TOKEN_PATH

    def _name(self) -> str:
        told = [self.account_id, self.enterprise_id, self.session_name, self.session_context, self.scope, self.ttl]
        return f"jwt:{self.client_id}:{sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]}"

    def __repr__(self) -> str:
        return f"JWT(client_id={self.client_id!r}, session_name={self.session_name!r})"


class Signer:
    """A private key, and by how many seconds the server's clock is ahead; shared by all sessions of a service."""

    def __init__(self, private_key: str) -> None:
        self._key = _parsed(private_key)
        self.skew = 0.0

    def sign(self, claims: Mapping[str, object], key_id: str) -> str:
        """A JWT of these claims, RS256."""
        import jwt

        return jwt.encode(dict(claims), self._key, algorithm="RS256", headers={"kid": key_id})


class _Assertion(NamedTuple):
    """What the token request is signed with: a JWT of its own for each try, since each is good for one use."""

    service: JWT

    async def token(self, caller: Caller) -> str:
        return await caller.concurrency.call(partial(self.service.sign, caller.config.base_url))  # milliseconds of CPU

    async def renew(self, caller: Caller, refused: str) -> bool:
        return False


@lru_cache(maxsize=16)
def _parsed(private_key: str) -> RSAPrivateKey:
    """A key from PEM text, also from a variable that spells its line ends as backslash n; never quoted in errors."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pem = private_key.replace("\\n", "\n").strip().encode()
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise ConfigurationError(
            "private_key is not an RSA key in PEM form",
            cure="Give the whole text (not a path), from -----BEGIN to END-----, without password",
        )
    return key

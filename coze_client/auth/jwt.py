"""Service accounts: the app signs a JWT with its private key, and Coze exchanges it for a short-lived token.

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
from coze_client.core.config import checked_base_url
from coze_client.core.request import Kind, fields, segment
from coze_client.errors import ConfigurationError, OAuthError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from coze_client.core.credentials import Caller

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_JWT_SECONDS = 600  # lifetime of a signed JWT; each is used once
_LEEWAY_SECONDS = 5  # in case this clock is a little ahead of Coze's
_MAX_TTL = 86399
_CLOCK_ERRORS = ("invalid_client", "invalid_request")


class JWT(Renewable):
    """Credentials of a service account, which needs no login.

    `client_id`: the id of the OAuth app. `private_key`: PEM text (PKCS#8 or PKCS#1). `public_key_id`: the id that Coze
    gave to its public key. `ttl`: lifetime of a token in seconds, default 900, at most 86399. `session_name`: separates
    the conversations of different users (``for_session``). `session_context`: sent as a claim of the JWT. `scope`:
    limits the permissions of channel apps. `account_id`: another account or an organisation; or `enterprise_id`, not
    both. `audience`: default is the host of `base_url`, which defaults to the client's. `store`: shares tokens between
    processes. `clock` returns unix seconds.

    Parsing the key takes about 30 ms: create one object and use it everywhere. Raises ConfigurationError for an invalid
    key or argument.
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
        if not 0 < ttl <= _MAX_TTL:
            raise ConfigurationError(f"ttl must be 1 to {_MAX_TTL} seconds, not {ttl}")
        if not client_id or not public_key_id:
            raise ConfigurationError("client_id or public_key_id is empty; copy both from the OAuth app's page in Coze")
        self.client_id = client_id
        self.public_key_id = public_key_id
        self.ttl = ttl
        self.session_name = session_name
        self.session_context = session_context
        self.scope = scope
        self.account_id = account_id
        self.enterprise_id = enterprise_id
        self.base_url = None if base_url is None else checked_base_url(base_url)
        self.audience = audience
        self._signer = Signer(private_key)
        super().__init__(self._name(), store, clock)

    def for_session(self, session_name: str) -> JWT:
        """The credentials of the service for one of its users, with the same key and store."""
        if not session_name:
            raise ConfigurationError("session_name is empty; users with the same name see each other's conversations")
        other = object.__new__(JWT)
        other.__dict__.update(self.__dict__, session_name=session_name)
        Renewable.__init__(other, other._name(), self.store, self.clock)
        other.origin = (JWT.for_session, (self, session_name)) if self.origin else None
        return other

    async def grant(self, caller: Caller, last: Token | None) -> Token:
        """Get a token for a new JWT; try once more if the server's clock shows that this machine's is wrong."""
        skew = self._signer.skew
        try:
            return await self._exchange(caller)
        except OAuthError as error:
            if error.code not in _CLOCK_ERRORS or abs(error.skew - skew) <= NOTICEABLE_SKEW:
                raise
            self._signer.skew = error.skew
        return await self._exchange(caller)

    async def _exchange(self, caller: Caller) -> Token:
        body = fields(grant_type=_GRANT, duration_seconds=self.ttl, scope=self.scope)
        request = token_request(body, self.clock, path=self._path(), kind=Kind.READ)
        return await caller.send(request, _Assertion(self))

    def sign(self, server: str) -> str:
        """Sign a JWT for `server` (its base URL). It works once, within ten minutes; keep it secret until then."""
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
        parts = [self.account_id, self.enterprise_id, self.session_name, self.session_context, self.scope, self.ttl]
        return f"jwt:{self.client_id}:{sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]}"

    def __repr__(self) -> str:
        return f"JWT(client_id={self.client_id!r}, session_name={self.session_name!r})"


class Signer:
    """A private key, and the seconds by which the server's clock is ahead; all sessions of a service share it."""

    def __init__(self, private_key: str) -> None:
        self._key = _parsed(private_key)
        self.skew = 0.0

    def sign(self, claims: Mapping[str, object], key_id: str) -> str:
        """Sign a JWT with these claims (RS256)."""
        import jwt

        return jwt.encode(dict(claims), self._key, algorithm="RS256", headers={"kid": key_id})


class _Assertion(NamedTuple):
    """Credentials of the token request: a new JWT for each try, because a JWT works only once."""

    service: JWT

    async def token(self, caller: Caller) -> str:
        return await caller.concurrency.call(partial(self.service.sign, caller.config.base_url))  # milliseconds of CPU

    async def renew(self, caller: Caller, refused: str) -> bool:
        return False


@lru_cache(maxsize=16)
def _parsed(private_key: str) -> RSAPrivateKey:
    """Parse PEM text, also with line ends written as backslash n (environment variables); errors never quote it."""
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
            cure="Give the whole text (not a path), from -----BEGIN to END-----, of a key without password",
        )
    return key

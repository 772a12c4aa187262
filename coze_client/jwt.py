"""A service account: the app signs a JWT with its private key, and Coze gives a short-lived token for it.

API pages: oauth_jwt, oauth_jwt_channel, oauth_jwt_collaborate, oauth_jwt_privilege.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

from coze_client.errors import ConfigurationError, OAuthError
from coze_client.oauth import TOKEN_PATH, token_request
from coze_client.renewal import Renewable
from coze_client.request import Kind, Request, fields, segment
from coze_client.retry import Retry, passes, retrying
from coze_client.token import Token
from coze_client.token_store import TokenStore

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from coze_client.session import Session

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
    `enterprise_id`, not both. `audience` defaults to the API host. `store` shares tokens between processes.

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
        self.client_id = client_id
        self.public_key_id = public_key_id
        self.ttl = ttl
        self.session_name = session_name
        self.session_context = session_context
        self.scope = scope
        self.account_id = account_id
        self.enterprise_id = enterprise_id
        self.audience = audience
        self.base_url = base_url
        self._skew = 0.0
        self._key = _parsed(private_key)
        super().__init__(self._name(), store, clock)
        self._sessions: dict[str, JWT] = {}

    def for_session(self, session_name: str) -> JWT:
        """The same service acting for one of its users; made once a name, with the same store and key."""
        found = self._sessions.get(session_name)
        if found is None:
            found = object.__new__(JWT)
            found.__dict__.update(self.__dict__, session_name=session_name)
            Renewable.__init__(found, found._name(), self.store, self.clock)
            found.origin = (JWT.for_session, (self, session_name)) if self.origin else None
            found = self._sessions.setdefault(session_name, found)
        return found

    async def grant(self, session: Session, last: Token | None) -> Token:
        """A token for a newly signed JWT; tries again, newly signed, where that can help."""
        send = partial(self._exchange, session)
        retry = session.config.retry or Retry(attempts=1)
        loop = retrying(retry, lambda error: passes(Kind.READ, error), sleep=session.face.sleep)
        return await loop(send)

    async def _exchange(self, session: Session) -> Token:
        server = session.config.base_url
        try:
            return await session.send(self._request(server))
        except OAuthError as error:
            if error.code not in _CLOCK_COMPLAINTS or not error.skew or error.skew == self._skew:
                raise
            self._skew = error.skew  # our clock is wrong, and the server told by how much
        return await session.send(self._request(server))

    def _request(self, server: str) -> Request[Token]:
        body = fields(grant_type=_GRANT, duration_seconds=self.ttl, scope=self.scope)
        return token_request(body, self.clock, bearer=self.sign(server), path=self._path())

    def sign(self, server: str) -> str:
        """A JWT for `server` (its base URL), good for one use within ten minutes."""
        import jwt

        now = int(self.clock() + self._skew)
        claims = fields(
            iss=self.client_id,
            aud=self.audience or urlsplit(server).netloc,
            iat=now - _LEEWAY_SECONDS,
            exp=now + _JWT_SECONDS,
            jti=f"{uuid4().hex}{now:x}",
            session_name=self.session_name,
            session_context=self.session_context,
        )
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self.public_key_id})

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


def _parsed(private_key: str) -> RSAPrivateKey:
    """A key from PEM text, also from a variable that spells its line ends as backslash n; never quoted in errors."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pem = private_key.replace("\\n", "\n").strip().encode()
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise ConfigurationError(
            "private_key is not an RSA key in PEM form", cure="Give the whole text, from -----BEGIN to END-----"
        )
    return key

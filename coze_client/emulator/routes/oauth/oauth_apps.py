"""OAuth apps: register them, find them, and one standard app of each kind."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.oauth.key_pairs import KeyPair, fingerprint, new_key_pair
from coze_client.emulator.routes.oauth.oauth_error import OAuthError
from coze_client.emulator.routes.oauth.tokens import ACCOUNT
from coze_client.emulator.state.backend import Backend

Kind = Literal["web", "pkce", "device", "jwt"]
KINDS: tuple[Kind, ...] = get_args(Kind)
STANDARD_IDS = {kind: str(7010000000000000001 + place) for place, kind in enumerate(KINDS)}
FIRST_APP_ID = 7010000000000000101
STANDARD_REDIRECT_URIS = ("http://127.0.0.1:8766/callback", "http://localhost:8766/callback")
SUFFIX = ".app.coze"


@dataclass(frozen=True)
class OAuthApp:
    """One registered app; `scopes` None grants all permissions of its user.

    `client_secret` is "" unless the kind is "web"; the keys are "" unless it is "jwt". `interval` and
    `code_lifetime` are the seconds in replies to a device.
    """

    KIND: ClassVar[str] = "OAuthApp"

    id: str
    kind: Kind
    name: str
    client_secret: str = field(default="", repr=False)
    redirect_uris: list[str] = field(default_factory=list)
    scopes: list[str] | None = None
    public_key: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    public_key_id: str = ""
    interval: int = 5
    code_lifetime: int = 300

    @property
    def owner(self) -> str:
        """The account of the developer; a service app acts for it."""
        return ACCOUNT

    @property
    def client_id(self) -> str:
        """The id that the app sends."""
        return self.id if self.kind == "jwt" else self.id + SUFFIX

    def config(self, url: str) -> dict[str, str]:
        """Return the app in the format of the official SDKs' config files, with `url` as both hosts."""
        fields = {
            "client_type": self.kind,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "private_key": self.private_key,
            "public_key_id": self.public_key_id,
            "coze_api_base": url,
            "coze_www_base": url,
        }
        return {name: value for name, value in fields.items() if value}


def register(
    backend: Backend,
    kind: Kind,
    *,
    app_id: str | None = None,
    redirect_uris: Sequence[str] = (),
    scopes: Collection[str] | None = None,
    keys: KeyPair | None = None,
    interval: int = 5,
    code_lifetime: int = 300,
) -> OAuthApp:
    """Register an app; a "jwt" app without keys gets a new pair. ValueError for more than three redirect URIs."""
    if len(redirect_uris) > 3:
        raise ValueError("an OAuth app has at most 3 redirect URIs")
    keys = (keys or new_key_pair()) if kind == "jwt" else None
    app = OAuthApp(
        app_id or backend.state.new_id(OAuthApp, FIRST_APP_ID),
        kind,
        f"Emulated {kind} app",
        secrets.token_urlsafe(24) if kind == "web" else "",
        list(redirect_uris),
        None if scopes is None else sorted(scopes),
        keys.public_key if keys else "",
        keys.private_key if keys else "",
        fingerprint(keys.public_key) if keys else "",
        interval,
        code_lifetime,
    )
    backend.state.save(app)
    return app


def find_app(backend: Backend, client_id: str) -> OAuthApp | None:
    """Return the app with this client id; None if there is none."""
    app = backend.state.get(OAuthApp, client_id.removesuffix(SUFFIX))
    return app if app is not None and app.client_id == client_id else None


def authenticate_app(backend: Backend, request: IncomingRequest, *kinds: Kind) -> OAuthApp:
    """Return the app that sent the request; a web app must send its secret, others no Authorization header."""
    app = find_app(backend, request.body.text("client_id"))
    if app is None:
        raise OAuthError("invalid_client", "no app has this client_id")
    if app.kind not in kinds:
        raise OAuthError("access_deny", f"a {app.kind} app cannot do this")
    if request.bearer != app.client_secret:
        raise OAuthError("invalid_client", "Authorization must carry the client secret, if the app has one")
    return app


class StandardApps(Mapping[Kind, OAuthApp]):
    """One app of each kind, registered on first access, since creating a key pair is slow."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def __getitem__(self, kind: Kind) -> OAuthApp:
        app_id = STANDARD_IDS[kind]
        uris = STANDARD_REDIRECT_URIS if kind in ("web", "pkce") else ()
        return self._backend.state.get(OAuthApp, app_id) or register(
            self._backend, kind, app_id=app_id, redirect_uris=uris
        )

    def __iter__(self) -> Iterator[Kind]:
        return iter(KINDS)

    def __len__(self) -> int:
        return len(KINDS)

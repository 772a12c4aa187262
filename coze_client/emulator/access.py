"""Who may call an emulator: tokens, OAuth apps, and the users that approve them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from coze_client.emulator.routes.oauth import devices, tokens
from coze_client.emulator.routes.oauth.key_pairs import KeyPair
from coze_client.emulator.routes.oauth.oauth_apps import Kind, OAuthApp, register
from coze_client.emulator.routes.oauth.users import account_named, sign_in
from coze_client.emulator.state.backend import Backend


class Access:
    """The methods of an emulator that issue and revoke tokens, register OAuth apps, and decide about devices."""

    _backend: Backend

    def issue_token(
        self, scopes: Collection[str] | None = None, account: str = tokens.ACCOUNT, expires_at: float | None = None
    ) -> str:
        """Issue a token of this account with these permissions (None: all); `expires_at` is Unix time, None never."""
        return tokens.issue(self._backend, scopes, account, expires_at)

    def revoke(self, token: str) -> None:
        """Revoke one access token or refresh token."""
        tokens.revoke(self._backend, token)

    def add_oauth_app(
        self,
        kind: Kind,
        redirect_uris: Sequence[str] = (),
        *,
        public_key: str | None = None,
        scopes: Collection[str] | None = None,
        interval: int = 5,
        code_lifetime: int = 300,
    ) -> OAuthApp:
        """Register an OAuth app. `public_key` (PEM) is for the kind "jwt"; without it the app gets a new key pair.

        `interval` and `code_lifetime` are the seconds that the kind "device" receives. ValueError for more than three
        redirect URIs or an invalid key.
        """
        keys = None if public_key is None else KeyPair(public_key)
        return register(
            self._backend,
            kind,
            redirect_uris=redirect_uris,
            scopes=scopes,
            keys=keys,
            interval=interval,
            code_lifetime=code_lifetime,
        )

    def revoke_user(self, app: OAuthApp, user: str) -> None:
        """Revoke every token of this app for this user, as if the user had withdrawn their consent."""
        tokens.revoke_grants(self._backend, app.client_id, account_named(user))

    def approve_device(self, user_code: str, user: str = "user-1") -> None:
        """Approve a device, as the user does on the confirmation page; KeyError if no device shows this code."""
        devices.decide(self._backend, user_code, sign_in(self._backend, user))

    def deny_device(self, user_code: str) -> None:
        """Refuse a device; KeyError if no device shows this code."""
        devices.decide(self._backend, user_code, None)

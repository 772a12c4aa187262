"""Log users in: run the OAuth grants of a client's credentials, and store the token.

API pages: oauth_code, oauth_pkce, oauth_device_code.
"""

from __future__ import annotations

import webbrowser
from collections.abc import Callable
from functools import partial
from typing import Literal, TypeVar

from coze_client.auth.browser_callback import Callback
from coze_client.auth.grants import PKCE, DeviceCode, DeviceLogin, Login, UserGrant, WebOAuth
from coze_client.auth.renewal import Renewable
from coze_client.core.resource import ConcurrencyT, Resource, flow
from coze_client.errors import ConfigurationError

AppT = TypeVar("AppT", bound=Renewable)


class OAuth(Resource[ConcurrencyT]):
    """``client.oauth``: log a user in with the client's credentials; then the client uses and renews the token."""

    def login(
        self, *, state: str | None = None, workspace_id: str | None = None, method: Literal["S256", "plain"] = "S256"
    ) -> Login:
        """Start a login by browser (WebOAuth, PKCE): send the user to ``.url``, and keep the Login for ``finish``.

        `state`: default random. `workspace_id`: limits the token to this workspace (enterprise plans). `method`: PKCE's
        challenge method. No request is sent. Raises ConfigurationError for other credentials. API pages: oauth_code,
        oauth_pkce.
        """
        return self._begin(self._app(UserGrant), state, workspace_id, method)

    @flow
    async def finish(self, login: Login, callback_url: str) -> None:
        """Finish a login with the URL to which the browser returned, and store the token.

        Raises AccessDenied if the user refused, OAuthError if the state differs or the server rejects the code. API
        pages: oauth_code, oauth_pkce.
        """
        app = self._app(UserGrant)
        await app.keep(self._session, await app.finish(self._session, login, callback_url))

    @flow
    async def login_with_browser(
        self, *, open_url: Callable[[str], object] = webbrowser.open, seconds: float = 300.0
    ) -> None:
        """Log in on a desktop: open the browser, wait at the redirect URI (on this machine), and store the token.

        `open_url`: a function that shows the page, default the standard browser. Raises TimedOut after `seconds`
        (default 300), AccessDenied if the user refused, OAuthError if the state differs or the server rejects the code.
        API pages: oauth_code, oauth_pkce.
        """
        app = self._app(UserGrant)
        login = self._begin(app)
        callback = Callback(login.redirect_uri)
        try:
            returned = await self._session.concurrency.call(
                partial(callback.receive, partial(open_url, login.url), seconds)
            )
        finally:
            callback.cancel()
        await app.keep(self._session, await app.finish(self._session, login, returned))

    @flow
    async def start_device(self, *, workspace_id: str | None = None) -> DeviceLogin:
        """Start a login on another device (DeviceCode): show ``.user_code`` and ``.verification_url`` to the user.

        `workspace_id`: limits the token to this workspace (enterprise plans). API page: oauth_device_code.
        """
        return await self._app(DeviceCode).start(self._session, workspace_id)

    @flow
    async def wait_for_device(self, login: DeviceLogin, *, cancelled: Callable[[], bool] = bool) -> None:
        """Poll until the user confirms the code, and store the token.

        It polls as often as the server allows. `cancelled`: the wait ends within 0.25 s after it returns True. Raises
        AccessDenied if the user refused or it was cancelled, ExpiredToken if the code expired. API page:
        oauth_device_code.
        """
        app = self._app(DeviceCode)
        await app.keep(self._session, await app.wait(self._session, login, cancelled))

    @flow
    async def logout(self) -> None:
        """Delete the stored token; it stays valid until it expires, because Coze cannot revoke it."""
        await self._app(Renewable).keep(self._session, None)

    def _begin(
        self,
        app: UserGrant,
        state: str | None = None,
        workspace_id: str | None = None,
        method: Literal["S256", "plain"] = "S256",
    ) -> Login:
        server = app.base_url or self._session.config.base_url
        return app.begin(server, state=state, workspace_id=workspace_id, method=method)

    def _app(self, kind: type[AppT]) -> AppT:
        credentials = self._session.credentials
        wanted = _ACCEPTED.get(kind, (kind,))
        if not (isinstance(credentials, kind) and isinstance(credentials, wanted)):
            names = " or ".join(each.__name__ for each in wanted)
            raise ConfigurationError(
                f"This call needs a client whose token= is {names}, not {type(credentials).__name__}"
            )
        return credentials


# A DeviceCode is a UserGrant too, but its login has no callback.
_ACCEPTED: dict[type[Renewable], tuple[type[Renewable], ...]] = {UserGrant: (WebOAuth, PKCE)}

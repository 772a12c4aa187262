"""Logging users in: what happens between a client, its OAuth credentials and a browser."""

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
    """Logins for the client's own credentials; once they are finished, the client just works, and renews its token."""

    def login(
        self, *, state: str | None = None, workspace_id: str | None = None, method: Literal["S256", "plain"] = "S256"
    ) -> Login:
        """Begin a login by browser (WebOAuth, PKCE): send the user to ``.url``, keep the rest for ``finish``.

        `state` defaults to a random one; `workspace_id` asks for that workspace alone (enterprise plans); `method` is
        PKCE's. Sends nothing.
        """
        return self._begin(self._app(UserGrant), state, workspace_id, method)

    @flow
    async def finish(self, login: Login, callback_url: str) -> None:
        """End a login with the URL that the user's browser came back with, and store the token.

        Raises AccessDenied if the user refused, OAuthError if the state is another's or the code is not accepted.
        """
        app = self._app(UserGrant)
        await app.keep(self._session, await app.finish(self._session, login, callback_url))

    @flow
    async def login_with_browser(
        self, *, open_url: Callable[[str], object] = webbrowser.open, seconds: float = 300.0
    ) -> None:
        """The whole login on a desktop: opens the browser, waits at the redirect URI, which must be of this machine.

        `open_url` shows the page in another way than the standard browser. Raises what ``finish`` raises, and TimedOut
        after `seconds`.
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
        """Begin a login on another device (DeviceCode): show ``.user_code`` and ``.verification_url`` to the user."""
        return await self._app(DeviceCode).start(self._session, workspace_id)

    @flow
    async def wait_for_device(self, login: DeviceLogin, *, cancelled: Callable[[], bool] = bool) -> None:
        """Wait until the user confirmed the code, and store the token.

        Asks as often as the server allows. `cancelled` ends the wait (within a quarter of a second) once it says True.
        Raises AccessDenied if the user refused or it was cancelled, ExpiredToken once the code is too old.
        """
        app = self._app(DeviceCode)
        await app.keep(self._session, await app.wait(self._session, login, cancelled))

    @flow
    async def logout(self) -> None:
        """Forget the stored token; Coze has no call that revokes it, so it stays good until it expires."""
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
            raise ConfigurationError(f"This needs a client whose token= is {names}, not {type(credentials).__name__}")
        return credentials


_ACCEPTED: dict[type[Renewable], tuple[type[Renewable], ...]] = {UserGrant: (WebOAuth, PKCE)}

"""What a bot or an app remembers of an end user in its variables: read and written beside the chats."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TypedDict

from coze_client.api.variables import Variables
from coze_client.bridge.bot_names import BotName, find_bot_id
from coze_client.bridge.chat.settings import BotSettings
from coze_client.core.concurrency import Blocking
from coze_client.core.session import Session
from coze_client.errors import ConfigurationError


class _Owner(TypedDict):
    connector_uid: str
    bot_id: str | None
    app_id: str | None
    connector_id: str | None


class BotVariables(BotSettings):
    """Settings of a bot, with the variables that it keeps of each end user.

    They stay from chat to chat, other than ``custom_variables``, which fill the prompt of one chat.
    """

    def read_variables(self, *names: str, user_id: str | None = None) -> dict[str, str]:
        """The values of these variables of an end user by their names, default all; unknown names are left out.

        `user_id`: default the model's; without either, ConfigurationError is raised. Permission: readVariable. Not on
        coze-studio.
        """
        with self._framework_errors():
            return Blocking.run(self._read_variables(self._blocking._session, names, user_id))

    async def aread_variables(self, *names: str, user_id: str | None = None) -> dict[str, str]:
        """As ``read_variables``, on asyncio."""
        with self._framework_errors():
            return await self._read_variables(self._asyncio._session, names, user_id)

    def write_variables(self, values: Mapping[str, str], *, user_id: str | None = None) -> None:
        """Set variables of an end user; the others keep their values. The bot must have variables of these names.

        `user_id`: as for ``read_variables``. Permission: updateVariable. Not on coze-studio.
        """
        with self._framework_errors():
            Blocking.run(self._write_variables(self._blocking._session, values, user_id))

    async def awrite_variables(self, values: Mapping[str, str], *, user_id: str | None = None) -> None:
        """As ``write_variables``, on asyncio."""
        with self._framework_errors():
            await self._write_variables(self._asyncio._session, values, user_id)

    def _framework_errors(self) -> AbstractContextManager[None]:
        """Raises errors of the client as those of a framework that has its own."""
        return nullcontext()

    async def _read_variables(self, session: Session, names: tuple[str, ...], user_id: str | None) -> dict[str, str]:
        owner = await self._owner(session, user_id)
        found = await session.send(Variables.retrieve(keywords=names, **owner))
        return {each.keyword: each.value for each in found}

    async def _write_variables(self, session: Session, values: Mapping[str, str], user_id: str | None) -> None:
        await session.send(Variables.update(data=values, **await self._owner(session, user_id)))

    async def _owner(self, session: Session, user_id: str | None) -> _Owner:
        if not (user_id or self._user_is_known):
            raise ConfigurationError("Variables belong to an end user", cure="Give the user_id, the same as for chats")
        bot = BotName.read(self._options({}))
        return {
            "connector_uid": user_id or self.user_id,
            "bot_id": self.bot_id or None if bot is None else await find_bot_id(session, bot),
            "app_id": self.app_id,
            "connector_id": self.connector_id,
        }

"""Variables of end users: what a bot or an app remembers of each.

API pages: read_variable, update_variable. Not on coze-studio.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from coze_client.core.model import Model
from coze_client.core.request import Request, fields, query
from coze_client.core.resource import ConcurrencyT, Resource, call
from coze_client.core.response import Payload, RawResponse, read_nothing
from coze_client.errors import ConfigurationError


class Variable(Model):
    """The value of a variable for one end user, always text; ``create_time`` (unix seconds) is 0 for the default."""

    keyword: str = ""
    value: str = ""
    create_time: int | None = None
    update_time: int | None = None


class _Variables(Model):
    items: tuple[Variable, ...] = ()


class Variables(Resource[ConcurrencyT]):
    """``client.variables``: the variables of end users.

    A value belongs to the token's owner, an end user, a channel, and a bot or app, which must be published to that
    channel. What was set on the web page of Coze is not seen here.
    """

    @call
    def retrieve(
        self,
        *,
        connector_uid: str,
        bot_id: str | None = None,
        app_id: str | None = None,
        keywords: Sequence[str] | None = None,
        connector_id: str | None = None,
    ) -> Request[tuple[Variable, ...]]:
        """Retrieve the variables of an end user; give either `bot_id` or `app_id`.

        `connector_uid`: the end user, as chats name it in `user_id`. `keywords`: the names of the variables, default
        all; unknown ones are left out. `connector_id`: "1024" (API, default) or "999" (Chat SDK). Permission:
        readVariable. API page: read_variable.
        """
        _check(bot_id, app_id)
        if isinstance(keywords, str) or any("," in keyword for keyword in keywords or ()):
            raise ConfigurationError("keywords must be a list of names without commas")
        asked = query(
            connector_uid=connector_uid,
            bot_id=bot_id,
            app_id=app_id,
            keywords=",".join(keywords) if keywords else None,
            connector_id=connector_id,
        )
        return Request("GET", "/v1/variables", _read_items, asked)

    @call
    def update(
        self,
        *,
        connector_uid: str,
        data: Mapping[str, str],
        bot_id: str | None = None,
        app_id: str | None = None,
        connector_id: str | None = None,
    ) -> Request[None]:
        """Set variables of an end user, at least one of them; the arguments are those of ``retrieve``.

        `data`: the value by the name. The variables must exist and be switched on; those of the system cannot be set.
        Permission: updateVariable. API page: update_variable.
        """
        _check(bot_id, app_id)
        if not data or not all(isinstance(value, str) for value in data.values()):
            raise ConfigurationError("data must have at least one variable, and every value must be text")
        body = fields(
            connector_uid=connector_uid,
            data=[{"keyword": keyword, "value": value} for keyword, value in data.items()],
            bot_id=bot_id,
            app_id=app_id,
            connector_id=connector_id,
        )
        return Request("PUT", "/v1/variables", read_nothing, body=body)


def _check(bot_id: str | None, app_id: str | None) -> None:
    if bool(bot_id) == bool(app_id):
        raise ConfigurationError("Give either bot_id or app_id")


def _read_items(response: RawResponse) -> tuple[Variable, ...]:
    return Payload(_Variables)(response).items

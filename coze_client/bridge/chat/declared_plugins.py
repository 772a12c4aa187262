"""Warn that a bot has no plugins when a model is given tools: Coze takes no tools with a chat, so it can call none."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Collection
from weakref import WeakKeyDictionary

from coze_client.bridge.chat.caller import caller_level
from coze_client.core.http import Transport
from coze_client.core.session import Session
from coze_client.errors import CozeError

_log = logging.getLogger("coze_client")
_PATIENCE = 5.0  # seconds: the chat waits for this request
_asked: WeakKeyDictionary[Transport, dict[str, object]] = WeakKeyDictionary()  # bots by connections of a client


async def warn_without_plugins(session: Session, bot_id: str, tools: Collection[str], *, draft: bool) -> None:
    """Warn if the settings of the bot list no plugin at all.

    One request at most for each bot and client. Names are not compared: Coze does not document whether a call has the
    name of the tool alone. If Coze refuses the request (permission ``getMetadata``), nothing is said.
    """
    this_call = object()
    if _asked.setdefault(session.transport, {}).setdefault(bot_id, this_call) is not this_call:
        return
    from coze_client.api.bots.resource import Bots  # most models have no tools

    request = Bots.retrieve(bot_id=bot_id, is_published=False if draft else None)
    try:
        bot = await session.with_deadline(_PATIENCE).send(request)
    except CozeError as error:
        _log.debug("The plugins of bot %s cannot be read: %s", bot_id, error)
        return
    if not bot.plugin_info_list:
        names = ", ".join(sorted(tools))
        warnings.warn(
            f"Bot {bot_id} has no plugins, so it can call none of the given tools ({names}). Declare them on the bot "
            "as client plugins and publish it, or switch this check off: check_plugins=False",
            stacklevel=caller_level(),
        )

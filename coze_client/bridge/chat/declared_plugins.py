"""Warn that a bot has no plugins when a model is given tools: Coze takes no tools with a chat, so it can call none."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Collection
from typing import TYPE_CHECKING

from coze_client.bridge.chat.caller import caller_level
from coze_client.core.session import Session
from coze_client.errors import CozeError

if TYPE_CHECKING:
    from coze_client.api.bots.values import Bot

_log = logging.getLogger("coze_client")
_PATIENCE = 5.0  # seconds: the chat waits for this request
_MOST_BOTS = 10_000
_asked: dict[tuple[str, str, bool], object] = {}  # by server, bot and whether its draft is meant


async def warn_without_plugins(session: Session, bot_id: str, tools: Collection[str], *, draft: bool) -> None:
    """Warn if the settings of the bot list no plugin at all, and nothing else that may call one.

    One request at most for each bot of a server, in a process. Names are not compared: Coze does not document whether a
    call has the name of the tool alone. If Coze refuses the request (permission ``getMetadata``), nothing is said.
    """
    key, this_call = (session.config.base_url, bot_id, draft), object()
    if len(_asked) >= _MOST_BOTS:
        _asked.clear()
    if _asked.setdefault(key, this_call) is not this_call:
        return
    from coze_client.api.bots.resource import Bots  # most models have no tools

    request = Bots.retrieve(bot_id=bot_id, is_published=False if draft else None)
    once = session.with_settings(session.config._replace(retry=None), session.credentials)  # a hint costs one request
    try:
        bot = await once.with_deadline(_PATIENCE).send(request)
    except CozeError as error:
        _log.debug("The plugins of bot %s cannot be read: %s", bot_id, error)
        return
    except BaseException:  # a chat that was cancelled has learnt nothing
        _asked.pop(key, None)
        raise
    if has_no_plugins(bot):
        names = ", ".join(sorted(tools))
        warnings.warn(
            f"Bot {bot_id} has no plugins, so it can call none of the given tools ({names}). Declare them on the bot "
            "as client plugins and publish it, or switch this check off: check_plugins=False",
            stacklevel=caller_level(),
        )


def has_no_plugins(bot: Bot) -> bool:
    """True for a bot that can call no plugin.

    False also for what may have plugins elsewhere: agents of a multi-agent bot (``bot_mode`` 1) and workflows.
    """
    listed = "plugin_info_list" in bot.model_fields_set
    return listed and not (bot.plugin_info_list or bot.workflow_info_list or bot.bot_mode)

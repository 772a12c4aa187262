"""A bot's name in place of its id: looked up once, at the first call that needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple

from coze_client.core.fork import generation
from coze_client.core.fork_lock import ForkSafeLock
from coze_client.errors import ConfigurationError, NotFound, TimedOut

if TYPE_CHECKING:
    from coze_client.api.bots.values import BotEntry
    from coze_client.core.session import Session

_MOST_NAMES = 1_000
_PATIENCE = 60.0  # seconds to wait for the same lookup by another caller; its event loop may never run again
_SHOWN = 10


class BotName(NamedTuple):
    """A bot by its name and workspace. ``draft``: it need not be published.

    ``connector_id``: the channel that it is published to, "" for the API channel.
    """

    name: str
    workspace_id: str
    connector_id: str = ""
    draft: bool = False

    @classmethod
    def read(cls, options: Mapping[str, object]) -> BotName | None:
        """The name among the options of a chat or recall, ``None`` if they have a ``bot_id`` or neither.

        Raises ConfigurationError for both, and for a ``bot_name`` or ``workspace_id`` without the other.
        """
        if not (options.get("bot_name") or options.get("workspace_id")):
            return None
        if options.get("bot_id"):
            raise ConfigurationError("Give either a bot_id, or a bot_name with its workspace_id, not both")
        if not (options.get("bot_name") and options.get("workspace_id")):
            raise ConfigurationError("Give bot_name and workspace_id together: Coze lists bots by workspace")
        name, workspace_id, channel = (str(options.get(each) or "") for each in _READ)
        return cls(name, workspace_id, channel, options.get("publish_status") == "unpublished_draft")


_READ = ("bot_name", "workspace_id", "connector_id")


_Key = tuple[int, str, BotName]  # the process and the server, too


class _LookupCancelled(Exception):
    """The task that looked the name up was cancelled before it had the id."""


_known: dict[_Key, Future[str]] = {}  # the oldest come first
_lock = ForkSafeLock()


async def find_bot_id(session: Session, bot: BotName) -> str:
    """The id of the bot. A process looks a name up once for each server and workspace, whoever asks at the same time.

    Raises NotFound for an unknown name, and ConfigurationError if several bots have it. An error is not kept: the next
    call looks again. Permission: listBot.
    """
    key = (generation(), session.config.base_url, bot)
    while True:
        leads, lookup = _join(key)
        if leads:
            return await _look_up(session, key, lookup)
        try:
            return lookup.result() if lookup.done() else await session.concurrency.wait(lookup, _PATIENCE)
        except _LookupCancelled:
            continue
        except TimedOut:
            if lookup.done():
                raise
            return await _load_id(session, bot)


def _join(key: _Key) -> tuple[bool, Future[str]]:
    """The lookup of this name; True means that the caller must run it."""
    with _lock:
        if key in _known:
            return False, _known[key]
        _known[key] = lookup = Future[str]()
        while len(_known) > _MOST_NAMES:
            del _known[next(iter(_known))]
        return True, lookup


def _forget(key: _Key) -> None:
    with _lock:
        _known.pop(key, None)


async def _look_up(session: Session, key: _Key, lookup: Future[str]) -> str:
    try:
        bot_id = await _load_id(session, key[-1])
    except BaseException as error:
        _forget(key)
        lookup.set_exception(error if isinstance(error, Exception) else _LookupCancelled())
        raise
    lookup.set_result(bot_id)
    return bot_id


async def _load_id(session: Session, bot: BotName) -> str:
    from coze_client.api.bots.resource import Bots  # most models have an id
    from coze_client.core.paging import Cursor

    listing = Bots.list(
        workspace_id=bot.workspace_id,
        publish_status="all" if bot.draft else None,
        connector_id=bot.connector_id or None,
    )
    found: list[BotEntry] = []
    cursor = Cursor(session, listing)
    while (page := await cursor.next()) is not None:
        found += page.items
    return choose_bot(found, bot)


def choose_bot(bots: Sequence[BotEntry], bot: BotName) -> str:
    """The id of the one bot with exactly this name; pure. Raises as ``find_bot_id`` does."""
    ids = [each.bot_id for each in bots if each.name == bot.name and each.bot_id]
    if len(ids) == 1:
        return ids[0]
    if ids:
        raise ConfigurationError(
            f"{len(ids)} bots of workspace {bot.workspace_id} have the name {bot.name!r}: {', '.join(ids)}",
            cure="Give the bot_id of the one that is meant",
        )
    listed = _listed(_most_similar(bot.name, [each.name for each in bots]))
    channel = "" if bot.draft else f" in channel {bot.connector_id}" if bot.connector_id else " in the API channel"
    raise NotFound(
        f"Workspace {bot.workspace_id} has no bot of the name {bot.name!r}{channel}",
        cure=f"It has {listed or 'none at all'}. Publish the bot, or give the workspace_id that it belongs to",
    )


def _most_similar(name: str, names: Sequence[str]) -> list[str]:
    from difflib import SequenceMatcher

    likeness = {each: SequenceMatcher(None, name.casefold(), each.casefold()).ratio() for each in names}
    return [repr(each) for each in sorted(likeness, key=lambda each: (-likeness[each], each))]


def _listed(texts: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more

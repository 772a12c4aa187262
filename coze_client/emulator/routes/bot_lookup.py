"""Find bots: those that were added as scripts, and those that the API created or changed."""

from __future__ import annotations

from dataclasses import replace

from coze_client.emulator.routes.oauth.tokens import ACCOUNT
from coze_client.emulator.scripting.bot import ScriptedBot
from coze_client.emulator.scripting.standard_bots import default_script
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.bot_records import API_CHANNEL, StoredBot, knowledge_of, name_of
from coze_client.emulator.workflows import WORKSPACE


def find_stored_bot(backend: Backend, bot_id: str) -> StoredBot | None:
    """Return the record of a bot; for a scripted bot that the API never changed, a new one. None if there is none."""
    scripted = backend.bots.get(bot_id)
    return backend.state.get(StoredBot, bot_id) or (_record_of(scripted) if scripted else None)


def all_stored_bots(backend: Backend) -> list[StoredBot]:
    """Return the records of all bots, in the order of their ids."""
    scripted = [_record_of(bot) for bot in backend.bots.values()]
    records = {bot.id: bot for bot in [*scripted, *backend.state.all(StoredBot)]}
    return [records[bot_id] for bot_id in sorted(records)]


def count_bots_with(backend: Backend, dataset_id: str) -> int:
    """Return the number of bots whose draft has this dataset."""
    return sum(dataset_id in knowledge_of(bot.draft)[0] for bot in all_stored_bots(backend))


def _record_of(bot: ScriptedBot) -> StoredBot:
    knowledge = {"dataset_ids": list(bot.dataset_ids), "auto_call": bot.auto_call}
    record = StoredBot(
        bot.id, ACCOUNT, WORKSPACE, bot.created_at, bot.created_at, {"name": bot.name, "knowledge": knowledge}
    )
    return record.published_as(f"{bot.created_at}000", [API_CHANNEL], bot.created_at) if bot.published else record


def find_bot(backend: Backend, bot_id: str, *, draft: bool = False, version: str | None = None) -> ScriptedBot | None:
    """Return the bot that answers chats, with the settings that are online, of the draft, or of a version.

    None if there is no such bot or version.
    """
    scripted, record = backend.bots.get(bot_id), find_stored_bot(backend, bot_id)
    if record is None or (version and version not in record.versions):
        return None
    online = record.versions[version] if version else record.online()
    settings = record.draft if draft or online is None else online["settings"]
    dataset_ids, auto_call = knowledge_of(settings)
    bot = scripted or ScriptedBot(bot_id, "", default_script(dataset_ids))
    published = record.online() is not None
    return replace(bot, name=name_of(settings), published=published, dataset_ids=dataset_ids, auto_call=auto_call)

"""Helper bots: a bot that searches one dataset for every question, and answers with one word.

API pages: create_bot, update_bot, bots_list_draft_published, get_metadata_draft_published.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coze_client.api.bots.requests import LONGEST_NAME
from coze_client.api.bots.resource import Bots
from coze_client.api.bots.values import Bot, BotKnowledge, BotPromptInfo, BotSuggestReplyInfo
from coze_client.api.chats.values import PublishStatus
from coze_client.core.paging import Cursor
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.core.session import Session

_PREFIX = "recall "
_DESCRIPTION = "Recalls from dataset {} and does nothing else. Made by setup() of coze_client."
_DESCRIPTION_PATTERN = re.compile(re.escape(_DESCRIPTION).replace(r"\{\}", "(.+)"))
_PROMPT = "Answer every question with the single word: ok"  # its answers are billed but not needed


@dataclass(frozen=True)
class RecallBot:
    """A bot that recalls from one dataset: ``recall.from_bot(bot, query)``, or ``CozeRetriever(bot_id=bot)``.

    Both ask its draft, because ``publish_status`` says so. ``todo`` lists the steps that are still missing; ``bot_id``
    is "" until the bot is created.
    """

    bot_id: str
    name: str
    dataset_id: str
    workspace_id: str = ""
    publish_status: PublishStatus = "unpublished_draft"
    todo: tuple[str, ...] = ()


def bot_to_ask(bot: str | RecallBot, publish_status: PublishStatus | None) -> tuple[str, PublishStatus | None]:
    """The bot's id, and which of its versions to ask; raises ConfigurationError for a bot that is not created yet."""
    if isinstance(bot, str):
        return bot, publish_status
    if not bot.bot_id:
        raise ConfigurationError(
            f"The bot {bot.name!r} does not exist: setup was a dry run", cure="Call setup without dry_run"
        )
    return bot.bot_id, publish_status or bot.publish_status


async def find_helper_bot(session: Session, dataset_id: str, workspace_id: str, name: str | None) -> RecallBot:
    """Find the helper bot of a dataset, with the steps that it lacks.

    Raises ConfigurationError if another bot has its name.
    """
    name = name or f"{_PREFIX}{dataset_id[len(_PREFIX) - LONGEST_NAME :]}"
    if len(name) > LONGEST_NAME:
        raise ConfigurationError(f"A bot's name must have 1 to {LONGEST_NAME} characters: {name!r}")
    bots = await _load_bots_named(session, workspace_id, name)
    own_bots = [bot for bot in bots if bot.description == _DESCRIPTION.format(dataset_id)]
    if bots and not own_bots:
        raise ConfigurationError(
            f"Another bot in workspace {workspace_id} has the name {name!r}", cure="Call setup with another name"
        )
    bind = f"bind dataset {dataset_id} to the bot, which then searches it for every question"
    if not own_bots:
        return RecallBot(
            "", name, dataset_id, workspace_id, todo=(f"create bot {name!r} in workspace {workspace_id}", bind)
        )
    todo = () if own_bots[0].knowledge.dataset_ids == (dataset_id,) else (bind,)
    return RecallBot(own_bots[0].bot_id, name, dataset_id, workspace_id, todo=todo)


async def build_helper_bot(session: Session, helper: RecallBot) -> RecallBot:
    """Do the missing steps and return the helper bot; after an interruption, the next setup continues."""
    bot_id = helper.bot_id or await session.send(
        Bots.create(
            name=helper.name,
            workspace_id=helper.workspace_id,
            description=_DESCRIPTION.format(helper.dataset_id),
            prompt_info=BotPromptInfo(prompt=_PROMPT),
            suggest_reply_info=BotSuggestReplyInfo(reply_mode="disable"),
        )
    )
    if helper.todo:
        knowledge = BotKnowledge(dataset_ids=(helper.dataset_id,), auto_call=True)
        await session.send(Bots.update(bot_id=bot_id, knowledge=knowledge))
    return replace(helper, bot_id=bot_id, todo=())


async def unbind_helper_bot(session: Session, bot_id: str) -> RecallBot:
    """Unbind the dataset of a helper bot; raises ConfigurationError for any other bot, which stays unchanged."""
    bot = await session.send(Bots.retrieve(bot_id=bot_id, is_published=False))
    described = _DESCRIPTION_PATTERN.fullmatch(bot.description)
    if described is None:
        raise ConfigurationError(f"Bot {bot.name!r} ({bot_id}) was not created by setup: its datasets stay bound")
    if bot.knowledge.dataset_ids:
        await session.send(Bots.update(bot_id=bot_id, knowledge=BotKnowledge(dataset_ids=())))
    by_hand = f"delete bot {bot.name!r} ({bot_id}) by hand in Coze: the API cannot delete bots"
    return RecallBot(bot_id, bot.name, described[1], todo=(by_hand,))


async def _load_bots_named(session: Session, workspace_id: str, name: str) -> list[Bot]:
    """Load the drafts of all bots with this name."""
    cursor = Cursor(session, Bots.list(workspace_id=workspace_id, publish_status="all"))
    ids: list[str] = []
    while (page := await cursor.next()) is not None:
        ids += [entry.bot_id for entry in page.items if entry.name == name]
    return [await session.send(Bots.retrieve(bot_id=bot_id, is_published=False)) for bot_id in ids]

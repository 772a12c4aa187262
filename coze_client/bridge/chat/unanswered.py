"""Questions without an answer, because their chat was cancelled or failed: find which of them Coze has already."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from coze_client.bridge.chat.drafts import Draft, without_instructions
from coze_client.bridge.chat.schema_prompt import without_prompt
from coze_client.core.session import Session
from coze_client.errors import PermissionDenied

if TYPE_CHECKING:
    from coze_client.api.conversations.values import Message

_log = logging.getLogger("coze_client")

Question = tuple[str, int]
"""What tells one question from another: its text, and how many attachments it has."""
_PROMPT_ALONE: Question = ("", 0)  # a schema that was asked for after an answer: no framework has this message


async def leave_out_asked(
    session: Session, conversation_id: str | None, drafts: Sequence[Draft], known_chat_id: str
) -> Sequence[Draft]:
    """`drafts` without the unanswered questions that the conversation contains already; they are not asked twice.

    Costs one request that reads, and only if there is such a question. `known_chat_id`: the chat of the last answer
    before the drafts; older messages are not compared. A token that may not list messages sends all drafts.
    """
    if conversation_id is None or not any(draft.unanswered for draft in drafts):
        return drafts
    from coze_client.api.conversations.messages import Messages
    from coze_client.core.paging import Cursor

    try:
        page = await Cursor(session, Messages.list(conversation_id=conversation_id)).next()
    except PermissionDenied as error:
        _log.warning("Unanswered questions may be sent a second time: their conversation cannot be read: %s", error)
        return drafts
    return without_asked(drafts, page.items if page else (), known_chat_id)


def without_asked(drafts: Sequence[Draft], newest_first: Iterable[Message], known_chat_id: str = "") -> list[Draft]:
    """`drafts` without the unanswered ones among the last questions of the conversation; pure.

    The instructions of one that is left out go to the next question.
    """
    asked = _last_questions(newest_first, {_of_draft(draft) for draft in drafts}, known_chat_id)
    kept: list[Draft] = []
    instructions = ""
    for draft in drafts:
        instructions = draft.instructions or instructions
        if draft.unanswered and asked[_of_draft(draft)] > 0:
            asked[_of_draft(draft)] -= 1
        elif draft.role == "user":
            kept.append(replace(draft, instructions=instructions))
            instructions = ""
        else:
            kept.append(draft)
    return kept


def _last_questions(newest_first: Iterable[Message], drafted: set[Question], known_chat_id: str) -> Counter[Question]:
    """The questions that follow the last one which is not among the drafts, or the last known chat."""
    found: Counter[Question] = Counter()
    for message in newest_first:
        if known_chat_id and message.chat_id == known_chat_id:
            break
        if message.role != "user":
            continue
        question = _of_message(message)
        if question == _PROMPT_ALONE:
            continue
        if question not in drafted:
            break
        found[question] += 1
    return found


def _of_draft(draft: Draft) -> Question:
    return without_prompt(draft.text), len(draft.attachments)


def _of_message(message: Message) -> Question:
    decoded = message.decoded if message.content_type == "object_string" else None
    if not isinstance(decoded, list):
        return _without_additions(message.content), 0
    parts = [part for part in cast("list[object]", decoded) if isinstance(part, dict)]
    texts = [str(part.get("text") or "") for part in parts if part.get("type") == "text"]
    return _without_additions("\n".join(texts)), len(parts) - len(texts)


def _without_additions(text: str) -> str:
    """The text of the user: system messages stand before it in Coze, and the schema of an answer after it."""
    return without_prompt(without_instructions(text))

"""Planning a chat: which request follows from the settings and messages of a dialogue."""

from __future__ import annotations

import pytest

from coze_client.bridge.chat.dialogue import DialogueMessage
from coze_client.bridge.chat.next_step import UserQuestion
from coze_client.bridge.chat.planned_chat import PlannedChat, plan_chat

BOT = {"bot_id": "1", "user_id": "u"}
ASKED = [DialogueMessage("system", "Be brief."), DialogueMessage("user", "Why?")]


def drafts(plan: PlannedChat) -> list[str]:
    return [draft.full_text for draft in plan.step.drafts]


def test_options_that_are_none_are_not_sent() -> None:
    plan = plan_chat(ASKED, {**BOT, "bot_version": None, "enable_card": False})
    assert plan.options == {**BOT, "enable_card": False}


@pytest.mark.parametrize("conversation_id", ["", None])
def test_an_empty_conversation_means_none(conversation_id: str | None) -> None:
    step = plan_chat(ASKED, {**BOT, "conversation_id": conversation_id}).step
    assert isinstance(step, UserQuestion)
    assert step.conversation_id is None


def test_an_option_that_no_chat_takes_is_named() -> None:
    with pytest.raises(TypeError, match="takes no 'bot'"):
        plan_chat(ASKED, {**BOT, "bot": "1"})


def test_the_systems_words_are_joined_to_the_question() -> None:
    assert drafts(plan_chat(ASKED, BOT)) == ["Instructions:\nBe brief.\n\nQuestion:\nWhy?"]


def test_a_variable_takes_the_systems_words_beside_the_others() -> None:
    plan = plan_chat(ASKED, {**BOT, "custom_variables": {"name": "Ann"}}, system_variable="rules")
    assert drafts(plan) == ["Why?"]
    assert plan.options.get("custom_variables") == {"name": "Ann", "rules": "Be brief."}


@pytest.mark.parametrize(("stop", "stops"), [(None, ()), ("!", ("!",)), (["!", "?"], ("!", "?"))])
def test_stop_is_one_text_or_several(stop: list[str] | str | None, stops: tuple[str, ...]) -> None:
    for options in (BOT, {**BOT, "workflow_id": "5"}):
        assert plan_chat(ASKED, options, stop=stop).stop == stops

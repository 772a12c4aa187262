"""Which unanswered questions of a dialogue its conversation contains already."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client import Message
from coze_client.api.files.attachments import Attachment
from coze_client.bridge.chat.dialogue import DialogueMessage, Origin
from coze_client.bridge.chat.drafts import Draft, with_instructions, without_instructions
from coze_client.bridge.chat.next_step import next_step
from coze_client.bridge.chat.unanswered import without_asked

PICTURE = Attachment("image", "https://example.com/a.png")


def asked(text: str, chat_id: str = "cancelled") -> Message:
    return replace_chat(Message.user(text), chat_id)


def replace_chat(message: Message, chat_id: str) -> Message:
    return message.model_copy(update={"chat_id": chat_id})


def user(text: str) -> DialogueMessage:
    return DialogueMessage("user", text)


def answer(text: str, conversation_id: str = "other") -> DialogueMessage:
    return DialogueMessage("assistant", text, origin=Origin("known", conversation_id))


@pytest.mark.parametrize(
    ("dialogue", "oldest_first", "sent"),
    [
        ("a? b?", "a?", "b?"),
        ("a? b?", "", "a? b?"),
        ("a? b?", "x? b?", "a? b?"),
        ("a? b?", "a? x?", "a? b?"),
        ("a? b? c?", "a? b?", "c?"),
        ("a? b? c?", "a?", "b? c?"),
        ("a? b? c?", "b?", "a? c?"),
        ("a? a? a?", "a?", "a? a?"),
        ("a? a?", "a?", "a?"),
        ("a? b?", "a? half", "b?"),
        ("u? v! a? b?", "u? v! a?", "u? v! b?"),
        ("u? v! a? w? x! b? c?", "u? v! a? u? v! w? x! b?", "u? v! w? x! c?"),
        ("a?", "a?", "a?"),
    ],
)
def test_only_what_the_conversation_lacks_is_sent(dialogue: str, oldest_first: str, sent: str) -> None:
    """`a?` is a question, `v!` the answer of another bot, `half` a part of an answer."""
    messages = [user(word) if word.endswith("?") else answer(word) for word in dialogue.split()]
    step = next_step(messages, conversation_id="here")
    held = [asked(word) if word.endswith("?") else Message.assistant(word) for word in oldest_first.split()]
    assert [draft.text for draft in without_asked(step.drafts, reversed(held))] == sent.split()


def test_a_question_of_an_answered_chat_is_another_one() -> None:
    messages = [user("yes"), answer("What next?", "here"), user("yes"), user("go on")]
    step = next_step(messages, conversation_id="here")
    held = [asked("yes", "known"), replace_chat(Message.assistant("What next?"), "known")]
    kept = without_asked(step.drafts, reversed(held), step.known_chat_id)
    assert [draft.text for draft in kept] == ["yes", "go on"]
    held.append(asked("yes"))
    kept = without_asked(step.drafts, reversed(held), step.known_chat_id)
    assert [draft.text for draft in kept] == ["go on"]


def test_instructions_of_a_question_that_is_left_out_go_to_the_next() -> None:
    step = next_step([DialogueMessage("system", "Be brief"), user("a"), user("b")], conversation_id="here")
    held = [asked(with_instructions("a", "Be brief"))]
    assert without_asked(step.drafts, held) == [Draft("user", "b", instructions="Be brief")]


def test_a_question_with_other_attachments_is_another_one() -> None:
    draft = Draft("user", "Look", (PICTURE,), unanswered=True)
    same = Message.user("Look", images=["https://example.com/a.png"])
    assert same.content == json.dumps(json.loads(same.content))
    last = Draft("user", "b")
    assert without_asked([draft, last], [same]) == [last]
    assert without_asked([draft, last], [Message.user("Look")]) == [draft, last]


def test_without_a_conversation_no_question_counts_as_unanswered() -> None:
    assert not any(draft.unanswered for draft in next_step([user("a"), user("b")]).drafts)


@given(st.text(), st.text())
def test_instructions_are_told_from_the_question(question: str, instructions: str) -> None:
    if "\n\nQuestion:\n" not in instructions:
        assert without_instructions(with_instructions(question, instructions)) == question


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), st.lists(st.sampled_from("abcx"), max_size=6))
def test_the_last_question_is_always_sent_and_nothing_is_added(dialogue: list[str], held: list[str]) -> None:
    drafts = [replace(draft) for draft in next_step(list(map(user, dialogue)), conversation_id="here").drafts]
    kept = without_asked(drafts, map(asked, held))
    assert kept[-1].text == dialogue[-1]
    assert len(kept) >= max(1, len(dialogue) - len(held))
    rest = iter(drafts)
    assert all(draft in rest for draft in kept)

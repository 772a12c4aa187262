"""The request that continues a dialogue."""

from __future__ import annotations

import pytest

from coze_client import ConfigurationError
from coze_client.api.files.attachments import Attachment
from coze_client.bridge.chat.dialogue import DialogueMessage, Origin, PriorToolCall, Speaker
from coze_client.bridge.chat.drafts import Draft
from coze_client.bridge.chat.next_step import SubmitOutputs, UserQuestion, convert_to_options, next_step

HERE = Origin("chat1", "conv1", message_ids=("m1",))
WAITING = Origin("chat1", "conv1", "requires_action", message_ids=("m1",))
CALLS = (PriorToolCall("c1", "get_weather", {"city": "Chur"}), PriorToolCall("c2", "get_time", {}))


def user(text: str) -> DialogueMessage:
    return DialogueMessage("user", text)


def drafts(*texts: str) -> tuple[Draft, ...]:
    return tuple(Draft("user" if n % 2 == 0 else "assistant", text) for n, text in enumerate(texts))


def test_without_a_conversation_everything_is_sent() -> None:
    messages = [user("a"), DialogueMessage("assistant", "b", origin=HERE), user("c")]
    assert next_step(messages) == UserQuestion(None, drafts("a", "b", "c"))


def test_with_a_conversation_only_what_it_lacks_is_sent() -> None:
    messages = [
        DialogueMessage("system", "Be brief"),
        user("a"),
        DialogueMessage("assistant", "b", origin=HERE),
        user("c"),
    ]
    assert next_step(messages, conversation_id="conv1") == UserQuestion("conv1", drafts("c"))
    assert len(next_step(messages, conversation_id="other").drafts) == 3


@pytest.mark.parametrize("origin", [Origin("chat1", "conv1", saved=False), Origin("chat1", "conv1", "canceled")])
def test_an_answer_that_the_conversation_forgot_is_sent_again(origin: Origin) -> None:
    messages = [user("a"), DialogueMessage("assistant", "b", origin=origin), user("c")]
    assert next_step(messages, conversation_id="conv1") == UserQuestion("conv1", drafts("a", "b", "c"))


def test_instructions_join_the_first_question() -> None:
    messages = [DialogueMessage("system", "Be brief"), user("a"), DialogueMessage("assistant", "b"), user("c")]
    step = next_step(messages)
    joined = "Instructions:\nBe brief\n\nQuestion:\na"
    assert [draft.full_text for draft in step.drafts] == [joined, "b", "c"]


def test_instructions_for_a_variable_go_with_every_question() -> None:
    messages = [
        DialogueMessage("system", "Be brief"),
        user("a"),
        DialogueMessage("assistant", "b", origin=HERE),
        user("c"),
    ]
    step = next_step(messages, conversation_id="conv1", join_instructions=False)
    assert step == UserQuestion("conv1", drafts("c"), "Be brief")


def test_instructions_alone_are_the_question() -> None:
    assert next_step([DialogueMessage("system", "Say hello")]) == UserQuestion(None, drafts("Say hello"))


def test_outputs_go_to_the_chat_that_waits_for_them() -> None:
    messages = [user("a"), DialogueMessage("assistant", calls=CALLS, origin=WAITING)]
    messages += [DialogueMessage("tool", "sunny", call_id="c1"), DialogueMessage("tool", "noon", call_id="c2")]
    step = next_step(messages)
    assert isinstance(step, SubmitOutputs)
    assert (step.chat_id, step.conversation_id, step.known_message_ids) == ("chat1", "conv1", frozenset({"m1"}))
    assert [(output.tool_call_id, output.output) for output in step.outputs] == [("c1", "sunny"), ("c2", "noon")]


def test_a_second_round_knows_the_messages_of_the_first() -> None:
    again = Origin("chat1", "conv1", "requires_action", message_ids=("m2",))
    first = [
        DialogueMessage("assistant", calls=CALLS[:1], origin=WAITING),
        DialogueMessage("tool", "sunny", call_id="c1"),
    ]
    second = [
        DialogueMessage("assistant", calls=CALLS[1:], origin=again),
        DialogueMessage("tool", "noon", call_id="c2"),
    ]
    step = next_step([user("a"), *first, *second])
    assert isinstance(step, SubmitOutputs)
    assert step.known_message_ids == {"m1", "m2"}


def test_missing_and_unknown_outputs_are_named() -> None:
    messages = [
        user("a"),
        DialogueMessage("assistant", calls=CALLS, origin=WAITING),
        DialogueMessage("tool", "noon", call_id="c9"),
    ]
    with pytest.raises(ConfigurationError, match=r"get_weather \(c1\), get_time \(c2\).*c9"):
        next_step(messages)


def test_a_chat_that_was_not_saved_cannot_take_outputs() -> None:
    origin = Origin("chat1", "conv1", "requires_action", saved=False)
    messages = [
        user("a"),
        DialogueMessage("assistant", calls=CALLS[:1], origin=origin),
        DialogueMessage("tool", "sunny", call_id="c1"),
    ]
    with pytest.raises(ConfigurationError, match="not saved"):
        next_step(messages)


def test_calls_and_outputs_of_others_become_words() -> None:
    messages = [
        user("a"),
        DialogueMessage("assistant", calls=CALLS[:1]),
        DialogueMessage("tool", "sunny", call_id="c1", name="get_weather"),
    ]
    texts = ("a", '[called get_weather({"city": "Chur"})]', "Result of get_weather:\nsunny")
    assert next_step(messages) == UserQuestion(None, drafts(*texts))


def test_a_reply_goes_on_in_the_conversation_of_the_workflow_that_asked() -> None:
    messages = [user("a"), DialogueMessage("assistant", "Which city?", origin=WAITING), user("Chur")]
    assert next_step(messages) == UserQuestion("conv1", drafts("Chur"))


def test_a_hundred_messages_pass_and_one_more_is_an_error_or_trimmed() -> None:
    messages = [user(str(n)) for n in range(101)]
    assert len(next_step(messages[1:]).drafts) == 100
    with pytest.raises(ConfigurationError, match=r"at most 100.*101"):
        next_step(messages)
    trimmed = next_step([DialogueMessage("system", "Be brief"), *messages], trim=True).drafts
    assert (len(trimmed), trimmed[-1].text) == (100, "100")
    assert trimmed[0].full_text.startswith("Instructions:\nBe brief")


@pytest.mark.parametrize(
    "messages",
    [[], [user("")], [user("a"), DialogueMessage("assistant", "b")], [DialogueMessage("system", "")]],
    ids=["none", "empty", "answer last", "empty instructions"],
)
def test_a_dialogue_without_a_question_is_refused(messages: list[DialogueMessage]) -> None:
    with pytest.raises(ConfigurationError, match="last message must be the user's"):
        next_step(messages)


def test_nothing_new_for_a_conversation_is_an_error_that_names_it() -> None:
    with pytest.raises(ConfigurationError, match="conversation conv1 already contains"):
        next_step([user("a"), DialogueMessage("assistant", "b", origin=HERE)], conversation_id="conv1")


def test_a_picture_alone_is_a_question() -> None:
    picture = Attachment("image", "https://a/b.png")
    assert next_step([DialogueMessage("user", attachments=(picture,))]) == UserQuestion(
        None, (Draft("user", "", (picture,)),)
    )


def test_an_origin_is_read_from_metadata_of_coze_only() -> None:
    metadata = {"chat_id": "chat1", "conversation_id": "conv1", "status": "requires_action", "message_ids": ["m1"]}
    assert Origin.read(metadata) == WAITING
    assert Origin.read({"model_name": "gpt-4o"}) is None
    for halves in ({"conversation_id": "conv1"}, {"chat_id": "chat1"}, {"chat_id": "c", "conversation_id": ""}):
        assert Origin.read({"bot_id": "1", **halves}) is None


def test_options_that_no_chat_takes_are_named() -> None:
    assert convert_to_options({"bot_id": "1", "user_id": "u", "meta_data": None, "enable_card": False}) == {
        "bot_id": "1",
        "user_id": "u",
        "enable_card": False,
    }
    with pytest.raises(TypeError, match="'custom_variable'"):
        convert_to_options({"custom_variable": {}})


# --- whose turn it is ---

ALICE = Speaker(bot_id="alice", user_id="u")


def waiting(speaker: Speaker) -> Origin:
    return Origin("chat1", "conv1", "requires_action", speaker=speaker)


SAME = [
    (ALICE, ALICE),
    (ALICE, Speaker(bot_id="alice")),  # a random user differs after a restart
    (Speaker(bot_id="alice"), ALICE),
    (Speaker(bot_id="alice", workflow_id="5"), Speaker(bot_id="alice", workflow_id="5", user_id="u")),
    (Speaker(), ALICE),  # an answer that was stored by an earlier version
]
OTHERS = [
    (ALICE, Speaker(bot_id="bob", user_id="u")),
    (ALICE, Speaker(bot_id="alice", user_id="someone else")),
    (ALICE, Speaker(bot_id="alice", workflow_id="5", user_id="u")),
    (Speaker(bot_id="alice", workflow_id="5"), Speaker(bot_id="alice")),
    (Speaker(bot_id="alice", workflow_id="5"), Speaker(bot_id="alice", workflow_id="6")),
    (Speaker(workflow_id="5"), Speaker(workflow_id="6")),
]


@pytest.mark.parametrize(("asked", "answers"), SAME)
def test_the_same_bot_goes_on_with_its_waiting_chat(asked: Speaker, answers: Speaker) -> None:
    call = [DialogueMessage("assistant", calls=CALLS[:1], origin=waiting(asked))]
    output = [DialogueMessage("tool", "sunny", call_id="c1")]
    assert isinstance(next_step([user("a"), *call, *output], speaker=answers), SubmitOutputs)
    question = DialogueMessage("assistant", "Which city?", origin=waiting(asked))
    assert next_step([user("a"), question, user("Chur")], speaker=answers).conversation_id == "conv1"


@pytest.mark.parametrize(("asked", "answers"), OTHERS)
def test_another_bot_chatflow_or_user_gets_the_dialogue_as_words(asked: Speaker, answers: Speaker) -> None:
    call = [DialogueMessage("assistant", calls=CALLS[:1], origin=waiting(asked))]
    output = [DialogueMessage("tool", "sunny", call_id="c1", name="get_weather")]
    words = drafts("a", '[called get_weather({"city": "Chur"})]', "Result of get_weather:\nsunny")
    assert next_step([user("a"), *call, *output], speaker=answers) == UserQuestion(None, words)
    question = DialogueMessage("assistant", "Which city?", origin=waiting(asked))
    assert next_step([user("a"), question, user("Chur")], speaker=answers) == UserQuestion(
        None, drafts("a", "Which city?", "Chur")
    )


@pytest.mark.parametrize("origin", [None, HERE])
def test_after_an_answer_the_continue_question_is_asked(origin: Origin | None) -> None:
    messages = [user("a"), DialogueMessage("assistant", "b", origin=origin)]
    assert next_step(messages, continue_question="Go on") == UserQuestion(None, drafts("a", "b", "Go on"))
    with pytest.raises(ConfigurationError, match="must be the user's"):
        next_step(messages)


@pytest.mark.parametrize(
    "last",
    [
        DialogueMessage("assistant", "b", calls=CALLS[:1]),
        DialogueMessage("assistant", calls=CALLS[:1], origin=WAITING),
        DialogueMessage("assistant", "Which city?", origin=WAITING),
    ],
    ids=["calls without outputs", "a waiting chat", "an open question"],
)
def test_what_waits_for_an_answer_is_not_answered_by_the_continue_question(last: DialogueMessage) -> None:
    with pytest.raises(ConfigurationError, match=r"must be the user's|no question"):
        next_step([user("a"), last], continue_question="Go on")


def test_a_user_message_gets_no_continue_question() -> None:
    assert next_step([user("a")], continue_question="Go on") == UserQuestion(None, drafts("a"))


# --- what only looks like a chat that waits for this ---

ANOTHER_BOT = Origin("chat1", "conv1", "requires_action", speaker=Speaker("another"))
GONE = Origin("chat1", "conv1", "requires_action", saved=False)


def asked(origin: Origin, calls: tuple[PriorToolCall, ...] = ()) -> list[DialogueMessage]:
    return [user("a"), DialogueMessage("assistant", "b", origin=origin, calls=calls), user("c")]


def test_a_reply_goes_into_the_conversation_of_the_question_that_waits() -> None:
    assert next_step(asked(WAITING), speaker=Speaker("bot")) == UserQuestion("conv1", drafts("c")[:1])


@pytest.mark.parametrize(
    "messages",
    [asked(WAITING, CALLS), asked(HERE), asked(GONE), asked(ANOTHER_BOT), [*asked(WAITING), *asked(HERE)]],
    ids=["tool calls", "ended", "unsaved", "another speaker", "an older question"],
)
def test_no_other_question_goes_into_a_waiting_conversation(messages: list[DialogueMessage]) -> None:
    assert next_step(messages, speaker=Speaker("bot")).conversation_id is None


def outputs(*ids: str) -> list[DialogueMessage]:
    answer = DialogueMessage("assistant", "", origin=WAITING, calls=CALLS)
    return [user("a"), answer, *(DialogueMessage("tool", f"output of {each}", call_id=each) for each in ids)]


def test_every_output_is_submitted_under_the_id_of_its_call() -> None:
    step = next_step(outputs("c2", "c1"))
    assert isinstance(step, SubmitOutputs)
    assert {each.tool_call_id: each.output for each in step.outputs} == {"c1": "output of c1", "c2": "output of c2"}


@pytest.mark.parametrize(
    ("ids", "problem"),
    [
        (["c1"], "no output of get_time"),
        (["c1", "c2", "c3"], "an output for c3, which it did not call"),
        (["c1", "c3"], "no output of get_time .c2. and an output for c3"),
    ],
)
def test_outputs_that_do_not_fit_the_calls_are_refused(ids: list[str], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        next_step(outputs(*ids))

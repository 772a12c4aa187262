"""Recalls by workflow and by bot, against the emulator, or against scripted connections for exact bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from coze_client import ChatFailed, Message, RecallBot, Slice, StreamInterrupted, WorkflowFailed, WorkflowInterrupted
from coze_client.emulator import Emulator, faults
from coze_client.emulator.scripting.bot import RecallStyle
from coze_client.emulator.scripts import Answer, Extra, Fail, FunctionCall, Hold, Item, Reasoning, Turn
from coze_client.emulator.workflows import WORKSPACE, Steps, ask
from coze_client.errors import ConfigurationError, InvalidRequest, NotFound
from tests.support.clients import ConnectedClient, Driver
from tests.support.raw_server import RawServer, stream

CHUR = "Chur lies in Graubünden and is an old town."
COFFEE = "Coffee grows in Brazil and in Ethiopia."
QUESTION = "Where does Chur lie?"


@pytest.fixture
def towns(emulator: Emulator) -> str:
    return emulator.add_dataset("towns", {"towns.txt": CHUR, "crops.txt": COFFEE})


def texts(recall: Any) -> list[str]:
    return [slice_.text for slice_ in recall]


# By workflow


@pytest.mark.parametrize("mode", ["stream", "sync", "async"])
def test_a_workflow_recalls_slices_and_their_documents(coze: ConnectedClient, towns: str, mode: str) -> None:
    workflow_id = coze.emulator.add_knowledge_workflow([towns])
    recall = coze.run(coze.client.recall.from_workflow(workflow_id, QUESTION, mode=mode))
    document = next(found for found in coze.emulator.documents(towns) if found.name == "towns.txt")
    assert recall.slices == (Slice(CHUR, document_id=document.id, rank=1, source="workflow"),)
    assert (recall.query, recall.workflow_id, recall.bot_id) == (QUESTION, workflow_id, "")
    assert recall.execute_id in recall.debug_url
    assert recall.execute_id
    assert coze.emulator.runs_started == 1
    assert coze.emulator.chats_started == 0


@pytest.mark.parametrize("variable", ["output", "whatever", "outputList"])
def test_the_list_is_found_under_any_name(coze: ConnectedClient, towns: str, variable: str) -> None:
    workflow_id = coze.emulator.add_knowledge_workflow([towns], variable=variable)
    assert texts(coze.run(coze.client.recall.from_workflow(workflow_id, QUESTION))) == [CHUR]
    assert texts(coze.run(coze.client.recall.from_workflow(workflow_id, QUESTION, path=variable))) == [CHUR]
    assert texts(coze.run(coze.client.recall.from_workflow(workflow_id, QUESTION, path="elsewhere"))) == []


@pytest.mark.parametrize("empty", ["list", "null"])
def test_a_workflow_that_finds_nothing_recalls_nothing(coze: ConnectedClient, towns: str, empty: Any) -> None:
    workflow_id = coze.emulator.add_knowledge_workflow([towns], empty=empty)
    assert not coze.run(coze.client.recall.from_workflow(workflow_id, "quantum chromodynamics"))


def test_an_answer_in_words_is_one_slice_that_says_so(coze: ConnectedClient, towns: str) -> None:
    workflow_id = coze.emulator.add_knowledge_workflow([towns], text=True)
    recall = coze.run(coze.client.recall.from_workflow(workflow_id, QUESTION))
    assert recall.slices == (Slice(CHUR, rank=1, source="text"),)


def test_the_question_has_the_parameter_that_the_workflow_calls_it(coze: ConnectedClient) -> None:
    @coze.emulator.workflow(title="Look up")
    def look_up(question: str, top: int) -> dict[str, list[str]]:
        return {"found": [f"{question} {number}" for number in range(top)]}

    asking = coze.client.recall.from_workflow(
        coze.emulator.workflow_id("Look up"), "why", query_parameter="question", parameters={"top": 2}
    )
    assert texts(coze.run(asking)) == ["why 0", "why 1"]


def test_a_failed_workflow_is_raised_unchanged(coze: ConnectedClient) -> None:
    @coze.emulator.workflow(title="Broken")
    def broken(query: str) -> None:
        raise ValueError("no such table")

    with pytest.raises(WorkflowFailed, match="no such table"):
        coze.run(coze.client.recall.from_workflow(coze.emulator.workflow_id("Broken"), QUESTION))


def test_a_workflow_that_asks_is_no_use_for_recalls(coze: ConnectedClient) -> None:
    @coze.emulator.workflow(title="Asks")
    def asks(query: str) -> Steps[dict[str, str]]:
        yield ask("Which town?")
        return {}

    with pytest.raises(WorkflowInterrupted, match="asks no question") as caught:
        coze.run(coze.client.recall.from_workflow(coze.emulator.workflow_id("Asks"), QUESTION))
    assert caught.value.question == "Which town?"


def test_a_broken_run_is_not_started_again(coze: ConnectedClient, towns: str) -> None:
    workflow_id = coze.emulator.add_knowledge_workflow([towns])
    coze.emulator.inject(faults.CutAfterBytes(30), path="/v1/workflow/stream_run")
    with pytest.raises(StreamInterrupted):
        coze.run(coze.client.recall.from_workflow(workflow_id, QUESTION))
    assert coze.emulator.runs_started == 1


def test_coze_studio_recalls_by_workflow_too(driver: Driver) -> None:
    with Emulator("studio") as studio:
        workflow_id = studio.add_knowledge_workflow([studio.add_dataset("towns", {"towns.txt": CHUR})])
        client = driver.client(studio.token, base_url=studio.url)
        assert texts(driver.run(client.recall.from_workflow(workflow_id, QUESTION))) == [CHUR]


# By bot


@pytest.mark.parametrize("encoding", ["verbose", "knowledge"])
def test_a_bot_recalls_slices_with_scores_and_names(coze: ConnectedClient, towns: str, encoding: Any) -> None:
    bot_id = coze.emulator.add_bot("librarian", dataset_ids=[towns], recall=RecallStyle(encoding))
    recall = coze.run(coze.client.recall.from_bot(bot_id, QUESTION))
    (found,) = recall.slices
    assert (found.text, found.dataset_id, found.dataset_name) == (CHUR, towns, "towns")
    assert (found.document_name, found.rank, found.source) == ("towns.txt", 1, "bot")
    assert found.score is not None
    assert (recall.bot_id, recall.workflow_id) == (bot_id, "")
    assert recall.chat_id
    assert recall.conversation_id
    assert recall.logid
    assert coze.emulator.chats_started == 1


def test_a_bot_that_tells_its_slices_in_plain_text_is_read_too(coze: ConnectedClient, towns: str) -> None:
    bot_id = coze.emulator.add_bot("plain", dataset_ids=[towns], recall=RecallStyle("text"))
    assert coze.run(coze.client.recall.from_bot(bot_id, QUESTION)).slices == (Slice(CHUR, rank=1, source="bot"),)


@pytest.mark.parametrize("data", ["null", "broken"])
def test_a_recall_message_that_says_nothing_is_an_empty_recall(coze: ConnectedClient, towns: str, data: Any) -> None:
    bot_id = coze.emulator.add_bot("odd", dataset_ids=[towns], recall=RecallStyle(data=data))
    assert not coze.run(coze.client.recall.from_bot(bot_id, QUESTION))


def test_a_bot_without_datasets_recalls_nothing(coze: ConnectedClient) -> None:
    recall = coze.run(coze.client.recall.from_bot(coze.emulator.bots["echo"], QUESTION))
    assert not recall
    assert recall.chat_id


def test_coze_studio_recalls_by_bot_too(driver: Driver) -> None:
    with Emulator("studio") as studio:
        dataset_id = studio.add_dataset("towns", {"towns.txt": CHUR})
        bot_id = studio.add_bot("librarian", dataset_ids=[dataset_id])
        client = driver.client(studio.token, base_url=studio.url)
        assert texts(driver.run(client.recall.from_bot(bot_id, QUESTION))) == [CHUR]


def recalling(*found: str) -> Extra:
    data = json.dumps({"chunks": [{"slice": text} for text in found] or None})
    return Extra("knowledge", json.dumps({"msg_type": "knowledge_recall", "data": data}))


def twice(_: Turn) -> Iterator[Item]:
    yield recalling()
    yield recalling("a", "b")
    yield FunctionCall("recallKnowledge", {"query": "more"})
    yield recalling("b", "c")
    yield Reasoning("Now I know. ")
    yield Answer("ok")


@pytest.mark.parametrize(("until", "found"), [("recall", ["a", "b"]), ("answer", ["a", "b", "c"])])
def test_several_recalls_are_read_until_the_answer_if_asked_for(
    coze: ConnectedClient, until: str, found: list[str]
) -> None:
    recall = coze.run(coze.client.recall.from_bot(coze.emulator.add_bot("twice", twice), QUESTION, until=until))
    assert texts(recall) == found
    assert [slice_.rank for slice_ in recall] == list(range(1, len(found) + 1))


def failing(_: Turn) -> Iterator[Item]:
    yield Fail(4013, "model service failed")


def failing_late(_: Turn) -> Iterator[Item]:
    yield recalling("a")
    yield Fail(4013, "model service failed")


def test_a_bot_that_fails_before_it_recalls_raises(coze: ConnectedClient) -> None:
    with pytest.raises(ChatFailed, match="model service failed"):
        coze.run(coze.client.recall.from_bot(coze.emulator.add_bot("failing_at_once", failing), QUESTION))


@pytest.mark.parametrize("until", ["recall", "answer"])
def test_a_bot_that_fails_afterwards_has_recalled_all_the_same(coze: ConnectedClient, until: str) -> None:
    recall = coze.run(coze.client.recall.from_bot(coze.emulator.add_bot("late", failing_late), QUESTION, until=until))
    assert texts(recall) == ["a"]


def test_an_unsaved_recall_cancels_nothing(coze: ConnectedClient, towns: str) -> None:
    bot_id = coze.emulator.add_bot("librarian", dataset_ids=[towns])
    coze.run(coze.client.recall.from_bot(bot_id, QUESTION))
    (call,) = coze.emulator.calls
    assert call.path == "/v3/chat"
    assert isinstance(call.body, dict)
    assert (call.body["auto_save_history"], call.body["stream"]) == (False, True)


def test_a_saved_recall_cancels_its_chat_and_frees_the_conversation(coze: ConnectedClient) -> None:
    held = True

    def held_back(_: Turn) -> Iterator[Item]:
        yield recalling("a")
        yield Hold(lambda: not held)
        yield Answer("ok")

    bot_id = coze.emulator.add_bot("held", held_back)
    conversation = coze.run(coze.client.conversations.create(bot_id=bot_id))
    options = {"conversation_id": conversation.id, "save_history": True}
    first = coze.run(coze.client.recall.from_bot(bot_id, QUESTION, **options))
    assert coze.emulator.chat_status(first.chat_id) == "canceled"
    again = coze.run(coze.client.recall.from_bot(bot_id, QUESTION, **options))
    assert texts(first) == texts(again) == ["a"]
    held = False


def test_a_draft_is_asked_as_one(coze: ConnectedClient, towns: str) -> None:
    bot_id = coze.emulator.add_bot("draft", published=False, dataset_ids=[towns])
    draft = coze.client.recall.from_bot(bot_id, QUESTION, publish_status="unpublished_draft")
    assert texts(coze.run(draft)) == [CHUR]
    with pytest.raises(InvalidRequest, match="4015"):
        coze.run(coze.client.recall.from_bot(bot_id, QUESTION))


def test_a_line_that_breaks_before_the_recall_is_not_an_empty_one(coze: ConnectedClient, towns: str) -> None:
    bot_id = coze.emulator.add_bot("librarian", dataset_ids=[towns])
    coze.emulator.inject(faults.CutAfterEvents(2))
    with pytest.raises(StreamInterrupted, match="not saved"):
        coze.run(coze.client.recall.from_bot(bot_id, QUESTION))
    assert coze.emulator.chats_started == 1


def test_a_saved_recall_recovers_when_the_connection_breaks(coze: ConnectedClient, sleeps: list[float]) -> None:
    bot_id = coze.emulator.add_bot("twice", twice)
    coze.emulator.inject(faults.CutAfterEvents(2))
    recall = coze.run(coze.client.recall.from_bot(bot_id, QUESTION, save_history=True, until="answer"))
    assert texts(recall) == ["a", "b", "c"]
    assert coze.emulator.chats_started == 1


# On the wire


def event(name: str, data: object) -> bytes:
    return f"event:{name}\ndata:{json.dumps(data)}\n\n".encode()


CREATED = event("conversation.chat.created", {"id": "1", "conversation_id": "2", "status": "created"})
RECALL_CONTENT = {"msg_type": "knowledge_recall", "data": json.dumps({"chunks": [{"slice": "a"}]})}
RECALLED = event(
    "conversation.message.completed",
    {"id": "3", "chat_id": "1", "type": "verbose", "content": json.dumps(RECALL_CONTENT)},
)
FIRST_WORD = event("conversation.message.delta", {"id": "4", "chat_id": "1", "type": "answer", "content": "Well"})
FIRST_THOUGHT = event(
    "conversation.message.delta", {"id": "4", "chat_id": "1", "type": "answer", "content": "", "reasoning_content": "H"}
)
WHOLE_ANSWER = event("conversation.message.completed", {"id": "4", "chat_id": "1", "type": "answer", "content": "ok"})


def from_bot_over(driver: Driver, *pieces: bytes, **options: Any) -> Any:
    """A recall over a connection that stays open after `pieces`, so that only the client can close it."""
    with RawServer([stream(*pieces, end=False)]) as server:
        recall = driver.run(driver.client(base_url=server.url).recall.from_bot("1", QUESTION, **options))
        assert server.client_left.wait(5)
        assert server.connections == 1
    return recall


def test_a_recall_returns_with_its_message_and_closes_the_line(driver: Driver) -> None:
    assert texts(from_bot_over(driver, CREATED, RECALLED)) == ["a"]


def test_half_an_event_after_the_recall_is_not_waited_for(driver: Driver) -> None:
    assert texts(from_bot_over(driver, CREATED + RECALLED + FIRST_WORD[:40])) == ["a"]


@pytest.mark.parametrize("answer", [FIRST_WORD, FIRST_THOUGHT, WHOLE_ANSWER], ids=["word", "thought", "whole"])
@pytest.mark.parametrize("until", ["recall", "answer"])
def test_reading_stops_where_the_answer_begins(driver: Driver, answer: bytes, until: str) -> None:
    assert not from_bot_over(driver, CREATED, answer, until=until)
    assert texts(from_bot_over(driver, CREATED, RECALLED, answer, until="answer")) == ["a"]


def test_what_follows_the_recall_in_the_same_piece_changes_nothing(driver: Driver) -> None:
    failed = event("conversation.chat.failed", {"id": "1", "last_error": {"code": 5000, "msg": "too late"}})
    assert texts(from_bot_over(driver, CREATED + RECALLED + failed)) == ["a"]
    assert not from_bot_over(driver, CREATED + FIRST_WORD + RECALLED + failed)


BOMB = "[" * 100_000


def test_what_is_nested_without_end_harms_no_recall(driver: Driver) -> None:
    odd = event("conversation.message.completed", {"id": "5", "chat_id": "1", "type": "verbose", "content": BOMB})
    assert texts(from_bot_over(driver, CREATED, odd, RECALLED)) == ["a"]
    message = {"content": BOMB, "node_title": "End", "node_seq_id": "0", "node_is_finish": True}
    run = f"id: 0\nevent: Message\ndata: {json.dumps(message)}\n\nid: 1\nevent: Done\ndata: {{}}\n\n".encode()
    with RawServer([stream(run)]) as server:
        recall = driver.run(driver.client(base_url=server.url).recall.from_workflow("1", QUESTION))
    assert recall.slices == (Slice(BOMB, rank=1, source="text"),)
    assert Message(content=BOMB).decoded is None


# Helper bots


def test_setup_makes_nothing_in_a_dry_run(coze: ConnectedClient, towns: str) -> None:
    planned = coze.run(coze.client.recall.setup(towns, WORKSPACE, dry_run=True))
    assert planned.bot_id == ""
    assert [step.partition(" ")[0] for step in planned.todo] == ["create", "bind"]
    assert {call.method for call in coze.emulator.calls} == {"GET"}


def test_setup_makes_a_bot_that_from_bot_can_ask_and_finds_it_again(coze: ConnectedClient, towns: str) -> None:
    made = coze.run(coze.client.recall.setup(towns, WORKSPACE))
    assert made == RecallBot(made.bot_id, f"recall {towns[-13:]}", towns, WORKSPACE)
    assert len(made.name) <= 20
    assert texts(coze.run(coze.client.recall.from_bot(made, QUESTION))) == [CHUR]
    by_hand = coze.client.recall.from_bot(made.bot_id, QUESTION, publish_status=made.publish_status)
    assert texts(coze.run(by_hand)) == [CHUR]
    before = len(coze.emulator.calls)
    assert coze.run(coze.client.recall.setup(towns, WORKSPACE)) == made
    assert {call.method for call in coze.emulator.calls[before:]} == {"GET"}


def test_a_draft_that_is_asked_by_its_id_alone_is_refused_with_the_cure(coze: ConnectedClient, towns: str) -> None:
    made = coze.run(coze.client.recall.setup(towns, WORKSPACE))
    with pytest.raises(InvalidRequest, match='publish_status="unpublished_draft"'):
        coze.run(coze.client.recall.from_bot(made.bot_id, QUESTION))


def test_a_bot_that_a_dry_run_only_planned_cannot_be_asked_or_torn_down(coze: ConnectedClient, towns: str) -> None:
    planned = coze.run(coze.client.recall.setup(towns, WORKSPACE, dry_run=True))
    calls = len(coze.emulator.calls)
    with pytest.raises(ConfigurationError, match="dry run"):
        coze.run(coze.client.recall.from_bot(planned, QUESTION))
    with pytest.raises(ConfigurationError, match="dry run"):
        coze.run(coze.client.recall.teardown(planned))
    assert len(coze.emulator.calls) == calls


def test_setup_goes_on_where_it_was_cut_off(coze: ConnectedClient, towns: str) -> None:
    coze.emulator.inject(faults.Coded(4000, "no"), path="/v1/bot/update")
    with pytest.raises(InvalidRequest):
        coze.run(coze.client.recall.setup(towns, WORKSPACE))
    planned = coze.run(coze.client.recall.setup(towns, WORKSPACE, dry_run=True))
    assert planned.bot_id
    assert [step.partition(" ")[0] for step in planned.todo] == ["bind"]
    made = coze.run(coze.client.recall.setup(towns, WORKSPACE))
    assert (made.bot_id, made.todo) == (planned.bot_id, ())
    assert len(coze.emulator.calls_to("/v1/bot/create")) == 1


def test_setup_leaves_a_bot_of_another_purpose_alone(coze: ConnectedClient, towns: str) -> None:
    coze.run(coze.client.bots.create(name="Porter", workspace_id=WORKSPACE))
    with pytest.raises(ConfigurationError, match="another name"):
        coze.run(coze.client.recall.setup(towns, WORKSPACE, name="Porter"))
    assert not coze.emulator.calls_to("/v1/bot/update")


def test_a_name_that_coze_would_refuse_is_refused_at_once(coze: ConnectedClient, towns: str) -> None:
    with pytest.raises(ConfigurationError, match="20 characters"):
        coze.run(coze.client.recall.setup(towns, WORKSPACE, name="x" * 21))
    assert not coze.emulator.calls


def test_teardown_unbinds_the_dataset_and_names_the_bot(coze: ConnectedClient, towns: str) -> None:
    made = coze.run(coze.client.recall.setup(towns, WORKSPACE))
    left = coze.run(coze.client.recall.teardown(made))
    assert (left.bot_id, left.dataset_id) == (made.bot_id, towns)
    assert made.name in left.todo[0]
    assert made.bot_id in left.todo[0]
    assert coze.run(coze.client.bots.retrieve(bot_id=made.bot_id, is_published=False)).knowledge.dataset_ids == ()
    coze.run(coze.client.recall.teardown(made.bot_id))
    assert len(coze.emulator.calls_to("/v1/bot/update")) == 2
    again = coze.run(coze.client.recall.setup(towns, WORKSPACE))
    assert again.bot_id == made.bot_id


def test_teardown_leaves_other_bots_alone(coze: ConnectedClient, towns: str) -> None:
    bot_id = coze.run(coze.client.bots.create(name="Porter", workspace_id=WORKSPACE))
    coze.run(coze.client.bots.update(bot_id=bot_id, knowledge={"dataset_ids": [towns]}))
    with pytest.raises(ConfigurationError, match="not created by setup"):
        coze.run(coze.client.recall.teardown(bot_id))
    kept = coze.run(coze.client.bots.retrieve(bot_id=bot_id, is_published=False))
    assert kept.knowledge.dataset_ids == (towns,)
    with pytest.raises((NotFound, InvalidRequest)):
        coze.run(coze.client.recall.teardown("7350000000000009999"))

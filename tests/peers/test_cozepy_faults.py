"""Where cozepy differs from the API, or fails on something that the API may send.

Each test also shows that the emulator follows the API; `tests/api` shows that this project's client can read it.
"""

from __future__ import annotations

from typing import Any

import pytest

from coze_client.emulator import faults
from coze_client.emulator.protocol.fault import Fault
from coze_client.emulator.protocol.stream import Event
from tests.peers.events import PLAIN_STREAM, event_names, joined_deltas
from tests.peers.peer import CozePy, PeerRaised
from tests.support.api_calls import ApiClient, chat_ids, data


def test_cozepy_retrieves_by_post_and_the_emulator_serves_both(cozepy: CozePy, api: ApiClient) -> None:
    """The documentation and the Go SDK say GET, which is what this project sends."""
    chat = api.finish(api.start("echo", "hi"))
    read = cozepy("chat.retrieve", **chat_ids(chat))
    assert cozepy.emulator.calls_to("/v3/chat/retrieve")[-1].method == "POST"
    assert data(api.get("/v3/chat/retrieve", params=chat_ids(chat)))["usage"] == read["usage"]


def test_cozepy_sends_nulls_and_an_empty_conversation_id_which_count_as_absent(cozepy: CozePy) -> None:
    cozepy.stream()
    [call] = cozepy.emulator.calls_to("/v3/chat")
    assert call.query == {"conversation_id": ""}
    assert isinstance(call.body, dict)
    assert {"id": None, "reasoning_content": None}.items() <= call.body["additional_messages"][0].items()


def test_cozepy_returns_a_poll_out_of_time_as_it_was_before_the_cancel(blocking_cozepy: CozePy) -> None:
    cozepy = blocking_cozepy
    poll = cozepy("chat.create_and_poll", poll_timeout=-1, **cozepy.chat_arguments("slow"))
    assert (poll["chat"]["status"], "messages" in poll) == ("in_progress", False)
    assert cozepy.emulator.chat_status(poll["chat"]["id"]) == "canceled"


def test_cozepy_takes_a_negative_code_for_success(cozepy: CozePy, api: ApiClient) -> None:
    conversation = api.conversation()["id"]
    cozepy.emulator.inject(faults.Coded(-1, "not today"), f"/v1/conversations/{conversation}")
    cozepy("conversations.delete", conversation_id=conversation)
    assert data(api.get("/v1/conversation/retrieve", params={"conversation_id": conversation}))["id"] == conversation


def test_cozepy_cannot_read_an_empty_page_without_cursors(cozepy: CozePy, api: ApiClient) -> None:
    where = {"conversation_id": api.conversation()["id"]}
    assert api.post("/v1/conversation/message/list", params=where, json={}).json()["data"] == []
    with pytest.raises(PeerRaised) as failed:
        cozepy("conversations.messages.list", **where)
    assert (failed.value.kind, failed.value.code) == ("ValidationError", None)


def test_cozepy_raises_an_error_event_without_its_code(cozepy: CozePy) -> None:
    cozepy.emulator.inject(faults.ErrorEvent(5000, "lost"))
    with pytest.raises(PeerRaised, match='"code":5000') as failed:
        cozepy.stream()
    assert (failed.value.kind, failed.value.code) == ("Exception", None)


def test_cozepy_cannot_read_a_failed_chat_told_as_code_and_message(cozepy: CozePy) -> None:
    cozepy.emulator.inject(faults.BareFailed())
    with pytest.raises(PeerRaised) as failed:
        cozepy.stream("failing")
    assert failed.value.kind == "ValidationError"


@pytest.mark.parametrize(
    "fault",
    [
        faults.SpaceAfterColon(),
        faults.GluedEvents(),
        faults.LineEnding("\r\n"),
        faults.LineEnding("\r"),
        faults.Rechunk(1),
        faults.DropTerminal(),
        faults.DoneSpelling("[DONE]"),
        faults.DoneSpelling("{}"),
    ],
    ids=str,
)
def test_spellings_of_a_stream_that_make_no_difference(cozepy: CozePy, fault: Fault) -> None:
    cozepy.emulator.inject(fault)
    events = cozepy.stream("echo", "Grüezi 世界")
    assert (event_names(events), joined_deltas(events)) == (PLAIN_STREAM, "Grüezi 世界")


@pytest.mark.parametrize("fault", [faults.UnknownEvents(), faults.Ping()])
def test_unknown_events_pass_as_unknown(cozepy: CozePy, fault: Fault) -> None:
    cozepy.emulator.inject(fault)
    events = cozepy.stream()
    assert [name for name in event_names(events) if name != "unknown"][-1] == "chat.completed"
    assert (joined_deltas(events), "unknown" in event_names(events)) == ("hello there", True)


def test_cozepy_breaks_at_a_comment_line(cozepy: CozePy) -> None:
    cozepy.emulator.inject(faults.Comments())
    with pytest.raises(PeerRaised) as failed:
        cozepy.stream()
    assert failed.value.kind == "CozeInvalidEventError"


def test_cozepy_breaks_at_a_line_separator_within_a_text(cozepy: CozePy) -> None:
    """U+2028 ends a line for httpx, not for server-sent events."""
    with pytest.raises(PeerRaised) as failed:
        cozepy.stream("echo", "a line\u2028and another")
    assert failed.value.kind == "ValidationError"


def test_cozepy_takes_a_stream_that_stops_early_for_a_whole_one(cozepy: CozePy) -> None:
    cozepy.emulator.inject(faults.CutAfterEvents(3, clean=True))
    assert event_names(cozepy.stream()) == ["chat.created", "chat.in_progress", "message.delta"]


def test_a_lost_connection_is_an_error_of_httpx(cozepy: CozePy) -> None:
    cozepy.emulator.inject(faults.CutAfterEvents(3))
    with pytest.raises(PeerRaised) as failed:
        cozepy.stream()
    assert failed.value.kind == "RemoteProtocolError"


def test_a_done_after_a_failed_chat_is_read_over(cozepy: CozePy) -> None:
    cozepy.emulator.inject(faults.Append(Event("done", '"[DONE]"')))
    assert event_names(cozepy.stream("failing"))[-1] == "chat.failed"


# --- a self-hosted coze-studio, by its source code ---


def conversation_of(cozepy: CozePy) -> dict[str, str]:
    """Return the id of a new conversation, whose creation cozepy cannot read."""
    with ApiClient(cozepy.emulator) as api:
        return {"conversation_id": api.conversation()["id"]}


def test_the_studio_streams_to_who_names_a_conversation(cozepy_on_studio: CozePy) -> None:
    """The empty conversation_id that cozepy sends is not a number, and the studio refuses it."""
    with pytest.raises(PeerRaised) as refused:
        cozepy_on_studio.stream()
    assert refused.value.code == 400
    where = conversation_of(cozepy_on_studio)
    events = cozepy_on_studio.stream(**where)
    assert (joined_deltas(events), event_names(events)[-2:]) == ("hello there", ["chat.completed", "unknown"])
    assert events[-1][1]["event"] == "conversation.stream.done"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("chat.retrieve", "CozeAPIError"),
        ("chat.messages.list", "ValidationError"),
        ("conversations.retrieve", "ValidationError"),
        ("conversations.create", "ValidationError"),
    ],
)
def test_cozepy_cannot_read_the_studios_own_forms(cozepy_on_studio: CozePy, call: str, expected: str) -> None:
    """The studio has no POST for chats, replies to two calls without `data`, and has null for no meta_data."""
    with ApiClient(cozepy_on_studio.emulator) as api:
        chat = api.finish(api.start("echo", "hi"))
    names = {"conversations.retrieve": ("conversation_id",), "conversations.create": ()}.get(
        call, ("conversation_id", "chat_id")
    )
    given: dict[str, Any] = {name: value for name, value in chat_ids(chat).items() if name in names}
    with pytest.raises(PeerRaised) as failed:
        cozepy_on_studio(call, **given)
    assert failed.value.kind == expected


def test_the_studios_refusal_in_a_stream_is_an_error_event(cozepy_on_studio: CozePy) -> None:
    where = conversation_of(cozepy_on_studio)
    with pytest.raises(PeerRaised, match="code=100000000 message=invalid parameter : agent not published"):
        cozepy_on_studio.stream("7350000000000009999", **where)

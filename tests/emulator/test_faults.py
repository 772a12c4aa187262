"""Each fault has its effect as often as requested, and no other effect."""

from __future__ import annotations

import json

import httpx
import pytest

from coze_client.emulator import Emulator, faults
from coze_client.emulator.protocol.fault import Fault
from coze_client.emulator.protocol.stream import Event
from tests.support.api_calls import ApiClient, chat_ids, code, data, event_names, events, message_texts


def raw(api: ApiClient, bot: str = "echo") -> tuple[bytes, bool]:
    """Return the bytes of a chat stream, and whether its body ended correctly."""
    got = b""
    body = api.chat_body(bot, "Hello dear Coze", stream=True)
    try:
        with api.stream("POST", "/v3/chat", json=body) as response:
            for chunk in response.iter_raw():
                got += chunk
    except httpx.RemoteProtocolError:
        return got, False
    return got, True


def test_bytes_are_cut_exactly_and_the_chat_goes_on(api: ApiClient, emulator: Emulator) -> None:
    whole, _ = raw(api)
    for count in (0, 1, 300, len(whole) - 1):
        emulator.inject(faults.CutAfterBytes(count))
        got, ended = raw(api)
        assert (len(got), ended) == (count, False)
    emulator.wait_until(lambda: emulator.open_streams == 0)
    assert emulator.chats_started == 5
    emulator.wait_until(lambda: emulator.chat_status("7470000000000000005") == "completed")


def test_a_clean_cut_looks_like_an_end(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.CutAfterBytes(300, clean=True))
    got, ended = raw(api)
    assert (len(got), ended) == (300, True)


@pytest.mark.parametrize("clean", [True, False])
def test_a_cut_after_events_leaves_them_whole(api: ApiClient, emulator: Emulator, clean: bool) -> None:
    emulator.inject(faults.CutAfterEvents(3, clean=clean))
    got, ended = raw(api)
    assert (got.count(b"event:"), got.endswith(b"\n\n"), ended) == (3, True, clean)


def test_a_json_reply_is_cut_too(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.CutAfterBytes(10, clean=True), path="/v1/users/me")
    assert api.get("/v1/users/me").text == '{"code":0,'


def test_a_dropped_connection_answers_nothing_and_starts_nothing(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.DropConnection())
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        api.ask("echo", "hi")
    assert (emulator.chats_started, len(emulator.calls)) == (0, 1)


@pytest.mark.parametrize(
    ("fault", "status", "content_type", "body"),
    [
        (faults.HttpStatus(503, b"busy"), 503, "text/plain", "busy"),
        (faults.Html(502), 502, "text/html", None),
        (faults.Html(200), 200, "text/html", None),
        (faults.EmptyBody(), 200, "application/json; charset=utf-8", ""),
        (faults.Coded(4020), 200, "application/json; charset=utf-8", '{"code":4020,"msg":"injected"}'),
        (faults.Coded(5000, "x", http_status=500), 500, "application/json; charset=utf-8", '{"code":5000,"msg":"x"}'),
        (faults.JsonOnStream(4101, "no"), 200, "application/json; charset=utf-8", '{"code":4101,"msg":"no"}'),
    ],
)
def test_an_answer_in_place_of_the_server_starts_nothing(
    api: ApiClient, emulator: Emulator, fault: Fault, status: int, content_type: str, body: str | None
) -> None:
    emulator.inject(fault)
    response = api.ask("echo", "hi")
    assert (response.status_code, response.headers["content-type"]) == (status, content_type)
    assert body in (None, response.text)
    assert emulator.chats_started == 0
    assert message_texts(api.ask("echo", "hi")) == ["hi"]


def test_a_status_carries_its_headers(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.HttpStatus(429, headers={"Retry-After": "1"}))
    response = api.ask("echo", "hi")
    assert (response.status_code, response.headers["retry-after"]) == (429, "1")


def test_after_start_the_work_is_done_and_the_answer_lost(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.AfterStart(faults.HttpStatus(502)))
    assert api.ask("echo", "hi").status_code == 502
    emulator.inject(faults.AfterStart(faults.DropConnection()))
    with pytest.raises(httpx.RemoteProtocolError):
        api.ask("echo", "hi")
    assert emulator.chats_started == 2


def test_answers_in_place_of_the_server_queue_up(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.HttpStatus(503))
    emulator.inject(faults.HttpStatus(429), times=2)
    assert [api.ask("echo", "hi").status_code for _ in range(4)] == [503, 429, 429, 200]


def test_faults_wait_for_their_path(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.Coded(5000), path="/v1/conversations/*")
    assert code(api.get("/v1/users/me")) == 0
    assert code(api.post("/v1/conversations/7/clear")) == 5000
    assert code(api.post("/v1/conversations/7/clear")) == 4002


def test_faults_of_different_stages_compose(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.LineEnding("\r\n"))
    emulator.inject(faults.SpaceAfterColon())
    emulator.inject(faults.DropTerminal())
    emulator.inject(faults.Rechunk(7))
    got, ended = raw(api)
    assert ended
    assert got.startswith(b"event: conversation.chat.created\r\ndata: {")
    assert b"done" not in got
    assert got.count(b"\r\n\r\n") == 8


def test_chunks_have_the_size_asked_for(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.Rechunk(100))
    body = api.chat_body("echo", "Hello", stream=True)
    with api.stream("POST", "/v3/chat", json=body) as response:
        sizes = [len(chunk) for chunk in response.iter_raw()]
    assert set(sizes[:-1]) == {100}
    assert sizes[-1] <= 100


@pytest.mark.parametrize("newline", ["\r", "\r\n"])
def test_line_endings_are_spelled_otherwise(api: ApiClient, emulator: Emulator, newline: str) -> None:
    plain, _ = raw(api)
    emulator.inject(faults.LineEnding(newline))
    other, _ = raw(api)
    assert len(other.split(newline.encode())) == len(plain.split(b"\n"))


def test_glued_events_have_no_blank_line(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.GluedEvents())
    got, _ = raw(api)
    assert (b"\n\n" in got, got.count(b"\nevent:")) == (False, 8)


def test_comments_stand_before_each_event(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.Comments())
    got, _ = raw(api)
    assert got.count(b": keep-alive\nevent:") == 9


def test_pings_come_between_events(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.Ping(every_events=2))
    names = [name for name, _ in events(api.ask("echo", "Hello dear Coze"))]
    assert (names[2], names[5], names.count("PING")) == ("PING", "PING", 4)


def test_unknown_events_come_between_the_known(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.UnknownEvents())
    got, _ = raw(api)
    assert got.count(b"event:conversation.chat.hologram\n") == 9
    assert b"data:not JSON\n" in got


def test_an_error_event_is_the_last(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.ErrorEvent(4013, "model failed", after_events=3))
    received = events(api.ask("echo", "Hello dear Coze"))
    assert (len(received), received[-1]) == (4, ("error", {"code": 4013, "msg": "model failed"}))


@pytest.mark.parametrize("spelling", ["[DONE]", "", "{}", '{"debug_url":"https://example.com"}'])
def test_done_is_spelled_otherwise(api: ApiClient, emulator: Emulator, spelling: str) -> None:
    emulator.inject(faults.DoneSpelling(spelling))
    got, _ = raw(api)
    assert got.endswith(f"event:done\ndata:{spelling}\n\n".encode())


def test_done_has_another_name(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.DoneSpelling("", name="Done"))
    got, _ = raw(api)
    assert got.endswith(b"event:Done\ndata:\n\n")


@pytest.mark.parametrize(("as_text", "expected"), [(False, 5000), (True, "5000")])
def test_a_failed_chat_is_told_barely(api: ApiClient, emulator: Emulator, as_text: bool, expected: int | str) -> None:
    emulator.inject(faults.BareFailed(code_as_text=as_text))
    assert events(api.ask("failing", "go"))[-1][1] == {"code": expected, "msg": "model unavailable"}


def test_an_event_is_appended(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.Append(Event("done", '"[DONE]"')))
    assert event_names(api.ask("failing", "go"))[-2:] == ["chat.failed", "done"]


def test_blank_fields_become_null(api: ApiClient, emulator: Emulator) -> None:
    chat = events(api.ask("echo", "hi"))[0][1]
    emulator.inject(faults.NullFields(), path="/v3/chat/retrieve")
    found = data(api.get("/v3/chat/retrieve", params=chat_ids(chat)))
    assert (found["meta_data"], found["last_error"]) == (None, {"code": 0, "msg": None})


def test_sparse_replies_lack_code_and_detail(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.Sparse(), path="/v1/users/me")
    assert list(api.get("/v1/users/me").json()) == ["data"]


@pytest.mark.parametrize("before", ["headers", "event 2"])
def test_a_delay_outlasts_an_impatient_client(api: ApiClient, emulator: Emulator, before: str) -> None:
    emulator.inject(faults.Delay(30, before=before))
    with pytest.raises(httpx.ReadTimeout):
        api.post("/v3/chat", json=api.chat_body("echo", "hi", stream=True), timeout=0.1)
    emulator.wait_until(lambda: emulator.open_streams == 0)
    assert emulator.chats_started == (0 if before == "headers" else 1)


def test_a_delay_ends(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.Delay(0.001), path="/v1/users/me")
    assert data(api.get("/v1/users/me"))


def test_a_fault_leaves_the_legacy_stream_json_alone(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.Rechunk(3), path="/open_api/v2/chat")
    body = {"bot_id": emulator.bots["echo"], "user": "u", "query": "hi", "stream": True}
    blocks = api.post("/open_api/v2/chat", json=body).text.split("\n\n")[:-1]
    assert json.loads(blocks[-1].removeprefix("data:")) == {"event": "done"}


def test_a_path_that_the_studios_nginx_keeps_to_itself_is_405_and_html(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.StaticSite(), "/open_api/*")
    refused = api.post("/open_api/knowledge/document/list", json={"dataset_id": "1"})
    assert (refused.status_code, refused.headers["content-type"]) == (405, "text/html")
    assert "<h1>405 Not Allowed</h1>" in refused.text

"""The official clients run Python functions as workflows; tests named after a client show differences from the API."""

from __future__ import annotations

import json

import pytest

from coze_client.emulator import Emulator, faults
from coze_client.emulator.scripts import Hold
from coze_client.emulator.workflows import Output, Steps, WorkflowError, ask
from tests.peers.events import Events, completed_messages, event_names
from tests.peers.peer import CozeJs, CozePy, PeerRaised
from tests.support.api_calls import ApiClient, Json, question
from tests.support.workflow_calls import run_history

STREAM = "/v1/workflow/stream_run"
WorkflowEvents = list[Json]


def greet(name: str) -> Steps[dict[str, str]]:
    yield Output("Hello", f"Hello {name}", pieces=("Hello ", name))
    tone = yield ask("Which tone?", title="Tone")
    return {"greeting": f"{tone} {name}"}


def says(text: str) -> str:
    return f"You say {text}"


def fails() -> None:
    raise WorkflowError(6006, "took too long")


def talks(text: str) -> Steps[str]:
    tone = yield ask("Which tone?")
    return f"{tone}: {text}"


def contents(events: WorkflowEvents) -> list[str]:
    """Return the contents of the messages in either client's events."""
    return [
        data["content"]
        for event in events
        if (data := event.get("message") or event.get("data") or {}) and "content" in data
    ]


def kinds(events: WorkflowEvents) -> list[str]:
    return [event["event"] for event in events]


def answered(interrupt: Json, workflow_id: str, answer: str) -> Json:
    """Return the arguments of a resume, from the interrupt that the client read."""
    asked = interrupt["interrupt_data"]
    given = {"event_id": asked["event_id"], "interrupt_type": asked["type"]}
    return {"workflow_id": workflow_id, "resume_data": answer, **given}


# --- cozepy ---


def test_a_run_that_cozepy_streams_stops_to_ask_and_goes_on(cozepy: CozePy, emulator: Emulator) -> None:
    workflow = emulator.workflow()(greet)
    events: WorkflowEvents = cozepy("workflows.runs.stream", workflow_id=workflow.id, parameters={"name": "Ada"})
    assert kinds(events) == ["Message", "Message", "Message", "Interrupt"]
    assert [event["id"] for event in events] == [0, 1, 2, 3]
    assert contents(events) == ["Hello ", "Ada", "Which tone?"]
    rest: WorkflowEvents = cozepy("workflows.runs.resume", **answered(events[-1]["interrupt"], workflow.id, "Dear"))
    assert json.loads(contents(rest)[0]) == {"greeting": "Dear Ada"}
    assert rest[0]["message"]["usage"]["token_count"] > 0
    assert emulator.runs_started == 1


@pytest.mark.parametrize("pace", [0.0, 0.03], ids=["unpaced", "paced"])
def test_a_question_is_answered_inside_the_loop_over_the_stream_of_cozepy(cozepy: CozePy, pace: float) -> None:
    with Emulator(pace=pace) as emulator:

        @emulator.workflow()
        def asks() -> Steps[str]:
            first = yield ask("One?")
            second = yield ask("Two?")
            return f"{first} and {second}"

        peer = CozePy(cozepy.process, emulator, **cozepy.more)
        events: WorkflowEvents = peer("answer_in_the_loop", workflow_id=asks.id, resume_data="yes")
        assert kinds(events) == ["Message", "Interrupt"] * 2 + ["Message"]
        assert contents(events) == ["One?", "Two?", "yes and yes"]
        assert emulator.runs_started == 1


def test_a_plain_run_answers_cozepy(cozepy: CozePy, emulator: Emulator) -> None:
    ran = cozepy("workflows.runs.create", workflow_id=emulator.workflow()(says).id, parameters={"text": "hey"})
    assert json.loads(ran["data"])["data"] == "You say hey"
    assert (ran["execute_id"] in ran["debug_url"], ran["usage"]["token_count"] > 0) == (True, True)


def test_an_asynchronous_run_is_followed_by_cozepy(cozepy: CozePy, emulator: Emulator, api: ApiClient) -> None:
    free = [False]

    @emulator.workflow()
    def slow() -> Steps[str]:
        yield Output("Report", "half")
        yield Hold(lambda: free[0])
        return "done"

    begun = cozepy("workflows.runs.create", workflow_id=slow.id, is_async=True)
    where = {"workflow_id": slow.id, "execute_id": begun["execute_id"]}
    assert cozepy("workflows.runs.run_histories.retrieve", **where)["execute_status"] == "Running"
    free[0] = True
    emulator.wait_until(lambda: run_history(api, slow.id, begun["execute_id"])["execute_status"] == "Success")
    record = cozepy("workflows.runs.run_histories.retrieve", **where)
    assert (record["run_mode"], record["error_code"], record["is_output_trimmed"]) == (2, 0, False)
    uuid = record["node_execute_status"]["Report"]["node_execute_uuid"]
    node = cozepy("workflows.runs.run_histories.execute_nodes.retrieve", **where, node_execute_uuid=uuid)
    assert node["node_output"] == "half"


def test_a_failure_reaches_cozepy_in_the_stream_and_in_the_reply(cozepy: CozePy, emulator: Emulator) -> None:
    workflow = emulator.workflow()(fails)
    [event] = cozepy("workflows.runs.stream", workflow_id=workflow.id)
    assert (event["event"], event["error"]["error_code"]) == ("Error", 6006)
    with pytest.raises(PeerRaised, match="took too long") as failed:
        cozepy("workflows.runs.create", workflow_id=workflow.id)
    assert failed.value.code == 6006


@pytest.mark.parametrize("call", ["create", "stream"])
def test_a_refusal_reaches_cozepy_with_code_and_logid(cozepy: CozePy, emulator: Emulator, call: str) -> None:
    draft = emulator.workflow(published=False)(says)
    with pytest.raises(PeerRaised, match="logid: 2") as refused:
        cozepy(f"workflows.runs.{call}", workflow_id=draft.id)
    assert (refused.value.code, emulator.runs_started) == (4200, 0)


def test_cozepy_cannot_tell_why_the_studio_refused_a_stream(cozepy_on_studio: CozePy) -> None:
    with pytest.raises(PeerRaised, match="code: 200, msg: , logid: None"):
        cozepy_on_studio("workflows.runs.stream", workflow_id="7")


def test_a_chatflow_talks_to_cozepy(cozepy: CozePy, emulator: Emulator, api: ApiClient) -> None:
    workflow = emulator.workflow(chatflow=True)(talks)
    where: Json = {
        "workflow_id": workflow.id,
        "bot_id": cozepy.bot("echo"),
        "conversation_id": api.conversation()["id"],
    }
    asking = chatted(cozepy, "hey", where)
    assert completed_messages(asking)[0] == ("answer", "Which tone?")
    events = chatted(cozepy, "kind", where)
    assert (completed_messages(events)[0], event_names(events)[-1]) == (("answer", "kind: hey"), "chat.completed")
    assert emulator.runs_started == 1


def chatted(cozepy: CozePy, text: str, where: Json) -> Events:
    return cozepy.events(cozepy("workflows.chat.stream", additional_messages=[text], **where))


def test_workflows_and_their_versions_are_listed_for_cozepy(cozepy: CozePy, emulator: Emulator) -> None:
    workflow = emulator.workflow(versions=("v0.0.1", "v0.0.2", "v0.0.3"))(says)
    listed = cozepy("workflows.list", page_size=1)
    assert [item["workflow_name"] for item in listed] == ["Book table", "Says"]
    assert cozepy("workflows.retrieve", workflow_id=workflow.id)["workflow_detail"]["workflow_name"] == "Says"
    versions = cozepy("workflows.versions.list", workflow_id=workflow.id, page_size=2)
    assert [item["version"] for item in versions] == ["v0.0.3", "v0.0.2", "v0.0.1"]


def test_cozepy_asks_for_more_workflows_at_once_than_coze_gives(cozepy: CozePy) -> None:
    with pytest.raises(PeerRaised) as refused:
        cozepy("workflows.list")
    assert refused.value.code == 4000


def test_a_heartbeat_does_not_stop_cozepy(cozepy: CozePy, emulator: Emulator) -> None:
    emulator.inject(faults.Ping(), STREAM)
    workflow = emulator.workflow()(says)
    events: WorkflowEvents = cozepy("workflows.runs.stream", workflow_id=workflow.id, parameters={"text": "hey"})
    assert contents(events) == ["You say hey"]


def test_cozepy_cannot_read_an_interrupt_of_the_studio(cozepy_on_studio: CozePy) -> None:
    workflow = cozepy_on_studio.emulator.workflow()(greet)
    with pytest.raises(PeerRaised, match="node_title"):
        cozepy_on_studio("workflows.runs.stream", workflow_id=workflow.id, parameters={"name": "Ada"})


# --- @coze/api ---


def test_a_run_that_coze_js_streams_stops_to_ask_and_goes_on(coze_js: CozeJs, emulator: Emulator) -> None:
    workflow = emulator.workflow()(greet)
    events: WorkflowEvents = coze_js(
        "workflows.runs.stream", {"workflow_id": workflow.id, "parameters": {"name": "Ada"}}
    )["events"]
    assert kinds(events) == ["Message", "Message", "Message", "Interrupt"]
    assert contents(events) == ["Hello ", "Ada", "Which tone?"]
    rest: WorkflowEvents = coze_js("workflows.runs.resume", answered(events[-1]["data"], workflow.id, "Dear"))["events"]
    assert kinds(rest) == ["Message", "Done"]
    assert json.loads(contents(rest)[0]) == {"greeting": "Dear Ada"}
    assert emulator.runs_started == 1


def test_a_plain_run_answers_coze_js(coze_js: CozeJs, emulator: Emulator) -> None:
    workflow = emulator.workflow()(says)
    ran = coze_js("workflows.runs.create", {"workflow_id": workflow.id, "parameters": {"text": "hey"}})
    assert json.loads(ran["data"])["data"] == "You say hey"


def test_an_asynchronous_run_is_followed_by_coze_js(coze_js: CozeJs, emulator: Emulator, api: ApiClient) -> None:
    workflow = emulator.workflow()(says)
    body = {"workflow_id": workflow.id, "parameters": {"text": "hey"}, "is_async": True}
    execute_id = coze_js("workflows.runs.create", body)["execute_id"]
    emulator.wait_until(lambda: run_history(api, workflow.id, execute_id)["execute_status"] == "Success")
    [record] = coze_js("workflows.runs.history", workflow.id, execute_id)
    assert (record["execute_status"], record["error_code"]) == ("Success", "")
    assert json.loads(json.loads(record["output"])["Output"])["data"] == "You say hey"


def test_a_failure_reaches_coze_js_in_the_stream_and_in_the_reply(coze_js: CozeJs, emulator: Emulator) -> None:
    workflow = emulator.workflow()(fails)
    [event] = coze_js("workflows.runs.stream", {"workflow_id": workflow.id})["events"]
    assert (event["event"], event["data"]["error_code"]) == ("Error", 6006)
    with pytest.raises(PeerRaised) as failed:
        coze_js("workflows.runs.create", {"workflow_id": workflow.id})
    assert failed.value.code == 6006


def test_a_chatflow_talks_to_coze_js(coze_js: CozeJs, emulator: Emulator, api: ApiClient) -> None:
    workflow = emulator.workflow(chatflow=True)(talks)
    where = {"workflow_id": workflow.id, "bot_id": coze_js.bot("echo"), "conversation_id": api.conversation()["id"]}

    def chatted(text: str) -> Events:
        events = coze_js("workflows.chat.stream", {**where, "additional_messages": [question(text)]})
        return [(event["event"], event["data"]) for event in events["events"]]

    assert completed_messages(chatted("hey"))[0] == ("answer", "Which tone?")
    events = chatted("kind")
    assert (completed_messages(events)[0], event_names(events)[-2:]) == (
        ("answer", "kind: hey"),
        ["chat.completed", "done"],
    )
    assert emulator.runs_started == 1


def test_coze_js_breaks_at_a_heartbeat(coze_js: CozeJs, emulator: Emulator) -> None:
    emulator.inject(faults.Ping(), STREAM)
    workflow = emulator.workflow()(says)
    with pytest.raises(PeerRaised, match="JSON"):
        coze_js("workflows.runs.stream", {"workflow_id": workflow.id, "parameters": {"text": "hey"}})

"""Blocking and asynchronous runs: replies, questions, the run history, and how long it is kept."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from coze_client.emulator import Clock, Emulator
from coze_client.emulator.scripts import Hold, Pause
from coze_client.emulator.workflows import Output, Steps, Workflow, WorkflowError, ask
from tests.support.api_calls import Json, Wire, code
from tests.support.workflow_calls import answer_to, history, interrupt, run, stream

HOUR = 3600


def add(a: int, b: int = 1) -> dict[str, int]:
    return {"sum": a + b}


def says(text: str) -> str:
    return text


def talks(word: str) -> Steps[dict[str, str]]:
    yield Output("Report", f"{word} one")
    yield Output("Report", f"{word} two")
    return {"word": word}


def asks() -> Steps[str]:
    first = yield ask("First?")
    second = yield ask("Second?")
    return f"{first} and {second}"


def fails() -> None:
    raise WorkflowError(6006, "took too long", node="Code")


def ended(wire: Wire, workflow: Workflow, execute_id: str) -> Json:
    """Return the record of a run after it has ended."""
    wire.emulator.wait_until(lambda: history(wire, workflow.id, execute_id)["execute_status"] != "Running")
    return history(wire, workflow.id, execute_id)


def test_the_result_is_json_text_beside_what_it_cost(wire: Wire, emulator: Emulator) -> None:
    workflow = emulator.workflow()(add)
    reply = run(wire, workflow.id, {"a": 2})
    assert (reply["code"], reply["msg"], reply["data"]) == (0, "", '{"sum":3}')
    assert reply["usage"]["token_count"] == reply["usage"]["input_count"] + reply["usage"]["output_count"]
    assert reply["execute_id"] in reply["debug_url"]
    assert emulator.runs_started == 1


def test_an_end_node_that_answers_wraps_its_text(wire: Wire, emulator: Emulator) -> None:
    reply = run(wire, emulator.workflow()(says).id, {"text": "Grüezi"})
    wrapped = {"content_type": 1, "data": "Grüezi", "original_result": None, "type_for_model": 2}
    assert json.loads(reply["data"]) == wrapped


def test_parameters_may_be_the_text_of_an_object(wire: Wire, emulator: Emulator) -> None:
    workflow = emulator.workflow()(add)
    body = {"workflow_id": workflow.id, "parameters": '{"a": 2, "b": 3}'}
    assert wire.post("/v1/workflow/run", json=body).json()["data"] == '{"sum":5}'
    assert code(wire.post("/v1/workflow/run", json={**body, "parameters": "a=2"})) == 4000
    assert code(wire.post("/v1/workflow/run", json={**body, "parameters": "[]"})) == 4000


def test_a_failed_run_has_its_code_and_where_to_look(wire: Wire, emulator: Emulator) -> None:
    reply = run(wire, emulator.workflow()(fails).id)
    assert (reply["code"], "data" in reply) == (6006, False)
    assert reply["execute_id"] in reply["debug_url"]
    assert reply["detail"]["logid"]


def test_output_nodes_cannot_say_anything_in_a_plain_run(wire: Wire, emulator: Emulator) -> None:
    assert run(wire, emulator.workflow()(talks).id, {"word": "hey"})["code"] == 4000


def test_a_plain_run_waits_for_answers_by_its_own_family_of_calls(wire: Wire, emulator: Emulator) -> None:
    workflow = emulator.workflow()(asks)
    reply = run(wire, workflow.id)
    asked = reply["interrupt_data"]
    assert (reply["code"], "data" in reply, asked["type"]) == (0, False, 2)
    assert json.loads(asked["data"]) == {"content_type": "text", "content": "First?"}
    answer = answer_to(asked, workflow.id, "a")
    assert code(wire.post("/v1/workflow/stream_resume", json=answer)) == 4000
    nested = wire.post("/v1/workflows/resume", json=answer).json()
    assert nested["execute_id"] == reply["execute_id"]
    last = wire.post("/v1/workflows/resume", json=answer_to(nested["interrupt_data"], workflow.id, "b")).json()
    assert json.loads(last["data"])["data"] == "a and b"
    assert code(wire.post("/v1/workflows/resume", json=answer)) == 4315
    assert emulator.runs_started == 1


def test_a_plain_run_is_dropped_at_its_limit_and_goes_on() -> None:
    done, free = [False], [False]
    with Emulator(run_limit=0.01) as emulator, Wire(emulator) as wire:

        @emulator.workflow()
        def slow() -> Steps[None]:
            yield Hold(lambda: free[0])
            done[0] = True

        with pytest.raises(httpx.RemoteProtocolError):
            run(wire, slow.id)
        free[0] = True
        emulator.wait_until(lambda: done[0])
        assert emulator.runs_started == 1


def test_stopping_does_not_wait_for_a_run_that_pauses() -> None:
    with Emulator() as emulator, Wire(emulator) as wire:

        @emulator.workflow()
        def endless() -> Steps[None]:
            yield Pause(3600)

        run(wire, endless.id, is_async=True)
        emulator.wait_until(lambda: emulator.runs_started == 1)


# --- asynchronous runs and records ---


def test_an_asynchronous_run_answers_at_once_and_is_found_later(wire: Wire, emulator: Emulator) -> None:
    free = [False]

    @emulator.workflow(title="Slow")
    def slow(word: str) -> Steps[dict[str, str]]:
        yield Output("Report", "half", pieces=("half",))
        yield Hold(lambda: free[0])
        return {"word": word}

    reply = run(wire, slow.id, {"word": "hey"}, is_async=True)
    assert (reply["code"], reply["msg"], "data" in reply) == (0, "", False)
    running = history(wire, slow.id, reply["execute_id"])
    assert (running["execute_status"], running["run_mode"], running["error_code"]) == ("Running", 2, "")
    free[0] = True
    record = ended(wire, slow, reply["execute_id"])
    assert record["execute_status"] == "Success"
    assert json.loads(record["output"]) == {"Output": '{"word":"hey"}', "Report": "half"}
    assert (record["bot_id"], record["connector_id"], record["logid"] != "") == ("0", "1024", True)


def test_what_output_nodes_said_is_kept_for_a_day_and_the_end_for_a_week() -> None:
    clock = Clock()
    with Emulator(clock=clock) as emulator, Wire(emulator) as wire:
        workflow = emulator.workflow()(talks)
        reply = run(wire, workflow.id, {"word": "hey"}, is_async=True)
        record = ended(wire, workflow, reply["execute_id"])
        assert list(record["node_execute_status"]) == ["Report", "Report_1"]
        status = record["node_execute_status"]["Report_1"]
        where = f"/v1/workflows/{workflow.id}/run_histories/{reply['execute_id']}/execute_nodes"
        node = wire.get(f"{where}/{status['node_execute_uuid']}").json()["data"]
        assert node == {"is_finish": True, "node_output": "hey two"}
        assert code(wire.get(f"{where}/nothing")) == 4314
        clock.advance(25 * HOUR)
        assert code(wire.get(f"{where}/{status['node_execute_uuid']}")) == 4314
        assert json.loads(history(wire, workflow.id, reply["execute_id"])["output"]) == {"Output": '{"word":"hey"}'}
        clock.advance(7 * 24 * HOUR)
        assert history(wire, workflow.id, reply["execute_id"])["output"] == ""


def test_an_output_node_cannot_hide_the_end_node(wire: Wire, emulator: Emulator) -> None:
    @emulator.workflow()
    def confusing() -> Steps[str]:
        yield Output("Output", "not the end")
        return "the end"

    record = ended(wire, confusing, run(wire, confusing.id, is_async=True)["execute_id"])
    assert json.loads(json.loads(record["output"])["Output"])["data"] == "the end"
    assert "not the end" in record["output"]


def test_too_much_output_is_trimmed_and_found_node_by_node(wire: Wire, emulator: Emulator) -> None:
    @emulator.workflow()
    def verbose() -> Steps[str]:
        yield Output("Book", "x" * 1_100_000, pieces=("x" * 1_100_000,))
        return "done"

    reply = run(wire, verbose.id, is_async=True)
    record = ended(wire, verbose, reply["execute_id"])
    assert record["is_output_trimmed"]
    assert list(json.loads(record["output"])) == ["Output"]
    uuid = record["node_execute_status"]["Book"]["node_execute_uuid"]
    where = f"/v1/workflows/{verbose.id}/run_histories/{reply['execute_id']}/execute_nodes/{uuid}"
    assert len(wire.get(where).json()["data"]["node_output"]) == 1_100_000


def test_a_failed_run_is_recorded_with_its_code_as_text(wire: Wire, emulator: Emulator) -> None:
    workflow = emulator.workflow()(fails)
    record = ended(wire, workflow, run(wire, workflow.id, is_async=True)["execute_id"])
    assert (record["execute_status"], record["error_code"]) == ("Fail", "6006")
    assert record["error_message"] == 'Workflow node "Code" failed: took too long'


def test_an_asynchronous_run_that_asks_runs_on_with_its_question(wire: Wire, emulator: Emulator) -> None:
    workflow = emulator.workflow()(asks)
    execute_id = run(wire, workflow.id, is_async=True)["execute_id"]
    for answer in ("a", "b"):
        emulator.wait_until(lambda: "interrupt_data" in history(wire, workflow.id, execute_id))
        record = history(wire, workflow.id, execute_id)
        assert record["execute_status"] == "Running"
        body = answer_to(record["interrupt_data"], workflow.id, answer)
        begun = wire.post("/v1/workflows/resume", json=body).json()
        assert (begun["execute_id"], "data" in begun) == (execute_id, False)
    assert "a and b" in ended(wire, workflow, execute_id)["output"]
    assert emulator.runs_started == 1


def test_records_are_of_one_workflow_and_one_account(wire: Wire, emulator: Emulator) -> None:
    workflow = emulator.workflow()(add)
    execute_id = run(wire, workflow.id, {"a": 1})["execute_id"]
    path = f"run_histories/{execute_id}"
    assert code(wire.get(f"/v1/workflows/{emulator.workflows['book_table']}/{path}")) == 4314
    assert code(wire.get(f"/v1/workflows/{workflow.id}/run_histories/1")) == 4314
    with Wire(emulator, emulator.issue_token(account="2478774393250009999")) as stranger:
        assert code(stranger.get(f"/v1/workflows/{workflow.id}/{path}")) == 4314


def test_a_record_outlives_the_emulator_and_a_waiting_run_does_not(tmp_path: object) -> None:
    file = f"{tmp_path}/coze.db"
    with Emulator(data=file) as emulator, Wire(emulator) as wire:
        workflow, token = emulator.workflow()(asks), emulator.token
        asked = interrupt(stream(wire, workflow.id))
    with Emulator(data=file) as emulator, Wire(emulator, token) as wire:
        emulator.workflow()(asks)
        assert history(wire, workflow.id, asked["event_id"].split("/")[0])["run_mode"] == 1
        body = answer_to(asked, workflow.id, "a")
        assert code(wire.post("/v1/workflow/stream_resume", json=body)) == 5000


# --- refusals ---


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"bot_id": "1", "app_id": "2"}, 4000),
        ({"ext": {"shoe_size": "42"}}, 4000),
        ({"ext": {"latitude": 47}}, 4000),
        ({"workflow_version": "v9.9.9"}, 4200),
        ({"is_async": "yes"}, 4000),
        ({"workflow_id": 7}, 4000),
        ({"workflow_id": None}, 4000),
    ],
)
def test_a_request_that_breaks_a_rule_starts_nothing(wire: Wire, emulator: Emulator, more: Json, expected: int) -> None:
    body = {"workflow_id": emulator.workflow()(add).id, "parameters": {"a": 1}, **more}
    assert code(wire.post("/v1/workflow/run", json=body)) == expected
    assert emulator.runs_started == 0


def test_all_that_is_allowed_is_accepted(wire: Wire, emulator: Emulator) -> None:
    workflow = emulator.workflow(versions=("v0.0.1", "v0.0.2"))(add)
    ext = {"latitude": "47.4", "longitude": "8.5", "user_id": "ada"}
    more: Json = {"bot_id": "7", "ext": ext, "workflow_version": "v0.0.1", "connector_id": "999"}
    reply = run(wire, workflow.id, {"a": 1, "unknown": 2}, **more)
    record = history(wire, workflow.id, reply["execute_id"])
    assert (record["bot_id"], record["connector_id"], record["connector_uid"]) == ("7", "999", "ada")


def test_the_free_plan_has_no_asynchronous_runs() -> None:
    with Emulator(plan="free") as emulator, Wire(emulator) as wire:
        workflow = emulator.workflow()(add)
        assert run(wire, workflow.id, {"a": 1}, is_async=True)["code"] == 6003
        assert emulator.runs_started == 0
        assert run(wire, workflow.id, {"a": 1})["code"] == 0


@pytest.mark.parametrize("function", [add, asks])
def test_a_chatflow_is_not_run_as_a_workflow(wire: Wire, emulator: Emulator, function: Callable[..., object]) -> None:
    assert run(wire, emulator.workflow(chatflow=True)(function).id)["code"] == 4000


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/v1/workflow/run", "run"),
        ("POST", "/v1/workflow/stream_run", "run"),
        ("POST", "/v1/workflow/stream_resume", "run"),
        ("POST", "/v1/workflows/resume", "run"),
        ("POST", "/v1/workflows/chat", "run"),
        ("GET", "/v1/workflows", "listWorkflow"),
        ("GET", "/v1/workflows/1", "getMetaData"),
        ("GET", "/v1/workflows/1/versions", "listVersion"),
        ("GET", "/v1/workflows/1/run_histories/2", "listRunHistory"),
        ("GET", "/v1/workflows/1/run_histories/2/execute_nodes/3", "listRunHistory"),
        ("POST", "/v1/workflows/1/collaborators", "Workflow.addCollaborator"),
        ("DELETE", "/v1/workflows/1/collaborators/2", "Workflow.removeCollaborator"),
        ("POST", "/v1/workflows/1/collaboration_mode", "Workflow.switchDevelopMode"),
        ("GET", "/v1/plugins/1", "Plugin.getPlugin"),
        ("POST", "/v1/plugins/1/tools/call", "Plugin.callTool"),
    ],
)
def test_each_call_needs_its_permission(emulator: Emulator, method: str, path: str, scope: str) -> None:
    with Wire(emulator, emulator.issue_token({"chat"})) as without:
        assert code(without.request(method, path)) == 4101
    with Wire(emulator, emulator.issue_token({scope})) as allowed:
        assert code(allowed.request(method, path)) != 4101

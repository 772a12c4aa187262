"""Blocking and asynchronous runs: replies, questions, the run history, and how long it is kept."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from coze_client.emulator import Clock, Emulator
from coze_client.emulator.scripts import Hold, Pause
from coze_client.emulator.workflows import Output, Steps, Workflow, WorkflowError, ask
from tests.support.api_calls import ApiClient, Json, code
from tests.support.workflow_calls import interrupt, resume_body, run, run_history, stream

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


def ended(api: ApiClient, workflow: Workflow, execute_id: str) -> Json:
    """Return the record of a run after it has ended."""
    api.emulator.wait_until(lambda: run_history(api, workflow.id, execute_id)["execute_status"] != "Running")
    return run_history(api, workflow.id, execute_id)


def test_the_result_is_json_text_beside_what_it_cost(api: ApiClient, emulator: Emulator) -> None:
    workflow = emulator.workflow()(add)
    reply = run(api, workflow.id, {"a": 2})
    assert (reply["code"], reply["msg"], reply["data"]) == (0, "", '{"sum":3}')
    assert reply["usage"]["token_count"] == reply["usage"]["input_count"] + reply["usage"]["output_count"]
    assert reply["execute_id"] in reply["debug_url"]
    assert emulator.runs_started == 1


def test_an_end_node_that_answers_wraps_its_text(api: ApiClient, emulator: Emulator) -> None:
    reply = run(api, emulator.workflow()(says).id, {"text": "Grüezi"})
    wrapped = {"content_type": 1, "data": "Grüezi", "original_result": None, "type_for_model": 2}
    assert json.loads(reply["data"]) == wrapped


def test_parameters_may_be_the_text_of_an_object(api: ApiClient, emulator: Emulator) -> None:
    workflow = emulator.workflow()(add)
    body = {"workflow_id": workflow.id, "parameters": '{"a": 2, "b": 3}'}
    assert api.post("/v1/workflow/run", json=body).json()["data"] == '{"sum":5}'
    assert code(api.post("/v1/workflow/run", json={**body, "parameters": "a=2"})) == 4000
    assert code(api.post("/v1/workflow/run", json={**body, "parameters": "[]"})) == 4000


def test_a_failed_run_has_its_code_and_where_to_look(api: ApiClient, emulator: Emulator) -> None:
    reply = run(api, emulator.workflow()(fails).id)
    assert (reply["code"], "data" in reply) == (6006, False)
    assert reply["execute_id"] in reply["debug_url"]
    assert reply["detail"]["logid"]


def test_output_nodes_cannot_say_anything_in_a_plain_run(api: ApiClient, emulator: Emulator) -> None:
    assert run(api, emulator.workflow()(talks).id, {"word": "hey"})["code"] == 4000


def test_a_plain_run_waits_for_answers_by_its_own_family_of_calls(api: ApiClient, emulator: Emulator) -> None:
    workflow = emulator.workflow()(asks)
    reply = run(api, workflow.id)
    asked = reply["interrupt_data"]
    assert (reply["code"], "data" in reply, asked["type"]) == (0, False, 2)
    assert json.loads(asked["data"]) == {"content_type": "text", "content": "First?"}
    answer = resume_body(asked, workflow.id, "a")
    assert code(api.post("/v1/workflow/stream_resume", json=answer)) == 4000
    nested = api.post("/v1/workflows/resume", json=answer).json()
    assert nested["execute_id"] == reply["execute_id"]
    last = api.post("/v1/workflows/resume", json=resume_body(nested["interrupt_data"], workflow.id, "b")).json()
    assert json.loads(last["data"])["data"] == "a and b"
    assert code(api.post("/v1/workflows/resume", json=answer)) == 4315
    assert emulator.runs_started == 1


def test_a_plain_run_is_dropped_at_its_limit_and_goes_on() -> None:
    done, free = [False], [False]
    with Emulator(run_limit=0.01) as emulator, ApiClient(emulator) as api:

        @emulator.workflow()
        def slow() -> Steps[None]:
            yield Hold(lambda: free[0])
            done[0] = True

        with pytest.raises(httpx.RemoteProtocolError):
            run(api, slow.id)
        free[0] = True
        emulator.wait_until(lambda: done[0])
        assert emulator.runs_started == 1


def test_stopping_does_not_wait_for_a_run_that_pauses() -> None:
    went_on = [False]
    with Emulator() as emulator, ApiClient(emulator) as api:

        @emulator.workflow()
        def endless() -> Steps[None]:
            yield Pause(3600)
            went_on[0] = True

        run(api, endless.id, is_async=True)
        emulator.wait_until(lambda: emulator.runs_started == 1)
    assert went_on == [False]


# --- asynchronous runs and records ---


def test_an_asynchronous_run_answers_at_once_and_is_found_later(api: ApiClient, emulator: Emulator) -> None:
    free = [False]

    @emulator.workflow(title="Slow")
    def slow(word: str) -> Steps[dict[str, str]]:
        yield Output("Report", "half", pieces=("half",))
        yield Hold(lambda: free[0])
        return {"word": word}

    reply = run(api, slow.id, {"word": "hey"}, is_async=True)
    assert (reply["code"], reply["msg"], "data" in reply) == (0, "", False)
    running = run_history(api, slow.id, reply["execute_id"])
    assert (running["execute_status"], running["run_mode"], running["error_code"]) == ("Running", 2, "")
    free[0] = True
    record = ended(api, slow, reply["execute_id"])
    assert record["execute_status"] == "Success"
    assert json.loads(record["output"]) == {"Output": '{"word":"hey"}', "Report": "half"}
    assert (record["bot_id"], record["connector_id"], record["logid"] != "") == ("0", "1024", True)


def test_what_output_nodes_said_is_kept_for_a_day_and_the_end_for_a_week() -> None:
    clock = Clock()
    with Emulator(clock=clock) as emulator, ApiClient(emulator) as api:
        workflow = emulator.workflow()(talks)
        reply = run(api, workflow.id, {"word": "hey"}, is_async=True)
        record = ended(api, workflow, reply["execute_id"])
        assert list(record["node_execute_status"]) == ["Report", "Report_1"]
        status = record["node_execute_status"]["Report_1"]
        where = f"/v1/workflows/{workflow.id}/run_histories/{reply['execute_id']}/execute_nodes"
        node = api.get(f"{where}/{status['node_execute_uuid']}").json()["data"]
        assert node == {"is_finish": True, "node_output": "hey two"}
        assert code(api.get(f"{where}/nothing")) == 4314
        clock.advance(25 * HOUR)
        assert code(api.get(f"{where}/{status['node_execute_uuid']}")) == 4314
        assert json.loads(run_history(api, workflow.id, reply["execute_id"])["output"]) == {"Output": '{"word":"hey"}'}
        clock.advance(7 * 24 * HOUR)
        assert run_history(api, workflow.id, reply["execute_id"])["output"] == ""


def test_an_output_node_cannot_hide_the_end_node(api: ApiClient, emulator: Emulator) -> None:
    @emulator.workflow()
    def confusing() -> Steps[str]:
        yield Output("Output", "not the end")
        return "the end"

    record = ended(api, confusing, run(api, confusing.id, is_async=True)["execute_id"])
    assert json.loads(json.loads(record["output"])["Output"])["data"] == "the end"
    assert "not the end" in record["output"]


def test_too_much_output_is_trimmed_and_found_node_by_node(api: ApiClient, emulator: Emulator) -> None:
    @emulator.workflow()
    def verbose() -> Steps[str]:
        yield Output("Book", "x" * 1_100_000, pieces=("x" * 1_100_000,))
        return "done"

    reply = run(api, verbose.id, is_async=True)
    record = ended(api, verbose, reply["execute_id"])
    assert record["is_output_trimmed"]
    assert list(json.loads(record["output"])) == ["Output"]
    uuid = record["node_execute_status"]["Book"]["node_execute_uuid"]
    where = f"/v1/workflows/{verbose.id}/run_histories/{reply['execute_id']}/execute_nodes/{uuid}"
    assert len(api.get(where).json()["data"]["node_output"]) == 1_100_000


def test_a_failed_run_is_recorded_with_its_code_as_text(api: ApiClient, emulator: Emulator) -> None:
    workflow = emulator.workflow()(fails)
    record = ended(api, workflow, run(api, workflow.id, is_async=True)["execute_id"])
    assert (record["execute_status"], record["error_code"]) == ("Fail", "6006")
    assert record["error_message"] == 'Workflow node "Code" failed: took too long'


def test_an_asynchronous_run_that_asks_runs_on_with_its_question(api: ApiClient, emulator: Emulator) -> None:
    workflow = emulator.workflow()(asks)
    execute_id = run(api, workflow.id, is_async=True)["execute_id"]
    for answer in ("a", "b"):
        emulator.wait_until(lambda: "interrupt_data" in run_history(api, workflow.id, execute_id))
        record = run_history(api, workflow.id, execute_id)
        assert record["execute_status"] == "Running"
        body = resume_body(record["interrupt_data"], workflow.id, answer)
        begun = api.post("/v1/workflows/resume", json=body).json()
        assert (begun["execute_id"], "data" in begun) == (execute_id, False)
    assert "a and b" in ended(api, workflow, execute_id)["output"]
    assert emulator.runs_started == 1


def test_records_are_of_one_workflow_and_one_account(api: ApiClient, emulator: Emulator) -> None:
    workflow = emulator.workflow()(add)
    execute_id = run(api, workflow.id, {"a": 1})["execute_id"]
    path = f"run_histories/{execute_id}"
    assert code(api.get(f"/v1/workflows/{emulator.workflows['book_table']}/{path}")) == 4314
    assert code(api.get(f"/v1/workflows/{workflow.id}/run_histories/1")) == 4314
    with ApiClient(emulator, emulator.issue_token(account="2478774393250009999")) as stranger:
        assert code(stranger.get(f"/v1/workflows/{workflow.id}/{path}")) == 4314


def test_a_record_outlives_the_emulator_and_a_waiting_run_does_not(tmp_path: object) -> None:
    file = f"{tmp_path}/coze.db"
    with Emulator(data=file) as emulator, ApiClient(emulator) as api:
        workflow, token = emulator.workflow()(asks), emulator.token
        asked = interrupt(stream(api, workflow.id))
    with Emulator(data=file) as emulator, ApiClient(emulator, token) as api:
        emulator.workflow()(asks)
        assert run_history(api, workflow.id, asked["event_id"].split("/")[0])["run_mode"] == 1
        body = resume_body(asked, workflow.id, "a")
        assert code(api.post("/v1/workflow/stream_resume", json=body)) == 5000


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
def test_a_request_that_breaks_a_rule_starts_nothing(
    api: ApiClient, emulator: Emulator, more: Json, expected: int
) -> None:
    body = {"workflow_id": emulator.workflow()(add).id, "parameters": {"a": 1}, **more}
    assert code(api.post("/v1/workflow/run", json=body)) == expected
    assert emulator.runs_started == 0


def test_all_that_is_allowed_is_accepted(api: ApiClient, emulator: Emulator) -> None:
    workflow = emulator.workflow(versions=("v0.0.1", "v0.0.2"))(add)
    ext = {"latitude": "47.4", "longitude": "8.5", "user_id": "ada"}
    more: Json = {"bot_id": "7", "ext": ext, "workflow_version": "v0.0.1", "connector_id": "999"}
    reply = run(api, workflow.id, {"a": 1, "unknown": 2}, **more)
    record = run_history(api, workflow.id, reply["execute_id"])
    assert (record["bot_id"], record["connector_id"], record["connector_uid"]) == ("7", "999", "ada")


def test_the_free_plan_has_no_asynchronous_runs() -> None:
    with Emulator(plan="free") as emulator, ApiClient(emulator) as api:
        workflow = emulator.workflow()(add)
        assert run(api, workflow.id, {"a": 1}, is_async=True)["code"] == 6003
        assert emulator.runs_started == 0
        assert run(api, workflow.id, {"a": 1})["code"] == 0


@pytest.mark.parametrize("function", [add, asks])
def test_a_chatflow_is_not_run_as_a_workflow(
    api: ApiClient, emulator: Emulator, function: Callable[..., object]
) -> None:
    assert run(api, emulator.workflow(chatflow=True)(function).id)["code"] == 4000


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
    with ApiClient(emulator, emulator.issue_token({"chat"})) as without:
        assert code(without.request(method, path)) == 4101
    with ApiClient(emulator, emulator.issue_token({scope})) as allowed:
        assert code(allowed.request(method, path)) != 4101

"""Workflows of a self-hosted coze-studio: other codes, other field names, no schema."""

from __future__ import annotations

import json

import pytest

from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Hold
from coze_client.emulator.workflows import Image, Output, Steps, Workflow, WorkflowError, ask, ask_for
from tests.support.api_calls import ApiClient, Json, code, question
from tests.support.workflow_calls import interrupt, output, resume, resume_body, run, stream, workflow_events


def greet(name: str) -> Steps[str]:
    yield Output("Hello", f"Hello {name}")
    tone = yield ask("Formal?", options=["yes", "no"])
    return f"{name}: {tone}"


def says(text: str) -> str:
    return text


@pytest.fixture
def workflow(studio: Emulator) -> Workflow:
    return studio.workflow()(greet)


def history(api: ApiClient, workflow: Workflow, execute_id: str) -> Json:
    where = {"workflow_id": workflow.id, "execute_id": execute_id}
    return dict(api.get("/v1/workflow/get_run_history", params=where).json())


def test_messages_name_the_kind_of_their_node_and_no_usage(studio_api: ApiClient, workflow: Workflow) -> None:
    events = workflow_events(stream(studio_api, workflow.id, {"name": "Ada"}))
    assert [data.get("node_type") for _, data in events] == ["Message", "Message", "Message", None]
    asked = interrupt(stream(studio_api, workflow.id, {"name": "Ada"}))
    ended = workflow_events(resume(studio_api, workflow.id, asked, "yes"))
    (_, end), (name, done) = ended
    assert (end["node_title"], end["node_type"], "usage" in end, name) == ("End", "End", False, "Done")
    assert done["debug_url"]


def test_an_interrupt_has_no_title_and_its_question_inside(studio_api: ApiClient, workflow: Workflow) -> None:
    _, stopped = workflow_events(stream(studio_api, workflow.id, {"name": "Ada"}))[-1]
    assert ("node_title" in stopped, "debug_url" in stopped) == (False, True)
    [message] = json.loads(stopped["interrupt_data"]["data"])["messages"]
    assert message["content_type"] == "option"
    assert json.loads(message["content"]) == {"question": "Formal?", "options": [{"name": "yes"}, {"name": "no"}]}


def test_a_form_is_a_schema_without_required_parameters(studio: Emulator, studio_api: ApiClient) -> None:
    @studio.workflow()
    def registers() -> Steps[str]:
        form = yield ask_for(photo=Image)
        return str(form["photo"])

    asked = interrupt(stream(studio_api, registers.id))
    assert "required_parameters" not in asked
    assert json.loads(asked["data"])["content_type"] == "form_schema"
    assert output(resume(studio_api, registers.id, asked, '{"photo": "https://example.com/a"}')).startswith("https")


def test_a_local_plugin_has_another_number(studio: Emulator, studio_api: ApiClient) -> None:
    @studio.workflow()
    def local() -> Steps[None]:
        yield ask("{}", type=6)

    assert interrupt(stream(studio_api, local.id))["type"] == 1


def test_a_plain_run_spells_what_is_unset_as_null(studio: Emulator, studio_api: ApiClient) -> None:
    reply = run(studio_api, studio.workflow()(says).id, {"text": "hey"})
    assert json.loads(reply["data"]) == {"content_type": 1, "data": "hey", "type_for_model": 2}
    assert (reply["code"], reply["msg"], reply["cost"], "usage" in reply) == (0, None, "0.00000", False)


def test_a_plain_run_cannot_ask(studio: Emulator, studio_api: ApiClient) -> None:
    @studio.workflow()
    def asks() -> Steps[None]:
        yield ask("Why?")

    assert run(studio_api, asks.id)["code"] == 6039


def test_an_asynchronous_run_is_recorded_in_numbers_and_without_code(studio: Emulator, studio_api: ApiClient) -> None:
    free = [False]

    @studio.workflow()
    def slow(text: str) -> Steps[str]:
        yield Hold(lambda: free[0])
        yield ask("Go?")
        return text

    begun = run(studio_api, slow.id, {"text": "hey"}, is_async=True)
    assert (begun["code"], begun["msg"], begun["data"]) == (0, None, None)
    execute_id = begun["execute_id"]
    [running] = history(studio_api, slow, execute_id)["data"]
    assert (running["execute_status"], running["execute_id"], running["bot_id"]) == ("Running", int(execute_id), 0)
    free[0] = True
    studio.wait_until(lambda: history(studio_api, slow, execute_id)["data"][0]["execute_status"] == "<UNSET>")


def test_a_record_has_the_bare_output(studio: Emulator, studio_api: ApiClient) -> None:
    workflow = studio.workflow()(says)
    record = history(studio_api, workflow, run(studio_api, workflow.id, {"text": "hey"})["execute_id"])
    assert list(record) == ["data"]
    assert json.loads(record["data"][0]["output"])["data"] == "hey"
    assert (record["data"][0]["error_msg"], "logid" in record["data"][0]) == ("", False)


def test_codes_are_mapped_for_plain_runs_only(studio: Emulator, studio_api: ApiClient, workflow: Workflow) -> None:
    draft = studio.workflow(published=False)(says)
    assert (run(studio_api, draft.id)["code"], code(stream(studio_api, draft.id))) == (6031, 720702011)
    assert (run(studio_api, workflow.id)["code"], code(stream(studio_api, workflow.id))) == (4000, 720702001)
    assert history(studio_api, workflow, "7")["code"] == 720702004


def test_an_answer_names_any_interrupt_type(studio_api: ApiClient, workflow: Workflow) -> None:
    asked = interrupt(stream(studio_api, workflow.id, {"name": "Ada"}))
    body = {**resume_body(asked, workflow.id, "no"), "interrupt_type": 7}
    assert output(studio_api.post("/v1/workflow/stream_resume", json=body)) == "Ada: no"


def test_there_is_no_schema_but_a_chatflows_role(studio: Emulator, studio_api: ApiClient, workflow: Workflow) -> None:
    talk = studio.workflow(chatflow=True)(says)
    assert studio_api.get(f"/v1/workflows/{talk.id}").json()["data"]["role"]["workflow_id"] == talk.id
    assert code(studio_api.get(f"/v1/workflows/{workflow.id}")) == 777777780


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/workflows"),
        ("GET", "/v1/workflows/1/versions"),
        ("POST", "/v1/workflows/resume"),
        ("GET", "/v1/workflows/1/run_histories/2"),
        ("POST", "/v1/workflows/1/collaborators"),
        ("GET", "/v1/plugins/1"),
        ("GET", "/v1/stores/plugins"),
    ],
)
def test_what_the_studio_lacks_is_an_unknown_route(studio_api: ApiClient, method: str, path: str) -> None:
    assert studio_api.request(method, path).status_code in (401, 404)


def test_the_cloud_lacks_the_studios_history(api: ApiClient) -> None:
    assert api.get("/v1/workflow/get_run_history").status_code == 404


# --- chatflows ---


def chatted(api: ApiClient, workflow: Workflow, text: str, **more: object) -> list[tuple[str, str, Json]]:
    """Return the numbers, names and data of events."""
    body = {"workflow_id": workflow.id, "bot_id": api.emulator.bots["echo"], "additional_messages": [question(text)]}
    response = api.post("/v1/workflows/chat", json={**body, **more})
    blocks = [dict(line.split(": ", 1) for line in block.split("\n")) for block in response.text.split("\n\n")[:-1]]
    return [(block["id"], block["event"], json.loads(block["data"])) for block in blocks]


def test_a_chatflow_is_numbered_from_one_and_asks_by_its_event(studio: Emulator, studio_api: ApiClient) -> None:
    talk = studio.workflow(chatflow=True)(greet)
    conversation = studio_api.conversation()["id"]
    asking = chatted(studio_api, talk, "Ada", conversation_id=conversation)
    assert [number for number, _, _ in asking] == [str(n + 1) for n in range(len(asking))]
    assert [name for _, name, _ in asking][-2:] == ["conversation.chat.requires_action", "done"]
    assert "required_action" not in asking[-2][2]
    answered = chatted(studio_api, talk, "yes", conversation_id=conversation)
    completed = answered[-2][2]
    assert completed["usage"]["token_count"] == 2 * completed["usage"]["output_count"]
    assert ("execute_id" in completed, "last_error" in completed) == (True, False)


def test_a_chatflow_wants_a_conversation_or_its_name(studio: Emulator, studio_api: ApiClient) -> None:
    talk = studio.workflow(chatflow=True)(says)
    body = {"workflow_id": talk.id, "bot_id": studio.bots["echo"], "additional_messages": [question("hey")]}
    assert code(studio_api.post("/v1/workflows/chat", json=body)) == 720702001
    assert chatted(studio_api, talk, "hey", parameters={"CONVERSATION_NAME": "Default"})[-1][1] == "done"


def test_a_failed_chatflow_ends_in_an_error_with_its_code_as_text(studio: Emulator, studio_api: ApiClient) -> None:
    @studio.workflow(chatflow=True)
    def fails(text: str) -> None:
        raise WorkflowError(720701013, "no")

    conversation = studio_api.conversation()["id"]
    _, name, failed = chatted(studio_api, fails, "hey", conversation_id=conversation)[-1]
    assert (name, failed["code"], "debug_url" in failed) == ("error", "720701013", True)

"""Workflows of a self-hosted coze-studio: other codes, other field names, no schema."""

from __future__ import annotations

import json

import httpx
import pytest

from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Hold, Pause
from coze_client.emulator.workflows import Image, Output, Steps, Workflow, WorkflowError, ask, ask_for
from tests.support.api_calls import ApiClient, Json, code, question
from tests.support.workflow_calls import interrupt, output, resume, resume_body, run, stream, workflow_events

RUN_MEMBERS = ["code", "msg", "data", "token", "cost", "debug_url", "execute_id", "BaseResp"]


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
    assert ["token" in data for _, data in events] == [False, False, True, False]
    assert (end["token"], "cost" in end) == (0, False)
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
    assert list(reply) == RUN_MEMBERS
    assert json.loads(reply["data"]) == {"content_type": 1, "data": "hey", "type_for_model": 2}
    assert (reply["code"], reply["msg"], reply["cost"], reply["BaseResp"]) == (0, None, "0.00000", None)


def test_a_run_that_is_refused_or_fails_has_the_same_members(studio: Emulator, studio_api: ApiClient) -> None:
    @studio.workflow()
    def fails() -> None:
        raise WorkflowError(720702085, "too long")

    refused, failed = run(studio_api, "7"), run(studio_api, fails.id)
    assert list(refused) == list(failed) == RUN_MEMBERS
    assert {name for name, value in refused.items() if value is None} == {*RUN_MEMBERS} - {"code", "msg"}
    assert (failed["code"], failed["execute_id"], "execute_id=" in failed["debug_url"]) == (6023, None, True)


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
    assert (list(begun), begun["code"], begun["msg"], begun["data"]) == (RUN_MEMBERS, 0, None, None)
    execute_id = begun["execute_id"]
    [running] = history(studio_api, slow, execute_id)["data"]
    assert (running["execute_status"], running["execute_id"], running["bot_id"]) == ("Running", int(execute_id), None)
    assert (json.loads(running["input"]), running["output"], running["token"]) == ({"text": "hey"}, None, 0)
    free[0] = True
    studio.wait_until(lambda: history(studio_api, slow, execute_id)["data"][0]["execute_status"] == "<UNSET>")


def test_a_record_has_the_bare_output(studio: Emulator, studio_api: ApiClient) -> None:
    workflow = studio.workflow()(says)
    bot = studio.bots["echo"]
    record = history(studio_api, workflow, run(studio_api, workflow.id, {"text": "hey"}, bot_id=bot)["execute_id"])
    assert (list(record), record["BaseResp"]) == (["data", "BaseResp"], None)
    [only] = record["data"]
    assert json.loads(only["output"])["data"] == "hey"
    assert (only["bot_id"], type(only["token"]), "logid" in only) == (int(bot), int, False)
    assert [only[name] for name in ("cost_unit", "ext", "error_code", "error_msg")] == [None] * 4


def test_a_record_is_found_by_its_id_whatever_the_workflow(studio: Emulator, studio_api: ApiClient) -> None:
    ran = run(studio_api, studio.workflow()(says).id, {"text": "hey"})
    where = {"workflow_id": "1", "execute_id": ran["execute_id"]}
    found = studio_api.get("/v1/workflow/get_run_history", params=where).json()
    assert found["data"][0]["execute_id"] == int(ran["execute_id"])


def test_an_unknown_record_is_a_space_without_access(studio_api: ApiClient, workflow: Workflow) -> None:
    refused = history(studio_api, workflow, "7")
    assert (list(refused), refused["code"]) == (["code", "msg", "BaseResp"], 777777775)
    assert refused["msg"].startswith("Workflow operation failure: user ")
    assert refused["msg"].endswith(" does not have access to space 0")


def test_a_plain_run_tells_why_it_is_refused(studio: Emulator, studio_api: ApiClient, workflow: Workflow) -> None:
    draft = studio.workflow(published=False)(says)
    both = {"bot_id": "1", "app_id": "2"}
    refused = [run(studio_api, draft.id), run(studio_api, "7"), run(studio_api, workflow.id)]
    refused.append(run(studio_api, workflow.id, {"name": "Ada"}, **both))
    assert [each["code"] for each in refused] == [6031, 720702004, 4000, 720701013]
    assert refused[1]["msg"].startswith("workflow 7 not found")
    assert refused[3]["msg"].endswith("cannot be set at the same time")


def is_silent(response: httpx.Response) -> bool:
    """Return whether the reply is an empty body that is told as JSON, in chunks."""
    head = (response.status_code, response.headers["content-type"], response.headers.get("transfer-encoding"))
    assert "content-length" not in response.headers
    return (*head, response.content) == (200, "application/json; charset=utf-8", "chunked", b"")


def test_a_stream_that_is_refused_before_its_start_is_silent(
    studio: Emulator, studio_api: ApiClient, workflow: Workflow
) -> None:
    draft, asked = studio.workflow(published=False)(greet), interrupt(stream(studio_api, workflow.id, {"name": "Ada"}))
    both = {"bot_id": "1", "app_id": "2"}
    for refused in (
        stream(studio_api, "7"),
        stream(studio_api, "abc"),
        stream(studio_api, draft.id),
        stream(studio_api, workflow.id),
        stream(studio_api, workflow.id, {"name": "Ada"}, **both),
        resume(studio_api, workflow.id, {**asked, "event_id": "1/2"}, "yes"),
        resume(studio_api, workflow.id, {**asked, "event_id": "x"}, "yes"),
    ):
        assert is_silent(refused), refused.text
    assert output(resume(studio_api, workflow.id, asked, "yes")) == "Ada: yes"
    assert is_silent(resume(studio_api, workflow.id, asked, "yes"))


def test_a_wrong_token_is_told_also_to_a_stream(studio: Emulator) -> None:
    with ApiClient(studio, "pat_nobody") as stranger:
        for path in ("/v1/workflow/stream_run", "/v1/workflow/stream_resume", "/v1/workflows/chat"):
            assert code(stranger.post(path, json={})) == 700012006


def test_a_studio_sends_no_ping() -> None:
    with Emulator("studio", ping_after=0.001) as emulator, ApiClient(emulator) as api:

        @emulator.workflow()
        def waits() -> Steps[str]:
            yield Pause(0.05)
            return "done"

        assert [name for name, _ in workflow_events(stream(api, waits.id))] == ["Message", "Done"]


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
    assert is_silent(studio_api.post("/v1/workflows/chat", json=body))
    assert is_silent(studio_api.post("/v1/workflows/chat", json={**body, "workflow_id": "7"}))
    assert chatted(studio_api, talk, "hey", parameters={"CONVERSATION_NAME": "Default"})[-1][1] == "done"


def test_a_conversation_of_an_unknown_name_is_not_made(studio: Emulator, studio_api: ApiClient) -> None:
    def named(name: str, *, get_or_create: bool) -> Json:
        body = {"app_id": "1", "workflow_id": "2", "conversation_name": name, "get_or_create": get_or_create}
        return dict(studio_api.post("/v1/workflow/conversation/create", json=body).json())

    refused = named("trip", get_or_create=True)
    assert (refused["code"], refused["msg"].partition(".")[0]) == (777777762, "Conversation not found")
    made = named("trip", get_or_create=False)["data"]
    assert named("trip", get_or_create=True)["data"]["id"] == made["id"]
    assert named("Default", get_or_create=True)["code"] == 0


def test_each_app_has_conversation_names_of_its_own(studio: Emulator, studio_api: ApiClient) -> None:
    talk = studio.workflow(chatflow=True)(says)

    def named(app_id: str, name: str, *, get_or_create: bool = True) -> Json:
        body = {"app_id": app_id, "workflow_id": talk.id, "conversation_name": name, "get_or_create": get_or_create}
        return dict(studio_api.post("/v1/workflow/conversation/create", json=body).json())

    kitchen = named("9", "kitchen", get_or_create=False)["data"]["id"]
    assert named("10", "kitchen")["code"] == 777777762
    other_kitchen = named("10", "kitchen", get_or_create=False)["data"]["id"]
    assert kitchen != other_kitchen
    assert [named(app_id, "kitchen")["data"]["id"] for app_id in ("9", "10")] == [kitchen, other_kitchen]
    defaults = [named(app_id, "Default")["data"]["id"] for app_id in ("9", "10", "9")]
    assert (defaults[0] != defaults[1], defaults[0] == defaults[2]) == (True, True)
    talks = [
        chatted(studio_api, talk, "hey", bot_id=None, app_id=app_id, parameters={"CONVERSATION_NAME": "kitchen"})[0][2]
        for app_id in ("9", "10")
    ]
    assert [chat["conversation_id"] for chat in talks] == [kitchen, other_kitchen]


def test_a_failed_chatflow_ends_in_an_error_with_its_code_as_text(studio: Emulator, studio_api: ApiClient) -> None:
    @studio.workflow(chatflow=True)
    def fails(text: str) -> None:
        raise WorkflowError(720701013, "no")

    conversation = studio_api.conversation()["id"]
    _, name, failed = chatted(studio_api, fails, "hey", conversation_id=conversation)[-1]
    assert (name, failed["code"], "debug_url" in failed) == ("error", "720701013", True)

"""Both clients on a self-hosted coze-studio."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from coze_client import APIError, CozeError, Message, NotFound, PermissionDenied, ProtocolError, StreamInterrupted
from coze_client.emulator import Emulator, faults
from coze_client.emulator.workflows import Steps, ask
from tests.support.clients import ConnectedClient, Driver


@pytest.fixture
def studio(driver: Driver) -> Iterator[ConnectedClient]:
    """A client of either kind on a fresh studio."""
    with Emulator("studio") as emulator:
        yield ConnectedClient(driver, emulator)


# --- the log id ---


def test_responses_and_streams_have_the_studios_log_id(studio: ConnectedClient) -> None:
    client = studio.client
    sent = studio.run(client.with_response(client.conversations.create))
    stream = studio.ask("hi")
    studio.run(stream.read())
    assert UUID(sent.logid) != UUID(stream.logid)


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.files.retrieve(file_id="1"),  # no such route
        lambda client: client.bots.retrieve(bot_id="7"),  # refused with a code
        lambda client: client.chats.retrieve(conversation_id="7", chat_id="8"),  # HTTP 500, text
        lambda client: client.chats.create(bot_id="7", user_id="u", additional_messages=[]),  # HTTP 400
    ],
)
def test_errors_have_the_studios_log_id(
    studio: ConnectedClient, sleeps: list[float], call: Callable[[Any], Any]
) -> None:
    with pytest.raises(CozeError) as caught:
        studio.run(call(studio.client))
    assert caught.value.logid is not None
    UUID(caught.value.logid)
    assert caught.value.logid in str(caught.value)


# --- workflows that are refused before their start ---


def greet(name: str) -> Steps[str]:
    tone: str = yield ask("Formal?")
    return tone


def run(client: Any, **more: object) -> Any:
    return client.workflows.stream(**{"workflow_id": "7", **more})


def execute(client: Any, **more: object) -> Any:
    return client.workflows.execute(**{"workflow_id": "7", **more})


def resume(client: Any, **more: object) -> Any:
    answer = {"event_id": "1/2", "interrupt_type": 2, "resume_data": "yes"}
    return client.workflows.stream_resume(**{"workflow_id": "7", **answer, **more})


def chat(client: Any, **more: object) -> Any:
    said = {"additional_messages": [Message.user("hi")], "app_id": "1"}
    return client.workflows.chat(**{"workflow_id": "7", **said, **more})


def finish(studio: ConnectedClient, call: Callable[[Any], Any]) -> None:
    started = call(studio.client)
    studio.run(started) if call is execute else studio.collect(started)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (run, ("workflow_id", "published", "workspace", "parameters", "bot_id and app_id", "workflows.run(")),
        (execute, ("workflow_id", "published", "workspace", "parameters", "bot_id and app_id", "workflows.run(")),
        (chat, ("workflow_id", "published", "workspace", "CONVERSATION_NAME", "conversation_id", "workflows.run(")),
        (resume, ("workflow_id", "published", "event_id")),
    ],
)
def test_a_silent_refusal_names_what_it_may_be(
    studio: ConnectedClient, sleeps: list[float], call: Callable[[Any], Any], named: tuple[str, ...]
) -> None:
    with pytest.raises(APIError) as caught:
        finish(studio, call)
    assert all(word in caught.value.cure for word in named)
    assert not any(wrong in str(caught.value).lower() for wrong in ("base_url", "web page", "try again"))
    assert caught.value.logid is not None
    assert len(studio.emulator.calls) == 1
    assert sleeps == []


@pytest.mark.parametrize("refused", ["unpublished", "arguments", "answered"])
def test_every_refusal_of_a_stream_is_told_so(studio: ConnectedClient, refused: str) -> None:
    published = studio.emulator.workflow()(greet).id
    draft = studio.emulator.workflow(published=False)(greet).id
    first = run(studio.client, workflow_id=published, parameters={"name": "Ada"})
    asked = studio.collect(first)[-1].interrupt
    again = {"workflow_id": published, "event_id": asked.event_id, "interrupt_type": asked.type}
    studio.collect(resume(studio.client, **again))
    calls = {
        "unpublished": lambda: run(studio.client, workflow_id=draft, parameters={"name": "Ada"}),
        "arguments": lambda: run(studio.client, workflow_id=published),
        "answered": lambda: resume(studio.client, **again),
    }
    with pytest.raises(APIError, match=r"without a reason.*coze-studio"):
        studio.collect(calls[refused]())


@pytest.mark.parametrize(
    "answer",
    [
        faults.EmptyBody(),
        faults.EmptyBody(204),
        faults.HttpStatus(200),
        faults.HttpStatus(200, content_type="text/html"),
    ],
)
@pytest.mark.parametrize("call", [run, execute, chat, resume])
def test_the_silence_of_the_cloud_leaves_open_whether_a_run_has_started(
    coze: ConnectedClient, answer: faults.HttpStatus, call: Callable[[Any], Any]
) -> None:
    coze.emulator.inject(answer, "/v1/workflow*")
    with pytest.raises(ProtocolError, match="Check before you call again"):
        finish(coze, call)
    assert len(coze.emulator.calls) == 1


@pytest.mark.parametrize("answer", [faults.EmptyBody(204), faults.HttpStatus(200, content_type="text/html")])
def test_another_silence_of_a_studio_does_so_too(studio: ConnectedClient, answer: faults.HttpStatus) -> None:
    studio.emulator.inject(answer, "/v1/workflow/stream_run")
    with pytest.raises(ProtocolError, match="Check before you call again"):
        studio.collect(run(studio.client))


def test_a_silent_chat_is_no_refusal(coze: ConnectedClient) -> None:
    coze.emulator.inject(faults.EmptyBody(), "/v3/chat")
    with pytest.raises(ProtocolError, match="Check before you call again"):
        coze.run(coze.ask().read())


# --- the record of a run ---


@pytest.mark.parametrize(
    "call",
    [
        lambda workflows: workflows.history(workflow_id="1", execute_id="7"),
        lambda workflows: workflows.studio_run_history(workflow_id="1", execute_id="7"),
        lambda workflows: workflows.result(workflow_id="1", execute_id="7"),
    ],
)
def test_an_unknown_run_is_not_found(studio: ConnectedClient, call: Callable[[Any], Any]) -> None:
    with pytest.raises(NotFound, match="execute id") as caught:
        studio.run(call(studio.client.workflows))
    assert caught.value.code == 777777775
    assert caught.value.message.endswith("does not have access to space 0")


def test_a_run_of_another_workspace_is_no_unknown_run(studio: ConnectedClient) -> None:
    workflow = studio.emulator.workflow()(says)
    ran = studio.run(studio.client.workflows.run(workflow_id=workflow.id, parameters={"text": "hey"}))
    other = studio.driver.client(studio.emulator.issue_token(account="other"), base_url=studio.emulator.url)
    with pytest.raises(PermissionDenied, match="may use the workspace"):
        studio.run(other.workflows.history(workflow_id=workflow.id, execute_id=ran.execute_id))


def test_another_failure_of_the_record_keeps_its_kind(studio: ConnectedClient) -> None:
    failure = faults.Coded(777777775, "Workflow operation failure: database is away")
    studio.emulator.inject(failure, "/v1/workflow/get_run_history")
    with pytest.raises(APIError, match="database is away") as caught:
        studio.run(studio.client.workflows.studio_run_history(workflow_id="1", execute_id="7"))
    assert not isinstance(caught.value, (NotFound, PermissionDenied))


def says(text: str) -> str:
    return text


def test_a_record_is_read(studio: ConnectedClient) -> None:
    workflow = studio.emulator.workflow()(says)
    ran = studio.run(studio.client.workflows.run(workflow_id=workflow.id, parameters={"text": "hey"}))
    record = studio.run(studio.client.workflows.history(workflow_id=workflow.id, execute_id=ran.execute_id))
    assert (record.execute_id, record.bot_id, record.error_code) == (ran.execute_id, "", "")
    assert studio.run(studio.client.workflows.result(workflow_id="1", execute_id=ran.execute_id)).text == "hey"


# --- paths ---


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.bots.retrieve(bot_id="guide"),
        lambda client: client.conversations.delete(conversation_id="c1"),
        lambda client: client.conversations.clear(conversation_id="c1"),
        lambda client: client.datasets.delete(dataset_id="books"),
        lambda client: client.datasets.process(dataset_id="books", document_ids=["1"]),
        lambda client: client.files.retrieve(file_id="1"),
        lambda client: client.users.me(),
    ],
)
def test_what_the_studio_does_not_route_may_be_the_endpoint_or_the_id(
    studio: ConnectedClient, call: Callable[[Any], Any]
) -> None:
    with pytest.raises(NotFound, match=r"does not have the endpoint .*an id in the path of the call is not all digits"):
        studio.run(call(studio.client))


def test_behind_its_own_nginx_the_servers_port_is_named(studio: ConnectedClient) -> None:
    studio.emulator.inject(faults.StaticSite(), "/open_api/*")
    with pytest.raises(NotFound, match=r"nginx that comes with coze-studio.*own port \(8888\) as base_url"):
        studio.collect(studio.client.datasets.documents.list(dataset_id="7"))


# --- an older studio ---


@pytest.fixture
def older_studio(driver: Driver) -> Iterator[ConnectedClient]:
    with Emulator("studio", version="0.5.0") as emulator:
        yield ConnectedClient(driver, emulator)


def test_an_older_studio_streams_chats(older_studio: ConnectedClient) -> None:
    assert older_studio.run(older_studio.ask("hello there").read()).text == "hello there"


def test_an_older_studio_answers_a_chat_without_a_stream(older_studio: ConnectedClient, sleeps: list[float]) -> None:
    asked = {"bot_id": older_studio.emulator.bots["echo"], "user_id": "u", "additional_messages": [Message.user("hi")]}
    result = older_studio.run(older_studio.client.chats.create_and_poll(**asked))
    assert (result.text, result.chat.status) == ("hi", "completed")
    assert [call.path for call in older_studio.emulator.calls] == ["/v3/chat"]


def test_a_broken_stream_of_an_older_studio_cannot_recover_and_keeps_what_came(older_studio: ConnectedClient) -> None:
    older_studio.emulator.inject(faults.CutAfterEvents(3))
    with pytest.raises(StreamInterrupted) as caught:
        older_studio.run(older_studio.ask("hello there").read())
    assert "hello there".startswith(caught.value.text)
    assert (caught.value.text != "", caught.value.chat_id is not None) == (True, True)


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.chats.retrieve(conversation_id="7", chat_id="8"),
        lambda client: client.chats.messages(conversation_id="7", chat_id="8"),
        lambda client: client.conversations.retrieve(conversation_id="7"),
        lambda client: client.datasets.create(name="Owls", workspace_id="7"),
        lambda client: client.datasets.process(dataset_id="7", document_ids=["8"]),
        lambda client: client.datasets.documents.delete(document_ids=["8"]),
    ],
)
def test_what_an_older_studio_lacks_is_not_found(older_studio: ConnectedClient, call: Callable[[Any], Any]) -> None:
    with pytest.raises(NotFound, match=r"until v0\.5\.0"):
        older_studio.run(call(older_studio.client))
    assert len(older_studio.emulator.calls) == 1

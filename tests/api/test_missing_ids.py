"""A success without what was asked for is an error at once, never an object without id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from coze_client import ChunkStrategy, DocumentBase, ProtocolError
from tests.support.clients import Driver

Call = Callable[[Any], Any]
TEXT = [DocumentBase.from_text("some text", name="a.txt")]

STARTS: dict[str, Call] = {
    "chats.create": lambda client: client.chats.create(bot_id="1", user_id="u"),
    "chats.create_and_poll": lambda client: client.chats.create_and_poll(bot_id="1", user_id="u"),
    "chats.stream": lambda client: client.chats.stream(bot_id="1", user_id="u").read(),
    "chats.submit_tool_outputs": lambda client: client.chats.submit_tool_outputs(
        conversation_id="1", chat_id="2", tool_outputs=[]
    ),
    "workflows.run_async": lambda client: client.workflows.run_async(workflow_id="1"),
    "workflows.execute": lambda client: client.workflows.execute(workflow_id="1", mode="async"),
    "conversations.create": lambda client: client.conversations.create(),
    "conversations.clear": lambda client: client.conversations.clear(conversation_id="1"),
    "messages.create": lambda client: client.conversations.messages.create(
        conversation_id="1", role="user", content="hi"
    ),
    "files.upload": lambda client: client.files.upload(b"text"),
    "bots.create": lambda client: client.bots.create(name="b", workspace_id="1"),
    "bots.publish": lambda client: client.bots.publish(bot_id="1", connector_ids=["1024"]),
    "datasets.create": lambda client: client.datasets.create(name="d", workspace_id="1"),
    "documents.create": lambda client: client.datasets.documents.create(
        dataset_id="1", documents=TEXT, chunk_strategy=ChunkStrategy.automatic()
    ),
}
READS: dict[str, Call] = {
    "users.me": lambda client: client.users.me(),
    "chats.retrieve": lambda client: client.chats.retrieve(conversation_id="1", chat_id="2"),
    "conversations.retrieve": lambda client: client.conversations.retrieve(conversation_id="1"),
    "conversations.update": lambda client: client.conversations.update(conversation_id="1", name="n"),
    "messages.retrieve": lambda client: client.conversations.messages.retrieve(conversation_id="1", message_id="2"),
    "messages.update": lambda client: client.conversations.messages.update(
        conversation_id="1", message_id="2", content="hi"
    ),
    "files.retrieve": lambda client: client.files.retrieve(file_id="1"),
    "bots.retrieve": lambda client: client.bots.retrieve(bot_id="1"),
    "workflows.retrieve": lambda client: client.workflows.retrieve(workflow_id="1"),
    "workflows.history": lambda client: client.workflows.history(workflow_id="1", execute_id="2"),
    "workflows.result": lambda client: client.workflows.result(workflow_id="1", execute_id="2"),
    "plugins.retrieve": lambda client: client.plugins.retrieve(plugin_id="1"),
}
EMPTY = [{"code": 0, "msg": "success"}, {"code": 0, "data": None}, {"code": 0, "data": {}}, {"data": {"other": 1}}, {}]


def answering(driver: Driver, body: object, asked: list[str]) -> Any:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json=body, headers={"x-tt-logid": "log1"})

    return driver.client("t", base_url="http://coze", transport=httpx.MockTransport(answer))


@pytest.mark.parametrize("body", EMPTY, ids=str)
def test_a_success_without_an_id_is_an_error_with_the_logid(driver: Driver, body: object) -> None:
    asked: list[str] = []
    client = answering(driver, body, asked)
    for name, call in {**STARTS, **READS}.items():
        if name in ("workflows.history", "workflows.result") and body == {"data": {"other": 1}}:
            continue  # a record may have any fields
        asked.clear()
        with pytest.raises(ProtocolError, match="reported success") as caught:
            driver.run(call(client))
        assert caught.value.logid == "log1", name
        assert len(asked) == 1, name
        if name in STARTS:
            assert "try again" not in str(caught.value).lower(), name
            assert caught.value.cure, name


def test_documents_of_which_some_have_no_id_are_named(driver: Driver) -> None:
    body = {"code": 0, "document_infos": [{"document_id": "77"}]}
    with pytest.raises(ProtocolError, match="1 ids for 2 documents: 77"):
        driver.run(answering(driver, body, []).datasets.documents.create(dataset_id="1", documents=[*TEXT, *TEXT]))


def test_a_response_that_need_not_name_it_gets_the_ids_of_the_call(driver: Driver) -> None:
    client = answering(driver, {"code": 0}, [])
    cancelled = driver.run(client.chats.cancel(conversation_id="1", chat_id="2"))
    assert (cancelled.id, cancelled.conversation_id) == ("2", "1")
    deleted = driver.run(client.conversations.messages.delete(conversation_id="1", message_id="3"))
    assert (deleted.id, deleted.conversation_id) == ("3", "1")

"""Files in the parameters of a run: uploaded before it starts, by every call that takes parameters."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client import ConfigurationError, CozeError, File
from coze_client.api.files.attachments import Attachment
from coze_client.api.workflows.resource import Workflows
from coze_client.core.json_values import find_problems, not_json
from tests.support.clients import Driver
from tests.support.event_streams import event_stream

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
ANSWER = {"id": "9", "chat_id": "7", "conversation_id": "8", "role": "assistant", "type": "answer", "content": "Hi"}
DONE = event_stream(
    ("conversation.message.completed", ANSWER),
    ("conversation.chat.completed", {"id": "7", "conversation_id": "8", "status": "completed"}),
    ("done", "{}"),
)
RUN_DONE = event_stream(("Message", {"content": "{}", "node_title": "End", "node_is_finish": True}), ("Done", {}))
CALLS: dict[str, Callable[..., Any]] = {
    "workflows.run": lambda client, **given: client.workflows.run(workflow_id="1", **given),
    "workflows.run_async": lambda client, **given: client.workflows.run_async(workflow_id="1", **given),
    "workflows.stream": lambda client, **given: client.workflows.stream(workflow_id="1", **given),
    "workflows.execute": lambda client, **given: client.workflows.execute(workflow_id="1", **given),
    "workflows.execute, sync": lambda client, **given: client.workflows.execute(workflow_id="1", mode="sync", **given),
    "workflows.chat": lambda client, **given: client.workflows.chat(
        workflow_id="1", bot_id="2", additional_messages=[], **given
    ),
    "chats.create": lambda client, **given: client.chats.create(bot_id="1", user_id="u", **given),
    "chats.create_and_poll": lambda client, **given: client.chats.create_and_poll(bot_id="1", user_id="u", **given),
    "chats.stream": lambda client, **given: client.chats.stream(bot_id="1", user_id="u", **given),
    "with_response": lambda client, **given: client.with_response(client.workflows.run, workflow_id="1", **given),
}


class Server:
    """Answers uploads, chats and runs; `uploads` and `starts` hold what it was sent, in order in `paths`."""

    def __init__(self, *, upload: httpx.Response | None = None) -> None:
        self.paths: list[str] = []
        self.uploads: list[bytes] = []
        self.starts: list[Any] = []
        self._upload = upload

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        content = request.read()
        if request.url.path == "/v1/files/upload":
            self.uploads.append(content)
            number = len(self.uploads)
            return self._upload or httpx.Response(200, json={"code": 0, "data": {"id": f"file-{number}/x"}})
        if request.method == "POST":
            self.starts.append(json.loads(content)["parameters"])
        chat = {"id": "7", "conversation_id": "8", "status": "completed"}
        if request.headers["accept"] == "text/event-stream":
            body = RUN_DONE if "stream_run" in request.url.path else DONE
            return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)
        data: Any = "{}" if "workflow" in request.url.path else [ANSWER] if "message" in request.url.path else chat
        return httpx.Response(200, json={"code": 0, "data": data, "execute_id": "e"})


def send(driver: Driver, server: Server, name: str, parameters: Any) -> None:
    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(server), retry=None)
    value = CALLS[name](client, parameters=parameters)
    driver.collect(value) if hasattr(value, "__next__") or hasattr(value, "__anext__") else driver.run(value)


def file_json(file_id: str) -> str:
    return json.dumps({"file_id": file_id})


@pytest.mark.parametrize("name", CALLS)
def test_files_are_uploaded_before_the_start_and_named_by_their_ids(driver: Driver, name: str, tmp_path: Path) -> None:
    path = tmp_path / "menu.txt"
    path.write_bytes(b"soup")
    server = Server()
    given = {
        "photo": PNG,
        "menu": path,
        "known": File(id="any/id.x"),
        "list": [path, {"deep": (bytearray(PNG), memoryview(b"other"))}],
        "attached": Attachment.from_url("image", "https://example.com/a.png"),
        "city": "Rome",
        "count": 2,
        "none": None,
    }
    before = dict(given)
    send(driver, server, name, given)
    assert given == before
    assert server.paths[:3] == ["/v1/files/upload"] * 3  # equal contents once
    assert len(server.uploads) == 3
    (sent,) = server.starts
    by_id = {f"file-{number}/x": content for number, content in enumerate(server.uploads, 1)}
    contents = {key: by_id[json.loads(sent[key])["file_id"]] for key in ("photo", "menu")}
    assert PNG in contents["photo"]
    assert b'filename="photo.png"' in contents["photo"]
    assert b"soup" in contents["menu"]
    assert b'filename="menu.txt"' in contents["menu"]
    assert sent["known"] == file_json("any/id.x")
    assert sent["list"][0] == sent["menu"]
    assert sent["list"][1]["deep"][0] == sent["photo"]
    assert b"other" in by_id[json.loads(sent["list"][1]["deep"][1])["file_id"]]
    assert sent["attached"] == "https://example.com/a.png"
    assert (sent["city"], sent["count"], sent["none"]) == ("Rome", 2, None)


@pytest.mark.parametrize("name", CALLS)
def test_text_is_never_opened(driver: Driver, name: str, tmp_path: Path) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("secret")
    server = Server()
    texts = {"a": str(path), "b": f"file://{path}", "c": "attachment:1", "d": file_json("7"), "e": "42"}
    send(driver, server, name, texts)
    assert server.uploads == []
    assert server.starts == [texts]


NOT_JSON: dict[str, tuple[dict[str, object], str]] = {
    "a time": ({"when": datetime(2026, 1, 1, tzinfo=timezone.utc)}, "parameters.when is a datetime"),
    "a set in a list": ({"seats": [{"rows": {1}}]}, "parameters.seats[0].rows is a set"),
    "not a number": ({"price": float("nan")}, "parameters.price is nan"),
    "infinite": ({"price": [1.0, float("inf")]}, "parameters.price[1] is inf"),
    "a key": ({"seat": {(1, 2): "x"}}, "parameters.seat has a key that is no text: (1, 2)"),
    "half a character": ({"name": "\udc00"}, "parameters.name is text with half a character"),
    "an object": ({"x": object()}, "parameters.x is a object"),
    "a file without an id": ({"photo": File()}, "parameters.photo is a File without an id"),
    "a pure path is a path": ({"photo": PurePosixPath("/nowhere/at/all")}, "/nowhere/at/all cannot be read"),
}


@pytest.mark.parametrize("beside", [{}, {"file": PNG}], ids=["alone", "beside a file"])
@pytest.mark.parametrize("name", CALLS)
def test_what_is_no_json_is_named_with_its_key_before_anything_is_sent(
    driver: Driver, name: str, beside: dict[str, object]
) -> None:
    server = Server()
    for value, named in NOT_JSON.values():
        with pytest.raises(ConfigurationError) as caught:
            send(driver, server, name, {**value, **beside})
        assert named in str(caught.value)
        assert server.paths == []


def test_parameters_that_contain_themselves_are_refused(driver: Driver) -> None:
    loop: dict[str, Any] = {}
    loop["again"] = loop
    for parameters in (loop, {"file": PNG, **loop}):
        with pytest.raises(ConfigurationError, match="contains itself"):
            send(driver, Server(), "workflows.run", parameters)


@pytest.mark.parametrize("name", CALLS)
def test_a_failed_upload_starts_nothing(driver: Driver, name: str) -> None:
    server = Server(upload=httpx.Response(200, json={"code": 4303, "msg": "no such type"}))
    with pytest.raises(CozeError) as caught:
        send(driver, server, name, {"photo": PNG})
    assert caught.value.code == 4303
    assert server.starts == []


def test_other_arguments_that_are_no_json_are_named_too(driver: Driver) -> None:
    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(Server()))
    with pytest.raises(ConfigurationError, match=r"custom_variables\.when is a datetime"):
        driver.run(client.chats.create(bot_id="1", user_id="u", custom_variables={"when": datetime.now(timezone.utc)}))


def test_a_call_without_files_is_the_same_value_as_before() -> None:
    request = Workflows.run(workflow_id="1", parameters={"city": "Rome"})
    assert request.before is None
    assert request.body == {"workflow_id": "1", "parameters": {"city": "Rome"}}
    with_file = Workflows.run(workflow_id="1", parameters={"photo": PNG})
    assert with_file.before is not None
    assert with_file != request
    assert with_file == Workflows.run(workflow_id="1", parameters={"photo": PNG})


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text("ab"),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab"), inner),
)


@given(JSON_VALUES)
def test_json_has_no_problems(value: object) -> None:
    assert list(find_problems(value, "parameters")) == []


@given(JSON_VALUES, st.sampled_from([b"x", {1}, float("nan"), "\udc00", 1j]))
def test_a_problem_anywhere_is_found(value: object, bad: object) -> None:
    body = {"a": value, "b": [value, {"c": bad}]}
    assert [problem.partition(" ")[0] for problem in find_problems(body, "p")] == ["p.b[1].c"]
    assert "b[1].c" in str(not_json(body, ValueError("x")))

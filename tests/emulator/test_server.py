"""The port, the process, and what the emulator records."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from coze_client.emulator import Clock, Emulator
from coze_client.emulator.__main__ import DEFAULT_PORT, main
from coze_client.emulator.routes.oauth.tokens import ACCOUNT
from tests.support.api_calls import ApiClient, Json, chat_ids, code, data, events, message_texts


def test_a_fresh_emulator_comes_as_a_fixture(coze_emulator: Emulator) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", coze_emulator.url)
    assert (coze_emulator.calls, coze_emulator.chats_started, coze_emulator.open_streams) == ([], 0, 0)


def test_calls_are_recorded_in_order(api: ApiClient, emulator: Emulator) -> None:
    api.get("/v1/users/me", params={"a": "1"}, headers={"X-Mine": "yes"})
    api.post("/v3/chat", json={"bot_id": "1"})
    api.post("/nowhere", content=b"not JSON")
    first, second, third = emulator.calls
    assert (first.method, first.path, first.query, first.body) == ("GET", "/v1/users/me", {"a": "1"}, None)
    assert first.headers["x-mine"] == "yes"
    assert (second.body, third.body) == ({"bot_id": "1"}, 8)
    assert first.at <= second.at
    assert emulator.calls_to("/v3/chat") == [second]


def test_stopping_cuts_open_streams(emulator: Emulator) -> None:
    with Emulator() as other, ApiClient(other) as api:
        with api.stream("POST", "/v3/chat", json=api.chat_body("slow", "go", stream=True)) as response:
            lines = response.iter_lines()
            next(lines)
            other.stop()
            with pytest.raises(httpx.RemoteProtocolError):
                list(lines)
        other.stop()


def test_two_emulators_do_not_know_each_other(emulator: Emulator) -> None:
    with Emulator() as other, ApiClient(emulator, other.token) as api:
        assert code(api.get("/v1/users/me")) == 4100


def test_a_taken_port_is_an_error(emulator: Emulator) -> None:
    port = int(emulator.url.rpartition(":")[2])
    with pytest.raises(OSError, match=rf"Port {port} of 127.0.0.1 cannot be used .*in use\): choose another port"):
        Emulator(port=port).start()


def test_the_command_says_in_one_sentence_that_a_port_is_taken(
    emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    port = emulator.url.rpartition(":")[2]
    with pytest.raises(SystemExit) as stopped:
        main(["--port", port])
    assert stopped.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith(f"Port {port} of 127.0.0.1 cannot be used")
    assert said.count("\n") == 1


def test_the_default_port_is_not_that_of_uvicorn() -> None:
    assert uvicorn.Config(lambda: None).port != DEFAULT_PORT


@pytest.mark.parametrize("limit", [1, 3])
@pytest.mark.parametrize("code_of_refusal", [4020, 4009])
def test_calls_over_the_rate_limit_are_refused_until_a_second_has_passed(limit: int, code_of_refusal: Any) -> None:
    clock = Clock(1000.0)
    with Emulator(rate_limit=limit, rate_limit_code=code_of_refusal, clock=clock) as other, ApiClient(other) as api:
        for _ in range(2):
            codes = [code(api.get("/v1/users/me")) for _ in range(limit + 2)]
            assert codes == [0] * limit + [code_of_refusal] * 2
            clock.advance(1)
        assert code(api.post("/v3/chat", json=api.chat_body("echo", "hi"))) == 0
        assert other.chats_started == 1


def test_a_refused_call_has_no_effect() -> None:
    with Emulator(rate_limit=1, clock=Clock(1000.0)) as other, ApiClient(other) as api:
        answers = [code(api.post("/v3/chat", json=api.chat_body("echo", "hi", stream=False))) for _ in range(5)]
        assert answers == [0, 4020, 4020, 4020, 4020]
        assert other.chats_started == 1


def test_a_studio_has_no_rate_limit(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="limits no calls"):
        Emulator("studio", rate_limit=1)
    with pytest.raises(SystemExit):
        main(["--dialect", "studio", "--rate-limit", "1"])
    assert "limits no calls" in capsys.readouterr().err


def test_wait_until_gives_up(emulator: Emulator) -> None:
    emulator.wait_until(lambda: True)
    with pytest.raises(TimeoutError):
        emulator.wait_until(lambda: False, seconds=0.01)


def test_wait_until_sees_what_another_thread_does(api: ApiClient, emulator: Emulator) -> None:
    caller = threading.Thread(target=api.get, args=("/v1/users/me",))
    caller.start()
    emulator.wait_until(lambda: bool(emulator.calls))
    caller.join()


def test_the_clock_is_the_caller_s() -> None:
    with Emulator(clock=lambda: 1_700_000_000) as emulator, ApiClient(emulator) as api:
        response = api.ask("echo", "hi", stream=False)
        assert data(response)["created_at"] == 1_700_000_000
        assert response.headers["date"] == "Tue, 14 Nov 2023 22:13:20 GMT"


def test_state_in_a_file_outlives_the_emulator(tmp_path: Path) -> None:
    file = tmp_path / "coze.db"
    with Emulator(data=file) as emulator, ApiClient(emulator) as api:
        token, bots = emulator.token, dict(emulator.bots)
        chat = events(api.ask("assistant", "my name is Ada"))[0][1]
        hanging = api.start("slow", "go")
    with Emulator(data=file) as emulator, ApiClient(emulator, token) as api:
        assert emulator.bots == bots
        assert data(api.get("/v3/chat/retrieve", params=chat_ids(chat)))["status"] == "completed"
        assert data(api.get("/v3/chat/retrieve", params=chat_ids(hanging)))["status"] == "failed"
        again = api.ask("assistant", "what is my name?", chat["conversation_id"])
        assert message_texts(again) == ["Your name is Ada."]
        assert events(again)[0][1]["id"] not in (chat["id"], hanging["id"])


OLD_TIMES = {"created_at": 1735689600, "updated_at": 1735689600}
OLD_CONVERSATION: Json = {
    "id": "7460000000000000001",
    "section_id": "7460000000000000001",
    "account": ACCOUNT,
    **OLD_TIMES,
}
OLD_MESSAGE: Json = {
    "id": "7480000000000000001",
    "conversation_id": "7460000000000000001",
    "section_id": "7460000000000000001",
    "role": "user",
    "type": "question",
    "content": "my name is Ada",
    "content_type": "text",
    **OLD_TIMES,
}
OLD_FILE: Json = {
    "id": "7490000000000000001",
    "account": ACCOUNT,
    "file_name": "a.png",
    "bytes": 4,
    "created_at": 1735689600,
}
ROWS_OF_0_1_0 = (
    ("Token", "pat_old", ACCOUNT, {"id": "pat_old", "account": ACCOUNT}),
    ("Conversation", OLD_CONVERSATION["id"], ACCOUNT, OLD_CONVERSATION),
    ("Message", OLD_MESSAGE["id"], OLD_CONVERSATION["id"], OLD_MESSAGE),
    ("File", OLD_FILE["id"], ACCOUNT, OLD_FILE),
)


def test_a_file_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    file = tmp_path / "coze.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE record (kind TEXT, id TEXT, owner TEXT, body TEXT, PRIMARY KEY (kind, id))")
        rows = [(*keys, json.dumps(body)) for *keys, body in ROWS_OF_0_1_0]
        connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?)", rows)
    with Emulator(data=file) as emulator, ApiClient(emulator, "pat_old") as api:
        conversation_id = {"conversation_id": OLD_CONVERSATION["id"]}
        [message] = data(api.post("/v1/conversation/message/list", params=conversation_id, json={}))
        assert message["content"] == "my name is Ada"
        assert data(api.get("/v1/files/retrieve", params={"file_id": OLD_FILE["id"]}))["file_name"] == "a.png"
        assert api.conversation()["id"] == "7460000000000000002"


SPACE = {"space_id": "7340000000000000001"}


def test_what_json_can_spell_and_nothing_can_write_is_stored_as_something_that_can(api: ApiClient) -> None:
    body = b'{"name": "a \\ud800", "space_id": "7340000000000000001", "format_type": 0}'
    assert code(api.post("/v1/datasets", content=body)) == 0
    [shown] = data(api.get("/v1/datasets", params=SPACE))["dataset_list"]
    assert shown["name"] == "a \ufffd"
    assert code(api.post("/v1/bot/update", content=b'{"bot_id": "\\ud800"}')) == 4006


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"name":' * 200_000, b'{"space_id": ' + b"9" * 5000 + b"}"])
def test_what_is_no_json_that_could_be_read_lacks_what_is_required(api: ApiClient, body: bytes) -> None:
    assert code(api.post("/v1/datasets", content=body)) == 4000


def test_a_number_of_thousands_of_digits_is_too_large(api: ApiClient) -> None:
    assert code(api.get("/v1/datasets", params={**SPACE, "page_size": "9" * 5000})) == 4000


def test_unknown_routes_are_404_with_a_code(api: ApiClient) -> None:
    for method, path in (("GET", "/v9/nonsense"), ("PUT", "/v3/chat")):
        response = api.request(method, path)
        assert (response.status_code, code(response)) == (404, 4200)


def test_a_plain_import_loads_no_server() -> None:
    loaded = "import sys, coze_client.emulator.pytest_plugin; print({'starlette', 'uvicorn'} & sys.modules.keys())"
    found = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_a_missing_extra_names_its_cure() -> None:
    missing = "import sys; sys.modules['uvicorn'] = None\nfrom coze_client.emulator import Emulator"
    found = subprocess.run([sys.executable, "-c", missing], capture_output=True, text=True, check=False)
    assert 'pip install "coze-adapters[emulator]"' in found.stderr


def test_the_command_prints_what_is_needed_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    files = ["--data", str(tmp_path / "coze.db"), "--oauth", str(tmp_path / "apps")]
    command = [sys.executable, "-m", "coze_client.emulator", "--port", "0", *files]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        shown = ""
        while "Ctrl-C" not in shown and (line := process.stdout.readline()):
            shown += line
        url, token = (re.search(rf"export {name}=(\S+)", shown) for name in ("COZE_API_BASE", "COZE_API_TOKEN"))
        assert url is not None
        assert token is not None
        headers = {"Authorization": f"Bearer {token[1]}"}
        assert httpx.get(f"{url[1]}/v1/users/me", headers=headers).json()["code"] == 0
        assert f"curl -N {url[1]}/v3/chat" in shown
        assert "several_answers" in shown
        assert "book_table" in shown
        apps = [json.loads(file.read_text()) for file in sorted(tmp_path.glob("apps/*_oauth_config.json"))]
        assert [app["client_type"] for app in apps] == ["device", "jwt", "pkce", "web"]
        assert {app["coze_api_base"] for app in apps} == {url[1]}
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=10)
    assert (process.returncode, rest.strip(), errors) == (0, "bye", "")

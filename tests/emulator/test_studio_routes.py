"""The routes of a coze-studio, by version; what every one of its replies contains."""

from __future__ import annotations

import subprocess
import sys
from uuid import UUID

import pytest

from coze_client.emulator import Emulator
from coze_client.emulator.app import API_ENDPOINTS
from coze_client.emulator.protocol.route_lists import STUDIO_ROUTES
from coze_client.emulator.protocol.studio_dialect import find_dialect
from tests.support.api_calls import ApiClient, chat_ids, code, event_names, events, question
from tests.support.workflow_calls import stream

Route = tuple[str, str]
ALL_ROUTES = sorted({(endpoint.method, endpoint.path) for endpoint in API_ENDPOINTS})
LATER = [route for route in sorted(STUDIO_ROUTES) if "datasets" in route[1] or "knowledge" in route[1]]
LATER += [("GET", "/v3/chat/retrieve"), ("GET", "/v3/chat/message/list"), ("GET", "/v1/conversation/retrieve")]


def asks_for_a_cookie(api: ApiClient, method: str, path: str) -> bool:
    response = api.request(method, path)
    return (response.status_code, response.text) == (401, '{"code":401,"msg":"missing session_key in cookie"}')


def filled(path: str, value: str = "7") -> str:
    """Replace each `{name}` of a path."""
    return "/".join(value if part.startswith("{") else part for part in path.split("/"))


def test_the_studio_has_thirty_two_routes_and_the_emulator_has_them_all() -> None:
    assert len(STUDIO_ROUTES) == 32
    assert set(ALL_ROUTES) >= STUDIO_ROUTES


def test_all_other_routes_ask_for_a_cookie_or_have_another_method(studio_api: ApiClient) -> None:
    served = {path for _, path in STUDIO_ROUTES}
    others = [route for route in ALL_ROUTES if route not in STUDIO_ROUTES]
    assert len(others) > 80
    for method, path in others:
        if path in served:
            response = studio_api.request(method, filled(path))
            assert (response.status_code, response.text) == (404, "404 page not found"), (method, path)
        else:
            assert asks_for_a_cookie(studio_api, method, filled(path)), (method, path)


@pytest.mark.parametrize("route", [route for route in sorted(STUDIO_ROUTES) if "{" in route[1]], ids=" ".join)
@pytest.mark.parametrize("value", ["x", "7x", "-7", "1.5", "%20", "\uff17"])
def test_an_id_in_a_path_that_is_no_number_asks_for_a_cookie(studio_api: ApiClient, route: Route, value: str) -> None:
    assert not asks_for_a_cookie(studio_api, route[0], filled(route[1]))
    assert asks_for_a_cookie(studio_api, route[0], filled(route[1], value))


def test_a_wrong_method_needs_a_token_first(studio: Emulator) -> None:
    with ApiClient(studio, "pat_nobody") as stranger:
        assert code(stranger.post("/v3/chat/retrieve")) == 700012006


def test_every_reply_has_a_log_id_of_its_own_which_is_a_uuid_in_a_header(studio_api: ApiClient) -> None:
    replies = [
        studio_api.ask("echo", "hi"),
        studio_api.get("/v1/conversations", params={"bot_id": "1"}),
        studio_api.get("/v3/chat/retrieve", params={"conversation_id": "1", "chat_id": "2"}),
        studio_api.post("/v3/chat", json={}),
        studio_api.get("/v9/nonsense"),
        studio_api.post("/v3/chat/retrieve"),
        stream(studio_api, "7"),
    ]
    ids = [UUID(reply.headers["x-log-id"]) for reply in replies]
    assert len(set(ids)) == len(replies)
    assert not any("x-tt-logid" in reply.headers or "logid" in reply.text for reply in replies)


def test_an_app_is_retrieved_by_the_channel_in_which_it_is_online(studio: Emulator, studio_api: ApiClient) -> None:
    @studio.workflow(app_id="7340000000000000009", title="Desk")
    def desk() -> str:
        return ""

    path = "/v1/apps/7340000000000000009"
    found = studio_api.get(path, params={"connector_id": "1024"}).json()
    assert (found["data"]["app_id"], found["data"]["name"], found["BaseResp"]) == (path[-19:], "Desk", None)
    assert "code" not in found
    assert studio_api.get(path).text == "null"
    assert studio_api.get("/v1/apps/1", params={"connector_id": "1024"}).text == "null"
    with ApiClient(studio, studio.issue_token(account="other")) as other:
        assert code(other.get(path, params={"connector_id": "1024"})) == 101000001


# --- versions ---


@pytest.mark.parametrize("route", LATER, ids=" ".join)
def test_version_0_5_0_lacks_what_came_later(route: Route) -> None:
    with Emulator("studio", version="0.5.0") as emulator, ApiClient(emulator) as api:
        assert asks_for_a_cookie(api, route[0], filled(route[1]))


def test_version_0_5_0_has_the_other_routes() -> None:
    dialect = find_dialect("studio", "0.5.0")
    assert dialect.routes == STUDIO_ROUTES - set(LATER)
    assert len(LATER) == 13


@pytest.mark.parametrize("asked", [True, False, None])
def test_version_0_5_0_streams_every_chat(asked: bool | None) -> None:
    with Emulator("studio", version="0.5.0") as emulator, ApiClient(emulator) as api:
        response = api.post("/v3/chat", json=api.chat_body("echo", "hi", stream=asked))
        assert event_names(response)[-1] == "stream.done"
        refused = api.post("/v3/chat", json=api.chat_body("7350000000000009999", "hi", stream=asked))
        assert events(refused)[0][0] == "error"
        canceled = api.post("/v3/chat/cancel", json=chat_ids(events(response)[0][1]))
        assert canceled.headers["content-type"].startswith("application/json")


def test_the_newest_version_is_the_default(studio_api: ApiClient) -> None:
    assert find_dialect("studio") is find_dialect("studio", "0.5.1")
    body = studio_api.chat_body("echo", "hi", stream=False, additional_messages=[question("hi")])
    assert studio_api.post("/v3/chat", json=body).json()["data"]["status"] == "created"


@pytest.mark.parametrize(
    ("dialect", "version"), [("studio", "0.4.0"), ("studio", "1"), ("cloud", "0.5.0"), ("x", None)]
)
def test_an_unknown_version_names_the_known_ones(dialect: str, version: str | None) -> None:
    with pytest.raises(ValueError, match=r"version 0\.5\.0 or 0\.5\.1"):
        find_dialect(dialect, version)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "coze_client.emulator", "--port", "0", *arguments]
    return subprocess.run(program, capture_output=True, text=True, timeout=30, check=False)


def test_the_command_takes_a_version_of_the_studio_alone() -> None:
    assert "--dialect studio" in command("--version", "0.5.0").stderr
    assert "invalid choice" in command("--dialect", "studio", "--version", "7").stderr


def test_the_command_serves_the_version_that_it_is_told() -> None:
    program = [sys.executable, "-m", "coze_client.emulator", "--port", "0", "--dialect", "studio", "--version", "0.5.0"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert "(studio dialect, version 0.5.0)" in process.stdout.readline()
        finally:
            process.kill()

"""The official clients log in at the emulator, by each of their flows."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from benchmarks.line_process import LineProcess
from coze_client.emulator import Emulator, faults
from coze_client.emulator.routes.oauth.oauth_apps import Kind, OAuthApp
from tests.peers.oauth_peer import CozeJsOAuth, CozePyOAuth, OAuthPeer
from tests.peers.peer import PeerRaised, node_peer, python_peer
from tests.support.api_calls import code, data
from tests.support.oauth_calls import TOKEN, OAuthClient

WORKSPACE = "7300000000000000001"
ME = "/v1/users/me"


@pytest.fixture(scope="session")
def cozepy_process() -> Iterator[LineProcess]:
    with python_peer("cozepy", "cozepy_oauth") as process:
        yield process


@pytest.fixture(scope="session")
def coze_js_process() -> Iterator[LineProcess]:
    with node_peer("coze_js_oauth") as process:
        yield process


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def cozepy(request: pytest.FixtureRequest, cozepy_process: LineProcess, emulator: Emulator) -> CozePyOAuth:
    return CozePyOAuth(cozepy_process, emulator, asyncio=request.param)


@pytest.fixture
def coze_js(coze_js_process: LineProcess, emulator: Emulator) -> CozeJsOAuth:
    return CozeJsOAuth(coze_js_process, emulator)


@pytest.fixture(params=["cozepy", "async cozepy", "coze_js"])
def peer(request: pytest.FixtureRequest, emulator: Emulator) -> OAuthPeer:
    if request.param == "coze_js":
        return CozeJsOAuth(request.getfixturevalue("coze_js_process"), emulator)
    process = request.getfixturevalue("cozepy_process")
    return CozePyOAuth(process, emulator, asyncio=request.param == "async cozepy")


@pytest.fixture(params=["web", "pkce"])
def app(request: pytest.FixtureRequest, emulator: Emulator) -> OAuthApp:
    kind: Kind = request.param
    return emulator.oauth_apps[kind]


@pytest.fixture
def device(emulator: Emulator) -> OAuthApp:
    return emulator.add_oauth_app("device", interval=2)


@pytest.fixture
def service(emulator: Emulator) -> OAuthApp:
    return emulator.oauth_apps["jwt"]


@pytest.fixture
def browser(emulator: Emulator) -> Iterator[OAuthClient]:
    with OAuthClient(emulator) as browser:
        yield browser


@pytest.mark.parametrize("workspace_id", [None, WORKSPACE])
def test_a_user_signs_in_and_stays_signed_in(
    peer: OAuthPeer, browser: OAuthClient, app: OAuthApp, workspace_id: str | None
) -> None:
    url, verifier = peer.authorize_url(app, workspace_id)
    answer = browser.answer_consent(url, "allow", user="ada")
    assert answer["state"] == "s1"
    first = peer.exchange(app, answer["code"], verifier)
    second = peer.refresh(app, first["refresh_token"])
    for tokens in (first, second):
        with browser.api(tokens) as api:
            assert data(api.get(ME))["user_name"] == "ada"
    with pytest.raises(PeerRaised, match="refresh_token"):
        peer.refresh(app, first["refresh_token"])


def test_a_wrong_verifier_is_refused(peer: OAuthPeer, browser: OAuthClient, emulator: Emulator) -> None:
    app = emulator.oauth_apps["pkce"]
    url, _ = peer.authorize_url(app)
    with pytest.raises(PeerRaised, match="code_verifier"):
        peer.exchange(app, browser.answer_consent(url, "allow")["code"], "w" * 43)


@pytest.mark.parametrize("workspace_id", [None, WORKSPACE])
def test_a_device_signs_in_when_its_user_has_confirmed(
    peer: OAuthPeer, browser: OAuthClient, emulator: Emulator, device: OAuthApp, workspace_id: str | None
) -> None:
    device_code = peer.device(device, workspace_id)
    assert (device_code["expires_in"], device_code["interval"]) == (300, 2)
    with pytest.raises(PeerRaised, match="authorization_pending"):
        peer.poll(device, device_code["device_code"], wait=False)
    emulator.approve_device(device_code["user_code"], "ada")
    tokens = peer.poll(device, device_code["device_code"], wait=True)
    with browser.api(peer.refresh(device, tokens["refresh_token"])) as api:
        assert data(api.get(ME))["user_name"] == "ada"


def test_a_denied_device_is_reported(peer: OAuthPeer, emulator: Emulator, device: OAuthApp) -> None:
    device_code = peer.device(device)
    emulator.deny_device(device_code["user_code"])
    with pytest.raises(PeerRaised, match="access_denied"):
        peer.poll(device, device_code["device_code"], wait=True)


def test_a_service_signs_in_for_a_session(peer: OAuthPeer, browser: OAuthClient, service: OAuthApp) -> None:
    tokens = peer.sign(service, "ada", 3600)
    with browser.api(tokens) as ada, browser.api(peer.sign(service, "bob", 3600)) as bob:
        query = {"conversation_id": ada.conversation()["id"]}
        assert code(ada.get("/v1/conversation/retrieve", params=query)) == 0
        assert code(bob.get("/v1/conversation/retrieve", params=query)) == 4002


def test_a_service_s_scope_confines_its_token(
    peer: OAuthPeer, browser: OAuthClient, emulator: Emulator, service: OAuthApp
) -> None:
    scope = {
        "account_permission": {"permission_list": ["Connector.botChat"]},
        "attribute_constraint": {"connector_bot_chat_attribute": {"bot_id_list": [emulator.bots["echo"]]}},
    }
    with browser.api(peer.sign(service, "ada", 900, scope)) as api:
        assert api.finish(api.start("echo", "hi"))["status"] == "completed"
        assert code(api.ask("reasoner", "hi")) == 4101


def test_a_client_of_cozepy_signs_in_by_itself(cozepy: CozePyOAuth, service: OAuthApp) -> None:
    assert cozepy.me(service)["user_name"]


def test_a_service_signs_in_for_another_account(coze_js: CozeJsOAuth, browser: OAuthClient, service: OAuthApp) -> None:
    with browser.api(coze_js.sign(service, "", 900, account="77")) as api:
        assert data(api.get(ME))["user_id"] == "77"


def test_cozepy_waits_five_seconds_whatever_the_server_says(
    cozepy: CozePyOAuth, emulator: Emulator, device: OAuthApp
) -> None:
    assert sleeps_until_approved(cozepy, emulator, device) == [5, 10]


def test_coze_js_waits_five_seconds_whatever_the_server_says(
    coze_js: CozeJsOAuth, emulator: Emulator, device: OAuthApp
) -> None:
    assert sleeps_until_approved(coze_js, emulator, device) == [5, 10]


def sleeps_until_approved(peer: OAuthPeer, emulator: Emulator, device: OAuthApp) -> list[float]:
    """Return the sleeps of a poll that gets one authorization_pending and one slow_down before it succeeds."""
    device_code = peer.device(device)
    for word in ("authorization_pending", "slow_down"):
        body = json.dumps({"error_code": word, "error_message": word, "error": word}).encode()
        emulator.inject(faults.HttpStatus(400, body, "application/json"), path=TOKEN)
    emulator.approve_device(device_code["user_code"])
    peer.sleeps()
    assert peer.poll(device, device_code["device_code"], wait=True)["access_token"]
    return [seconds for seconds in peer.sleeps() if seconds >= 1]

"""The device flow: codes, the user's confirmation, and the limit of polling."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from coze_client.emulator import Clock, Emulator
from coze_client.emulator.routes.oauth.oauth_apps import OAuthApp
from tests.support.api_calls import data
from tests.support.oauth_calls import DEVICE_CODE, OAuthClient, error_code_of


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(emulator: Emulator) -> OAuthApp:
    return emulator.oauth_apps["device"]


@pytest.fixture
def device(emulator: Emulator, clock: Clock) -> Iterator[OAuthClient]:
    emulator.clock = clock
    with OAuthClient(emulator) as device:
        yield device


def test_a_device_gets_its_codes(device: OAuthClient, app: OAuthApp, emulator: Emulator) -> None:
    codes = device.device(app)
    assert codes.keys() == {"device_code", "user_code", "verification_uri", "expires_in", "interval"}
    assert (codes["expires_in"], codes["interval"]) == (300, 5)
    assert codes["verification_uri"] == f"{emulator.url}/activate"
    assert re.fullmatch("[A-Z]{4}-[A-Z]{4}", codes["user_code"])
    path = "/api/permission/oauth2/workspace_id/7/device/code"
    assert device.post(path, json={"client_id": app.client_id}).json()["user_code"] != codes["user_code"]


def test_an_approved_device_gets_its_tokens_once(device: OAuthClient, app: OAuthApp, emulator: Emulator) -> None:
    codes = device.device(app)
    assert error_code_of(device.poll(app, codes)) == "authorization_pending"
    emulator.approve_device(codes["user_code"], "ada")
    tokens = device.poll(app, codes).json()
    with device.api(tokens) as api:
        assert data(api.get("/v1/users/me"))["user_name"] == "ada"
    assert device.refresh(app, tokens["refresh_token"]).status_code == 200
    assert error_code_of(device.poll(app, codes)) == "invalid_request"


def test_a_denied_device_stays_denied(device: OAuthClient, app: OAuthApp, emulator: Emulator) -> None:
    codes = device.device(app)
    emulator.deny_device(codes["user_code"])
    assert [error_code_of(device.poll(app, codes)) for _ in range(2)] == ["access_denied"] * 2


def test_a_device_that_asks_too_fast_must_wait_longer(device: OAuthClient, app: OAuthApp, clock: Clock) -> None:
    codes = device.device(app)
    errors = []
    for pause in (0, 5, 4, 9, 15, 14, 20):
        clock.advance(pause)
        errors.append(error_code_of(device.poll(app, codes)))
    pending, slow = "authorization_pending", "slow_down"
    assert errors == [pending, pending, slow, slow, pending, slow, pending]


def test_an_app_sets_interval_and_lifetime(device: OAuthClient, emulator: Emulator, clock: Clock) -> None:
    app = emulator.add_oauth_app("device", interval=2, code_lifetime=60)
    codes = device.device(app)
    assert (codes["interval"], codes["expires_in"]) == (2, 60)
    device.poll(app, codes)
    clock.advance(2)
    assert error_code_of(device.poll(app, codes)) == "authorization_pending"
    clock.advance(58)
    assert error_code_of(device.poll(app, codes)) == "expired_token"


def test_a_late_approval_changes_nothing(device: OAuthClient, app: OAuthApp, emulator: Emulator, clock: Clock) -> None:
    codes = device.device(app)
    clock.advance(300)
    emulator.approve_device(codes["user_code"])
    assert error_code_of(device.poll(app, codes)) == "expired_token"


def test_devices_do_not_know_each_other(device: OAuthClient, app: OAuthApp, emulator: Emulator) -> None:
    first, second = device.device(app), device.device(app)
    emulator.approve_device(first["user_code"])
    assert error_code_of(device.poll(app, second)) == "authorization_pending"
    assert error_code_of(device.poll(emulator.add_oauth_app("device"), first)) == "invalid_request"
    assert device.poll(app, first).status_code == 200
    assert error_code_of(device.poll(app, {"device_code": "x"})) == "invalid_request"
    with pytest.raises(KeyError):
        emulator.approve_device("NONE-SUCH")


def test_only_device_apps_get_device_codes(device: OAuthClient, emulator: Emulator) -> None:
    web = {"client_id": emulator.oauth_apps["web"].client_id}
    assert error_code_of(device.post(DEVICE_CODE, json=web)) == "access_deny"
    assert error_code_of(device.post(DEVICE_CODE, json={"client_id": "1.app.coze"}), 401) == "invalid_client"
    assert error_code_of(device.post(DEVICE_CODE, json={})) == "invalid_request"


@pytest.mark.parametrize(("decision", "answer"), [("allow", 200), ("deny", 400)])
def test_a_user_confirms_on_the_page(device: OAuthClient, app: OAuthApp, decision: str, answer: int) -> None:
    codes = device.device(app)
    query = {"user_code": codes["user_code"]}
    page = device.get(codes["verification_uri"], params=query)
    assert (page.status_code, codes["user_code"] in page.text, app.name in page.text) == (200, True, True)
    done = device.post(codes["verification_uri"], params=query, data={"decision": decision, "user": "ada"})
    assert (done.status_code, "close this page" in done.text) == (200, True)
    assert device.poll(app, codes).status_code == answer
    again = device.post(codes["verification_uri"], params=query, data={"decision": decision})
    assert again.status_code == 400


def test_the_page_asks_for_a_code_and_knows_a_wrong_one(device: OAuthClient, app: OAuthApp, clock: Clock) -> None:
    assert 'name="user_code"' in device.get("/activate").text
    assert device.get("/activate", params={"user_code": "NONE-SUCH"}).status_code == 400
    query = {"user_code": device.device(app)["user_code"]}
    assert device.post("/activate", params=query, data={"decision": "perhaps"}).status_code == 400
    clock.advance(300)
    assert device.get("/activate", params=query).status_code == 400

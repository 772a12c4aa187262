"""Service apps: each claim of their JWT, and the permissions of the token that they receive."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from coze_client.emulator import Clock, Emulator
from coze_client.emulator.routes.oauth.key_pairs import new_key_pair
from coze_client.emulator.routes.oauth.oauth_apps import OAuthApp
from tests.support.api_calls import Wire, code, data
from tests.support.oauth_calls import SigningIn, refused, sign

NOW = int(time.time())


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture(scope="module")
def emulator(clock: Clock) -> Iterator[Emulator]:
    with Emulator(clock=clock) as emulator:
        yield emulator


@pytest.fixture
def service(emulator: Emulator) -> Iterator[SigningIn]:
    with SigningIn(emulator) as service:
        yield service


@pytest.fixture
def app(emulator: Emulator) -> OAuthApp:
    return emulator.oauth_apps["jwt"]


def granted(service: SigningIn, app: OAuthApp, session: str | None = None, **body: Any) -> Wire:
    return service.wire(service.assert_jwt(sign(app, session_name=session), **body).json())


def test_a_signed_jwt_is_worth_a_token(service: SigningIn, app: OAuthApp) -> None:
    tokens = service.assert_jwt(sign(app)).json()
    assert tokens.keys() == {"access_token", "expires_in", "token_type"}
    assert (tokens["access_token"][:4], tokens["expires_in"]) == ("czs_", NOW + 900)
    with service.wire(tokens) as wire:
        assert code(wire.get("/v1/users/me")) == 0


@pytest.mark.parametrize("seconds", [1, 86399])
def test_a_token_lives_as_long_as_asked(service: SigningIn, app: OAuthApp, seconds: int) -> None:
    assert service.assert_jwt(sign(app), duration_seconds=seconds).json()["expires_in"] == NOW + seconds


@pytest.mark.parametrize("seconds", [0, -1, 86400, "x", True])
def test_a_duration_out_of_range_is_refused(service: SigningIn, app: OAuthApp, seconds: object) -> None:
    assert refused(service.assert_jwt(sign(app), duration_seconds=seconds)) == "invalid_request"


def test_what_other_clients_add_does_no_harm(service: SigningIn, app: OAuthApp) -> None:
    assert service.assert_jwt(sign(app), client_id=app.client_id, scope=None).status_code == 200
    assert service.assert_jwt(sign(app, session_context={"device_info": {"device_id": "1"}})).status_code == 200


def test_a_jwt_works_once(service: SigningIn, app: OAuthApp) -> None:
    signed = sign(app)
    assert service.assert_jwt(signed).status_code == 200
    assert refused(service.assert_jwt(signed), 401) == "invalid_client"
    assert refused(
        service.assert_jwt(sign(app, jti=jwt.decode(signed, options={"verify_signature": False})["jti"])), 401
    )


@pytest.mark.parametrize("audience", ["api.coze.com", "api.coze.cn", "127.0.0.1", "127.0.0.1:{port}"])
def test_the_audience_is_the_host(service: SigningIn, app: OAuthApp, emulator: Emulator, audience: str) -> None:
    audience = audience.format(port=emulator.url.rpartition(":")[2])
    assert service.assert_jwt(sign(app, aud=audience)).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "1"},
        {"iss": None},
        {"aud": "https://api.coze.com"},
        {"aud": "www.coze.com"},
        {"aud": None},
        {"jti": None},
        {"iat": None},
        {"exp": None},
        {"iat": NOW + 301, "exp": NOW + 900},
        {"iat": NOW - 600, "exp": NOW},
        {"iat": NOW + 100, "exp": NOW + 100},
        {"iat": NOW, "exp": NOW + 86401},
        {"iat": float(NOW)},
        {"session_name": 7},
    ],
)
def test_a_claim_that_is_wrong_is_an_invalid_client(service: SigningIn, app: OAuthApp, changed: dict[str, Any]) -> None:
    assert refused(service.assert_jwt(sign(app, **changed)), 401) == "invalid_client"


@pytest.mark.parametrize("times", [(NOW + 300, NOW + 600), (NOW - 3600, NOW + 1), (NOW, NOW + 86400)])
def test_a_clock_may_be_a_little_wrong(service: SigningIn, app: OAuthApp, times: tuple[int, int]) -> None:
    issued, expires = times
    assert service.assert_jwt(sign(app, iat=issued, exp=expires)).status_code == 200


def test_the_signature_must_be_the_app_s_own(service: SigningIn, app: OAuthApp) -> None:
    other = new_key_pair()
    for signed in (
        sign(app, key=other.private_key),
        sign(app, {"alg": "HS256"}, key="s" * 32),
        sign(app, {"alg": "RS512"}),
        sign(app, {"typ": "JOSE"}),
        sign(app, {"kid": "another"}),
        sign(app)[:-8],
        "no.jwt.this",
    ):
        assert refused(service.assert_jwt(signed), 401) == "invalid_client"


def test_an_app_may_bring_its_own_key(service: SigningIn, emulator: Emulator) -> None:
    keys = new_key_pair()
    app = emulator.add_oauth_app("jwt", public_key=keys.public_key)
    assert (app.private_key, len(app.public_key_id)) == ("", 43)
    assert service.assert_jwt(sign(app, key=keys.private_key)).status_code == 200
    with pytest.raises(ValueError, match="PEM"):
        emulator.add_oauth_app("jwt", public_key="no key")


@pytest.mark.parametrize("path", ["account/77", "enterprise_id/77"])
def test_a_token_for_another_account_acts_for_it(service: SigningIn, app: OAuthApp, path: str) -> None:
    tokens = service.assert_jwt(sign(app), f"/api/permission/oauth2/{path}/token").json()
    with service.wire(tokens) as wire:
        assert data(wire.get("/v1/users/me"))["user_id"] == "77"


def test_the_id_in_the_path_is_digits(service: SigningIn, app: OAuthApp) -> None:
    answer = service.assert_jwt(sign(app), "/api/permission/oauth2/account/mine/token")
    assert refused(answer) == "invalid_request"


def test_sessions_see_only_their_own_conversations(service: SigningIn, app: OAuthApp) -> None:
    with granted(service, app, "ada") as ada, granted(service, app, "bob") as bob, granted(service, app) as nobody:
        conversation_id = ada.conversation(bot_id="1")["id"]
        query = {"conversation_id": conversation_id}
        for other in (bob, nobody):
            assert code(other.get("/v1/conversation/retrieve", params=query)) == 4002
            assert code(other.ask("echo", "hi", conversation_id)) == 4002
            assert data(other.get("/v1/conversations", params={"bot_id": "1"}))["conversations"] == []
        with granted(service, app, "ada") as again:
            assert data(again.get("/v1/conversation/retrieve", params=query))["id"] == conversation_id
            assert len(data(again.get("/v1/conversations", params={"bot_id": "1"}))["conversations"]) == 1


def test_a_chat_s_new_conversation_belongs_to_the_session(service: SigningIn, app: OAuthApp) -> None:
    with granted(service, app, "ada") as ada, granted(service, app, "bob") as bob:
        query = {"conversation_id": ada.start("echo", "hi")["conversation_id"]}
        assert code(ada.get("/v1/conversation/retrieve", params=query)) == 0
        assert code(bob.get("/v1/conversation/retrieve", params=query)) == 4002


def test_a_scope_confines_the_token(service: SigningIn, app: OAuthApp, emulator: Emulator) -> None:
    scope = {
        "account_permission": {"permission_list": ["Connector.botChat"]},
        "attribute_constraint": {"connector_bot_chat_attribute": {"bot_id_list": [emulator.bots["echo"]]}},
    }
    with granted(service, app, scope=scope) as wire:
        assert wire.finish(wire.start("echo", "hi"))["status"] == "completed"
        assert code(wire.ask("reasoner", "hi")) == 4101
        assert code(wire.post("/v1/conversation/create", json={})) == 4101


def test_a_scope_without_lists_confines_nothing(service: SigningIn, app: OAuthApp) -> None:
    scope = {"account_permission": None, "attribute_constraint": None}
    with granted(service, app, scope=scope) as wire:
        assert code(wire.post("/v1/conversation/create", json={})) == 0


def test_a_scope_gives_no_more_than_the_app_has(service: SigningIn, emulator: Emulator) -> None:
    app = emulator.add_oauth_app("jwt", scopes={"chat"})
    scope = {"workspace_permission": {"workspace_id_list": ["1"], "permission_list": ["chat", "uploadFile"]}}
    with granted(service, app, scope=scope) as wire:
        assert code(wire.post("/v1/files/upload")) == 4101
        assert code(wire.post("/v3/chat", json={})) == 4000


@pytest.mark.parametrize("scope", ["chat", {"account_permission": {"permission_list": "chat"}}])
def test_a_scope_of_the_wrong_shape_is_refused(service: SigningIn, app: OAuthApp, scope: object) -> None:
    assert refused(service.assert_jwt(sign(app), scope=scope)) == "invalid_request"

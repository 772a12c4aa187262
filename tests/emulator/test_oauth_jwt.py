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
from tests.support.api_calls import ApiClient, code, data
from tests.support.oauth_calls import OAuthClient, error_code_of, sign

NOW = int(time.time())


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture(scope="module")
def emulator(clock: Clock) -> Iterator[Emulator]:
    with Emulator(clock=clock) as emulator:
        yield emulator


@pytest.fixture
def service(emulator: Emulator) -> Iterator[OAuthClient]:
    with OAuthClient(emulator) as service:
        yield service


@pytest.fixture
def app(emulator: Emulator) -> OAuthApp:
    return emulator.oauth_apps["jwt"]


def granted(service: OAuthClient, app: OAuthApp, session: str | None = None, **body: Any) -> ApiClient:
    return service.api(service.exchange_jwt(sign(app, session_name=session), **body).json())


def test_a_signed_jwt_is_worth_a_token(service: OAuthClient, app: OAuthApp) -> None:
    tokens = service.exchange_jwt(sign(app)).json()
    assert tokens.keys() == {"access_token", "expires_in", "token_type"}
    assert (tokens["access_token"][:4], tokens["expires_in"]) == ("czs_", NOW + 900)
    with service.api(tokens) as api:
        assert code(api.get("/v1/users/me")) == 0


@pytest.mark.parametrize("seconds", [1, 86399])
def test_a_token_lives_as_long_as_asked(service: OAuthClient, app: OAuthApp, seconds: int) -> None:
    assert service.exchange_jwt(sign(app), duration_seconds=seconds).json()["expires_in"] == NOW + seconds


@pytest.mark.parametrize("seconds", [0, -1, 86400, "x", True])
def test_a_duration_out_of_range_is_refused(service: OAuthClient, app: OAuthApp, seconds: object) -> None:
    assert error_code_of(service.exchange_jwt(sign(app), duration_seconds=seconds)) == "invalid_request"


def test_what_other_clients_add_does_no_harm(service: OAuthClient, app: OAuthApp) -> None:
    assert service.exchange_jwt(sign(app), client_id=app.client_id, scope=None).status_code == 200
    assert service.exchange_jwt(sign(app, session_context={"device_info": {"device_id": "1"}})).status_code == 200


def test_a_jwt_works_once(service: OAuthClient, app: OAuthApp) -> None:
    signed = sign(app)
    assert service.exchange_jwt(signed).status_code == 200
    assert error_code_of(service.exchange_jwt(signed), 401) == "invalid_client"
    assert error_code_of(
        service.exchange_jwt(sign(app, jti=jwt.decode(signed, options={"verify_signature": False})["jti"])), 401
    )


@pytest.mark.parametrize("audience", ["api.coze.com", "api.coze.cn", "127.0.0.1", "127.0.0.1:{port}"])
def test_the_audience_is_the_host(service: OAuthClient, app: OAuthApp, emulator: Emulator, audience: str) -> None:
    audience = audience.format(port=emulator.url.rpartition(":")[2])
    assert service.exchange_jwt(sign(app, aud=audience)).status_code == 200


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
def test_a_claim_that_is_wrong_is_an_invalid_client(
    service: OAuthClient, app: OAuthApp, changed: dict[str, Any]
) -> None:
    assert error_code_of(service.exchange_jwt(sign(app, **changed)), 401) == "invalid_client"


@pytest.mark.parametrize("times", [(NOW + 300, NOW + 600), (NOW - 3600, NOW + 1), (NOW, NOW + 86400)])
def test_a_clock_may_be_a_little_wrong(service: OAuthClient, app: OAuthApp, times: tuple[int, int]) -> None:
    issued, expires = times
    assert service.exchange_jwt(sign(app, iat=issued, exp=expires)).status_code == 200


def test_the_signature_must_be_the_app_s_own(service: OAuthClient, app: OAuthApp) -> None:
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
        assert error_code_of(service.exchange_jwt(signed), 401) == "invalid_client"


def test_an_app_may_bring_its_own_key(service: OAuthClient, emulator: Emulator) -> None:
    keys = new_key_pair()
    app = emulator.add_oauth_app("jwt", public_key=keys.public_key)
    assert (app.private_key, len(app.public_key_id)) == ("", 43)
    assert service.exchange_jwt(sign(app, key=keys.private_key)).status_code == 200
    with pytest.raises(ValueError, match="PEM"):
        emulator.add_oauth_app("jwt", public_key="no key")


@pytest.mark.parametrize("path", ["account/77", "enterprise_id/77"])
def test_a_token_for_another_account_acts_for_it(service: OAuthClient, app: OAuthApp, path: str) -> None:
    tokens = service.exchange_jwt(sign(app), f"/api/permission/oauth2/{path}/token").json()
    with service.api(tokens) as api:
        assert data(api.get("/v1/users/me"))["user_id"] == "77"


def test_the_id_in_the_path_is_digits(service: OAuthClient, app: OAuthApp) -> None:
    answer = service.exchange_jwt(sign(app), "/api/permission/oauth2/account/mine/token")
    assert error_code_of(answer) == "invalid_request"


def test_sessions_see_only_their_own_conversations(service: OAuthClient, app: OAuthApp) -> None:
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


def test_a_chat_s_new_conversation_belongs_to_the_session(service: OAuthClient, app: OAuthApp) -> None:
    with granted(service, app, "ada") as ada, granted(service, app, "bob") as bob:
        query = {"conversation_id": ada.start("echo", "hi")["conversation_id"]}
        assert code(ada.get("/v1/conversation/retrieve", params=query)) == 0
        assert code(bob.get("/v1/conversation/retrieve", params=query)) == 4002


def test_a_scope_confines_the_token(service: OAuthClient, app: OAuthApp, emulator: Emulator) -> None:
    scope = {
        "account_permission": {"permission_list": ["Connector.botChat"]},
        "attribute_constraint": {"connector_bot_chat_attribute": {"bot_id_list": [emulator.bots["echo"]]}},
    }
    with granted(service, app, scope=scope) as api:
        assert api.finish(api.start("echo", "hi"))["status"] == "completed"
        assert code(api.ask("reasoner", "hi")) == 4101
        assert code(api.post("/v1/conversation/create", json={})) == 4101


def test_a_scope_without_lists_confines_nothing(service: OAuthClient, app: OAuthApp) -> None:
    scope = {"account_permission": None, "attribute_constraint": None}
    with granted(service, app, scope=scope) as api:
        assert code(api.post("/v1/conversation/create", json={})) == 0


def test_a_scope_gives_no_more_than_the_app_has(service: OAuthClient, emulator: Emulator) -> None:
    app = emulator.add_oauth_app("jwt", scopes={"chat"})
    scope = {"workspace_permission": {"workspace_id_list": ["1"], "permission_list": ["chat", "uploadFile"]}}
    with granted(service, app, scope=scope) as api:
        assert code(api.post("/v1/files/upload")) == 4101
        assert code(api.post("/v3/chat", json={})) == 4000


@pytest.mark.parametrize("scope", ["chat", {"account_permission": {"permission_list": "chat"}}])
def test_a_scope_of_the_wrong_shape_is_refused(service: OAuthClient, app: OAuthApp, scope: object) -> None:
    assert error_code_of(service.exchange_jwt(sign(app), scope=scope)) == "invalid_request"

"""Tokens of OAuth apps: permissions, lifetime, refresh and revocation."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from coze_client.emulator import Clock, Emulator, faults
from coze_client.emulator.routes.oauth.oauth_apps import Kind, OAuthApp
from tests.support.api_calls import ApiClient, code, data
from tests.support.oauth_calls import (
    AUTHORIZE,
    DEVICE_CODE,
    DEVICE_GRANT,
    JWT_BEARER,
    TOKEN,
    OAuthClient,
    error_code_of,
)

ME = "/v1/users/me"
MONTH = 30 * 24 * 3600


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def oauth(emulator: Emulator, clock: Clock) -> Iterator[OAuthClient]:
    emulator.clock = clock
    with OAuthClient(emulator) as oauth:
        yield oauth


@pytest.fixture(params=["web", "pkce"])
def app(request: pytest.FixtureRequest, emulator: Emulator) -> OAuthApp:
    kind: Kind = request.param
    return emulator.oauth_apps[kind]


def status(emulator: Emulator, token: str) -> int:
    with ApiClient(emulator, token) as api:
        return code(api.get(ME))


def test_an_access_token_lives_for_fifteen_minutes(
    oauth: OAuthClient, emulator: Emulator, app: OAuthApp, clock: Clock
) -> None:
    token = oauth.tokens(app)["access_token"]
    clock.advance(899)
    assert status(emulator, token) == 0
    clock.advance(1)
    assert status(emulator, token) == 4100


def test_a_refresh_kills_the_refresh_token_and_spares_the_access_token(
    oauth: OAuthClient, emulator: Emulator, app: OAuthApp
) -> None:
    first = oauth.tokens(app, "ada")
    second = oauth.refresh(app, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    with oauth.api(second) as api:
        assert data(api.get(ME))["user_name"] == "ada"
    assert status(emulator, first["access_token"]) == 0
    assert error_code_of(oauth.refresh(app, first["refresh_token"])) == "invalid_request"
    assert oauth.refresh(app, second["refresh_token"]).status_code == 200


def test_a_refresh_token_lives_for_thirty_days(oauth: OAuthClient, app: OAuthApp, clock: Clock) -> None:
    first = oauth.tokens(app)
    clock.advance(MONTH - 1)
    second = oauth.refresh(app, first["refresh_token"]).json()
    clock.advance(MONTH)
    assert error_code_of(oauth.refresh(app, second["refresh_token"])) == "invalid_request"


def test_a_refresh_token_belongs_to_its_app(oauth: OAuthClient, emulator: Emulator, app: OAuthApp) -> None:
    tokens = oauth.tokens(app)
    other = emulator.add_oauth_app(app.kind, app.redirect_uris)
    assert error_code_of(oauth.refresh(other, tokens["refresh_token"])) == "invalid_request"
    assert oauth.refresh(app, tokens["refresh_token"]).status_code == 200


def test_access_and_refresh_tokens_are_not_each_other(oauth: OAuthClient, emulator: Emulator, app: OAuthApp) -> None:
    tokens = oauth.tokens(app)
    assert status(emulator, tokens["refresh_token"]) == 4100
    assert error_code_of(oauth.refresh(app, tokens["access_token"])) == "invalid_request"


def test_a_web_app_refreshes_with_its_secret_only(oauth: OAuthClient, emulator: Emulator) -> None:
    app = emulator.oauth_apps["web"]
    tokens = oauth.tokens(app)
    body = {"grant_type": "refresh_token", "client_id": app.client_id, "refresh_token": tokens["refresh_token"]}
    assert error_code_of(oauth.post(TOKEN, json=body), 401) == "invalid_client"
    assert oauth.refresh(app, tokens["refresh_token"]).status_code == 200


def test_a_token_may_do_what_its_app_may(oauth: OAuthClient, emulator: Emulator) -> None:
    app = emulator.add_oauth_app("web", ["https://me.example/back"], scopes={"createConversation"})
    first = oauth.tokens(app)
    for tokens in (first, oauth.refresh(app, first["refresh_token"]).json()):
        with oauth.api(tokens) as api:
            assert code(api.post("/v1/conversation/create", json={})) == 0
            assert code(api.ask("echo", "hi")) == 4101


def test_a_revoked_token_ends_alone(oauth: OAuthClient, emulator: Emulator, app: OAuthApp) -> None:
    tokens, other = oauth.tokens(app), oauth.tokens(app)
    emulator.revoke(tokens["access_token"])
    assert status(emulator, tokens["access_token"]) == 4100
    tokens = oauth.refresh(app, tokens["refresh_token"]).json()
    emulator.revoke(tokens["refresh_token"])
    assert status(emulator, tokens["access_token"]) == 0
    assert error_code_of(oauth.refresh(app, tokens["refresh_token"])) == "invalid_request"
    assert oauth.refresh(app, other["refresh_token"]).status_code == 200


def test_a_user_withdraws_consent_from_one_app(oauth: OAuthClient, emulator: Emulator) -> None:
    web, pkce = emulator.oauth_apps["web"], emulator.oauth_apps["pkce"]
    gone = [oauth.tokens(web, "ada"), oauth.tokens(web, "ada")]
    kept = [(web, oauth.tokens(web, "bob")), (pkce, oauth.tokens(pkce, "ada"))]
    emulator.revoke_user(web, "ada")
    for tokens in gone:
        assert status(emulator, tokens["access_token"]) == 4100
        assert error_code_of(oauth.refresh(web, tokens["refresh_token"])) == "invalid_request"
    for app, tokens in kept:
        assert status(emulator, tokens["access_token"]) == 0
        assert oauth.refresh(app, tokens["refresh_token"]).status_code == 200


def test_tokens_outlive_the_emulator_in_its_file(tmp_path: object) -> None:
    file = f"{tmp_path}/coze.db"
    with Emulator(data=file) as emulator, OAuthClient(emulator) as oauth:
        ready = emulator.oauth_apps["web"]
        added = emulator.add_oauth_app("pkce", ["https://me.example/back"])
        tokens = [(app, oauth.tokens(app)) for app in (ready, added)]
    with Emulator(data=file) as emulator, OAuthClient(emulator) as oauth:
        assert emulator.oauth_apps["web"] == ready
        assert emulator.add_oauth_app("device").client_id not in (ready.client_id, added.client_id)
        for app, pair in tokens:
            assert status(emulator, pair["access_token"]) == 0
            assert oauth.refresh(app, pair["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "refresh_token", "client_id": 7}, "invalid_request"),
    ],
)
def test_what_is_missing_or_unknown_is_said(oauth: OAuthClient, body: dict[str, object], expected: str) -> None:
    assert error_code_of(oauth.post(TOKEN, json=body)) == expected


def test_the_token_endpoint_reads_json_only(oauth: OAuthClient, app: OAuthApp) -> None:
    form = {"grant_type": "refresh_token", "client_id": app.client_id, "refresh_token": "x"}
    answer = oauth.post(TOKEN, data=form)
    assert (error_code_of(answer), "grant_type" in answer.json()["error_message"]) == ("invalid_request", True)


def test_an_unknown_app_is_an_invalid_client(oauth: OAuthClient) -> None:
    body = {"grant_type": "refresh_token", "client_id": "1.app.coze", "refresh_token": "x"}
    assert error_code_of(oauth.post(TOKEN, json=body), 401) == "invalid_client"


@pytest.mark.parametrize(
    ("kind", "grant_type"),
    [("device", "authorization_code"), ("web", DEVICE_GRANT), ("jwt", "refresh_token"), ("jwt", DEVICE_GRANT)],
)
def test_each_kind_has_its_own_grants(oauth: OAuthClient, emulator: Emulator, kind: Kind, grant_type: str) -> None:
    assert error_code_of(oauth.request_token(emulator.oauth_apps[kind], grant_type)) == "access_deny"


def test_other_accounts_are_for_service_apps(oauth: OAuthClient, app: OAuthApp) -> None:
    for path in ("/api/permission/oauth2/account/7/token", "/api/permission/oauth2/enterprise_id/7/token"):
        assert error_code_of(oauth.request_token(app, "refresh_token", path)) == "unsupported_grant_type"


def test_errors_have_the_status_and_the_word_that_was_asked_for() -> None:
    with (
        Emulator(oauth_error_status=200, spent_grant="invalid_grant") as emulator,
        OAuthClient(emulator) as oauth,
    ):
        app = emulator.oauth_apps["web"]
        assert error_code_of(oauth.refresh(app, "x"), 200) == "invalid_grant"
        assert error_code_of(oauth.post(TOKEN, json={"grant_type": JWT_BEARER}), 200) == "invalid_client"


def test_a_refresh_whose_answer_is_lost_has_happened(oauth: OAuthClient, emulator: Emulator, app: OAuthApp) -> None:
    tokens = oauth.tokens(app)
    emulator.inject(faults.AfterStart(faults.DropConnection()), path=TOKEN)
    with pytest.raises(httpx.RemoteProtocolError):
        oauth.refresh(app, tokens["refresh_token"])
    assert error_code_of(oauth.refresh(app, tokens["refresh_token"])) == "invalid_request"


def test_other_faults_reach_these_routes_too(oauth: OAuthClient, emulator: Emulator, app: OAuthApp) -> None:
    tokens = oauth.tokens(app)
    emulator.inject(faults.HttpStatus(503), path="/api/permission/oauth2/*")
    emulator.inject(faults.CutAfterBytes(10, clean=True), path=TOKEN)
    assert oauth.refresh(app, tokens["refresh_token"]).status_code == 503
    assert oauth.refresh(app, tokens["refresh_token"]).status_code == 200
    assert len(emulator.calls_to(TOKEN)) == 3


def test_secrets_stay_out_of_an_app_s_repr(emulator: Emulator) -> None:
    web, service = emulator.oauth_apps["web"], emulator.oauth_apps["jwt"]
    assert web.client_secret not in repr(web)
    assert "PRIVATE KEY" not in repr(service)


def test_an_app_is_told_as_the_official_config_file(emulator: Emulator) -> None:
    web, service = (emulator.oauth_apps[kind].config(emulator.url) for kind in ("web", "jwt"))
    hosts = {"coze_api_base", "coze_www_base"}
    assert web.keys() == {"client_type", "client_id", "client_secret", *hosts}
    assert service.keys() == {"client_type", "client_id", "private_key", "public_key_id", *hosts}
    assert (web["client_type"], web["coze_api_base"]) == ("web", emulator.url)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", AUTHORIZE), ("POST", TOKEN), ("POST", DEVICE_CODE), ("GET", "/activate")]
)
def test_the_studio_knows_no_oauth(studio_api: ApiClient, method: str, path: str) -> None:
    answer = studio_api.request(method, path)
    assert (answer.status_code, answer.json()["msg"]) == (401, "missing session_key in cookie")

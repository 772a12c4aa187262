"""Credentials from the configuration file, from the environment, and from pickles."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from coze_client import (
    JWT,
    PKCE,
    AsyncCozeClient,
    ConfigurationError,
    CozeClient,
    DeviceCode,
    FileStore,
    MemoryStore,
    PersonalToken,
    Token,
    WebOAuth,
    from_config,
    from_env,
)
from coze_client.emulator import Emulator
from coze_client.emulator.routes.oauth.oauth_apps import KINDS
from tests.support.clients import Driver
from tests.support.logins import key_pair

NAMES = (
    "COZE_API_TOKEN",
    "COZE_API_KEY",
    "COZE_API_BASE",
    "COZE_OAUTH_CONFIG",
    "COZE_JWT_OAUTH_CLIENT_ID",
    "COZE_JWT_OAUTH_PUBLIC_KEY_ID",
    "COZE_JWT_OAUTH_PRIVATE_KEY",
    "COZE_JWT_OAUTH_PRIVATE_KEY_FILE_PATH",
)
WEB = {"client_type": "web", "client_id": "1.app.coze", "client_secret": "sec_canary_123", "coze_api_base": ""}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def jwt_config(**changed: object) -> dict[str, object]:
    return {
        "client_type": "jwt",
        "client_id": "1160",
        "private_key": key_pair().private_key,
        "public_key_id": "kid_1",
        "coze_api_base": "https://api.coze.cn",
        "coze_www_base": "https://www.coze.cn",
        **changed,
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "coze_oauth_config.json"
    file.write_text(json.dumps(jwt_config()))
    return file


# --- the file ---


@pytest.mark.parametrize("give", [lambda p: p, str, lambda p: p.read_bytes(), lambda p: json.loads(p.read_bytes())])
def test_a_configuration_is_a_path_its_bytes_or_what_is_in_it(path: Path, give: Callable[[Path], Any]) -> None:
    found = from_config(give(path))
    assert isinstance(found, JWT)
    assert (found.client_id, found.public_key_id, found.base_url) == ("1160", "kid_1", "https://api.coze.cn")
    assert CozeClient(found).base_url == "https://api.coze.cn"


@pytest.mark.parametrize(("kind", "made"), [("web", WebOAuth), ("pkce", PKCE), ("device", DeviceCode), ("jwt", JWT)])
def test_every_client_type_of_the_official_format_is_known(emulator: Emulator, kind: Any, made: type) -> None:
    found = from_config(emulator.oauth_apps[kind].config(emulator.url))
    assert type(found) is made
    assert found.base_url == emulator.url
    assert set(KINDS) == {"web", "pkce", "device", "jwt"}


def test_a_configured_service_signs_in(driver: Driver, emulator: Emulator) -> None:
    client = driver.client(from_config(emulator.oauth_apps["jwt"].config(emulator.url)))
    assert driver.run(client.request("GET", "/v1/users/me"))["code"] == 0


def test_the_hosts_of_the_file_may_differ_or_be_left_out() -> None:
    app = from_config(
        {"client_type": "pkce", "client_id": "1", "coze_www_base": "https://login.example"},
        redirect_uri="http://127.0.0.1:1/cb",
    )
    client = CozeClient(app)
    assert client.base_url == "https://api.coze.com"
    assert client.oauth.login().url.startswith("https://login.example/api/permission/")


@pytest.mark.parametrize(
    ("client", "url"),
    [
        ({}, "https://api.coze.cn"),
        ({"region": "com"}, "https://api.coze.com"),
        ({"base_url": "https://gateway.example"}, "https://gateway.example"),
    ],
)
def test_the_arguments_of_the_client_beat_the_file(path: Path, client: dict[str, Any], url: str) -> None:
    assert CozeClient(from_config(path), **client).base_url == url


def test_users_are_kept_apart_and_those_of_a_service_are_its_sessions(path: Path) -> None:
    assert from_config(WEB, user="ann").key != from_config(WEB, user="bob").key
    service = from_config(path, user="ann")
    assert isinstance(service, JWT)
    assert service.session_name == "ann"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "client_type must be web, pkce, device or jwt, not ''"),
        ({"client_type": "saml"}, "not 'saml'"),
        ({"client_type": "web", "client_id": "1"}, "has no client_secret"),
        ({"client_type": "pkce"}, "has no client_id"),
        (jwt_config(private_key=None), "has no private_key"),
        (jwt_config(public_key_id=""), "has no public_key_id"),
        (jwt_config(private_key="nonsense"), "not an RSA key"),
        (jwt_config(coze_api_base="api.coze.cn"), "base_url must look like"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", "not a JSON object"),
    ],
)
def test_an_invalid_configuration_is_reported(config: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        from_config(config)
    assert "BEGIN" not in str(caught.value).replace("from -----BEGIN to", "")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.json cannot be read: No such file"):
        from_config(tmp_path / "nowhere.json")


# --- the environment ---


def set_all(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def jwt_environment() -> dict[str, str]:
    return {
        "COZE_JWT_OAUTH_CLIENT_ID": "1160",
        "COZE_JWT_OAUTH_PUBLIC_KEY_ID": "kid_1",
        "COZE_JWT_OAUTH_PRIVATE_KEY": key_pair().private_key.replace("\n", "\\n"),
    }


def test_the_environment_may_hold_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {**jwt_environment(), "COZE_API_TOKEN": " pat_1\n"})
    assert from_env() == PersonalToken("pat_1")


def test_the_environment_may_hold_a_service_account(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    set_all(monkeypatch, {**jwt_environment(), "COZE_OAUTH_CONFIG": str(path)})
    found = from_env()
    assert isinstance(found, JWT)
    assert found.base_url is None


def test_the_key_of_a_service_account_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(key_pair().private_key)
    environment = {**jwt_environment(), "COZE_JWT_OAUTH_PRIVATE_KEY_FILE_PATH": str(tmp_path / "key.pem")}
    del environment["COZE_JWT_OAUTH_PRIVATE_KEY"]
    set_all(monkeypatch, environment)
    assert isinstance(from_env(), JWT)


def test_the_environment_may_name_a_configuration_whose_server_is_then_the_clients(
    monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    monkeypatch.setenv("COZE_OAUTH_CONFIG", str(path))
    assert isinstance(from_env(), JWT)
    assert CozeClient().base_url == AsyncCozeClient().base_url == "https://api.coze.cn"


def test_a_configuration_of_the_environment_can_be_logged_in_with(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, emulator: Emulator
) -> None:
    file = tmp_path / "device.json"
    file.write_text(json.dumps(emulator.oauth_apps["device"].config(emulator.url)))
    monkeypatch.setenv("COZE_OAUTH_CONFIG", str(file))
    with CozeClient() as client:
        assert client.oauth.start_device().user_code


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("COZE_JWT_OAUTH_PUBLIC_KEY_ID", "COZE_JWT_OAUTH_PUBLIC_KEY_ID is not"),
        ("COZE_JWT_OAUTH_PRIVATE_KEY", r"neither COZE_JWT_OAUTH_PRIVATE_KEY nor …_PRIVATE_KEY_FILE_PATH"),
    ],
)
def test_half_a_service_account_is_reported(monkeypatch: pytest.MonkeyPatch, missing: str, message: str) -> None:
    set_all(monkeypatch, {name: value for name, value in jwt_environment().items() if name != missing})
    with pytest.raises(ConfigurationError, match=message):
        from_env()


def test_an_empty_environment_says_how_to_begin() -> None:
    with pytest.raises(ConfigurationError, match=r"COZE_API_TOKEN.*coze_client\.emulator"):
        from_env()


# --- pickles ---


def environmental(monkeypatch: pytest.MonkeyPatch) -> Any:
    set_all(monkeypatch, jwt_environment())
    return from_env()


SECRETS = (b"sec_canary_123", b"BEGIN PRIVATE KEY", b"MII")


@pytest.mark.parametrize("made", ["path", "session of a path", "environment"])
def test_credentials_that_can_be_read_anew_are_pickled_without_their_secret(
    path: Path, made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: Any = environmental(monkeypatch) if made == "environment" else from_config(path)
    if made == "session of a path":
        found = found.for_session("ann")
    for holder in (found, CozeClient(found), AsyncCozeClient(found)):
        dumped = pickle.dumps(holder)
        assert not [secret for secret in SECRETS if secret in dumped]
        again = pickle.loads(dumped)
        again = again if isinstance(again, JWT) else again._session.credentials
        assert (again.key, again.session_name) == (found.key, found.session_name)


def test_a_user_of_a_file_is_the_same_user_elsewhere_and_finds_the_token_in_a_shared_store(tmp_path: Path) -> None:
    file, store = tmp_path / "web.json", FileStore(tmp_path / "tokens.json")
    file.write_text(json.dumps(WEB))
    ann = from_config(file, store=store).for_user("ann")  # type: ignore[union-attr]  # a web app
    store.save(ann.key, Token("czu_secret", 0, 900, "refresh_secret"))
    dumped = pickle.dumps(ann)
    assert b"secret" not in dumped
    again = pickle.loads(dumped)
    assert again.store.load(again.key) == store.load(ann.key)


def test_a_path_means_the_same_file_wherever_it_is_unpickled(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    dumped = pickle.dumps(from_config(path.name))
    monkeypatch.chdir("/")
    assert pickle.loads(dumped).client_id == "1160"


@pytest.mark.parametrize(
    "make",
    [
        lambda: from_config(WEB),
        lambda: from_config(json.dumps(jwt_config()).encode()),
        lambda: PKCE("1"),
        lambda: WebOAuth("1", client_secret="sec_canary_123").for_user("ann"),
        lambda: CozeClient(JWT("1", private_key=key_pair().private_key, public_key_id="k")),
    ],
)
def test_credentials_that_hold_their_secret_refuse_to_be_pickled_and_say_what_can_be(
    make: Callable[[], object],
) -> None:
    with pytest.raises(TypeError, match=r"from_config\(path\) or from_env\(\)"):
        pickle.dumps(make())


def test_a_token_in_memory_does_not_travel(path: Path) -> None:
    store = MemoryStore()
    found = from_config(path, store=store)
    store.save(found.key, Token("czs_secret", 0, 900))
    dumped = pickle.dumps(found)
    assert b"czs_secret" not in dumped
    assert pickle.loads(dumped).store is not store


@pytest.mark.parametrize("make", [lambda: PKCE("1"), lambda: from_config(jwt_config()), lambda: from_config(WEB)])
def test_a_copy_of_credentials_is_themselves_since_they_share_one_login(make: Callable[[], object]) -> None:
    own = make()
    assert copy.copy(own) is own
    assert copy.deepcopy([own])[0] is own

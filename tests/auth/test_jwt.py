"""Service accounts: the signed JWT, its token, and that a wrong clock costs at most one request."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from coze_client import (
    JWT,
    AccessDenied,
    ConfigurationError,
    ConnectionFailed,
    CozeError,
    FileStore,
    InvalidClient,
    MemoryStore,
    NotFound,
    PermissionDenied,
    RedisStore,
    Token,
)
from coze_client.emulator import Clock, Emulator, faults
from tests.support.clients import AsyncioDriver, BlockingDriver, Driver
from tests.support.logins import TOKEN, Logins, key_pair
from tests.support.redis_servers import SERVERS

URL = "https://api.coze.com"


def service(**changed: Any) -> JWT:
    return JWT("1160", **{"private_key": key_pair().private_key, "public_key_id": "kid_1", "clock": Clock(), **changed})


def claims(signed: str, audience: str = "api.coze.com") -> dict[str, Any]:
    """The claims of a JWT, if it was signed with the key."""
    options = {"verify_exp": False, "verify_iat": False}
    return pyjwt.decode(signed, key_pair().public_key, algorithms=["RS256"], audience=audience, options=options)  # type: ignore[arg-type]  # PyJWT's TypedDict


def sent(logins: Logins, number: int = -1) -> Any:
    return [call for call in logins.emulator.calls if call.path.endswith("/token")][number]


def session_of(call: Any) -> str | None:
    bearer = call.headers["authorization"].removeprefix("Bearer ")
    return pyjwt.decode(bearer, options={"verify_signature": False}).get("session_name")


# --- the signature ---


def test_the_header_names_algorithm_type_and_key() -> None:
    assert pyjwt.get_unverified_header(service().sign(URL)) == {"alg": "RS256", "typ": "JWT", "kid": "kid_1"}


def test_the_claims_are_those_of_the_documentation_and_no_others() -> None:
    clock = Clock(1_800_000_000)
    found = claims(service(clock=clock).sign(URL))
    assert found.keys() == {"iss", "aud", "iat", "exp", "jti"}
    assert (found["iss"], found["aud"]) == ("1160", "api.coze.com")
    assert clock() - 10 <= found["iat"] <= clock() - 5  # Coze refuses a JWT of the future, and clocks differ a little
    assert found["exp"] == found["iat"] + 600


def test_every_signature_has_a_jti_of_its_own_longer_than_32_characters() -> None:
    own = service()
    found = {claims(own.sign(URL))["jti"] for _ in range(50)}
    assert len(found) == 50
    assert min(map(len, found)) > 32


@pytest.mark.parametrize(
    ("settings", "server", "audience"),
    [
        ({}, "https://api.coze.cn", "api.coze.cn"),
        ({}, "http://127.0.0.1:8080/gateway", "127.0.0.1:8080"),
        ({"base_url": "https://api.coze.cn/"}, "https://gateway.example", "api.coze.cn"),
        ({"audience": "api.coze.com"}, "https://gateway.example", "api.coze.com"),
    ],
)
def test_the_audience_is_the_host_of_the_api(settings: dict[str, str], server: str, audience: str) -> None:
    assert claims(service(**settings).sign(server), audience)["aud"] == audience


def test_sessions_and_contexts_are_claims() -> None:
    context = {"device_info": {"device_id": "d1"}}
    found = claims(service(session_name="ann", session_context=context).sign(URL))
    assert (found["session_name"], found["session_context"]) == ("ann", context)


def variants() -> dict[str, str]:
    """The same key in the forms that users have."""
    key = load_pem_private_key(key_pair().private_key.encode(), None)
    pkcs1 = key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.TraditionalOpenSSL, pem.NoEncryption()).decode()
    pkcs8 = key_pair().private_key
    return {
        "PKCS#8": pkcs8,
        "PKCS#1": pkcs1,
        "escaped line ends": pkcs8.replace("\n", "\\n"),
        "Windows line ends": pkcs8.replace("\n", "\r\n"),
        "white space around": f"\n  {pkcs8}  \n",
    }


@pytest.mark.parametrize("kept", variants())
def test_a_key_is_read_however_it_is_kept(kept: str) -> None:
    assert claims(service(private_key=variants()[kept]).sign(URL))


def other_keys() -> dict[str, str]:
    key = load_pem_private_key(key_pair().private_key.encode(), None)
    locked = key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.BestAvailableEncryption(b"pass"))
    curve = ec.generate_private_key(ec.SECP256R1())
    return {
        "empty": "",
        "a path": "/etc/key.pem",
        "public": key_pair().public_key,
        "cut": key_pair().private_key[:200],
        "locked": locked.decode(),
        "elliptic": curve.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption()).decode(),
        "not ASCII": "ключ",
    }


@pytest.mark.parametrize("kind", other_keys())
def test_what_is_no_rsa_key_is_refused_at_once_and_not_quoted(kind: str) -> None:
    key = other_keys()[kind]
    with pytest.raises(ConfigurationError, match=r"not an RSA key.*not a path.*without password") as caught:
        service(private_key=key)
    assert not key or key[:60] not in str(caught.value)


def test_the_key_is_read_once_for_all_sessions_and_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    own = service()
    monkeypatch.setattr("coze_client.auth.jwt._parsed", None)
    names = [claims(own.for_session(name).sign(URL))["session_name"] for name in ("ann", "bob")]
    assert names == ["ann", "bob"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ttl": 0}, "ttl must be 1 to 86399"),
        ({"ttl": 86400}, "ttl must be 1 to 86399"),
        ({"account_id": "1", "enterprise_id": "2"}, "account_id or enterprise_id, not both"),
        ({"public_key_id": ""}, "public_key_id is empty"),
        ({"base_url": "api.coze.com"}, "base_url must look like"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_once(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        service(**settings)


def test_a_session_without_a_name_is_refused_since_it_would_mix_users() -> None:
    with pytest.raises(ConfigurationError, match="session_name is empty"):
        service().for_session("")


# --- the token ---


def test_a_service_works_without_anybody_logging_in(logins: Logins) -> None:
    client = logins.driver.client(logins.jwt())
    assert [logins.user_name(client) for _ in range(3)]
    assert logins.token_requests == 1
    assert sent(logins).body == {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "duration_seconds": 900,
    }


def test_the_token_lives_as_long_as_was_asked(logins: Logins) -> None:
    client = logins.driver.client(logins.jwt(ttl=86399))
    logins.user_name(client)
    logins.clock.advance(86000)
    logins.user_name(client)
    assert logins.token_requests == 1
    logins.clock.advance(399)
    logins.user_name(client)
    assert logins.token_requests == 2


def test_a_scope_goes_along_and_limits_the_token(logins: Logins) -> None:
    scope = {"account_permission": {"permission_list": ["createConversation"]}}
    client = logins.driver.client(logins.jwt(scope=scope))
    logins.run(client.conversations.create())
    assert sent(logins).body["scope"] == scope
    with pytest.raises(PermissionDenied):
        logins.driver.collect(client.conversations.list(bot_id="1"))


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"account_id": "123"}, "/api/permission/oauth2/account/123/token"),
        ({"enterprise_id": "456"}, "/api/permission/oauth2/enterprise_id/456/token"),
    ],
)
def test_other_accounts_and_enterprises_have_routes_of_their_own(
    logins: Logins, settings: dict[str, str], path: str
) -> None:
    client = logins.driver.client(logins.jwt(**settings))
    assert logins.run(client.request("GET", "/v1/users/me"))["data"]["user_id"] in settings.values()
    assert sent(logins).path == path


def test_users_of_a_service_have_tokens_of_their_own_which_are_had_once(logins: Logins) -> None:
    own = logins.jwt()
    client = logins.driver.client(own)
    for user in ("ann", "bob", "ann", "bob"):
        logins.run(client.options(token=own.for_session(user)).conversations.create())
    assert [session_of(call) for call in logins.emulator.calls_to(TOKEN)] == ["ann", "bob"]
    logins.user_name(client)
    assert session_of(sent(logins)) is None


def test_one_user_does_not_see_the_conversation_of_another(logins: Logins) -> None:
    own = logins.jwt()
    client = logins.driver.client(own)
    ann, bob = (client.options(token=own.for_session(user)) for user in ("ann", "bob"))
    conversation = logins.run(ann.conversations.create())
    assert logins.run(ann.conversations.retrieve(conversation_id=conversation.id))
    with pytest.raises(NotFound):
        logins.run(bob.conversations.retrieve(conversation_id=conversation.id))


@pytest.mark.parametrize("setting", ["account_id", "scope", "session_name", "ttl"])
def test_services_that_differ_share_no_token_of_a_store(logins: Logins, setting: str) -> None:
    other: Any = {"account_id": "123", "scope": {"workspace_permission": {}}, "session_name": "ann", "ttl": 60}[setting]
    store = MemoryStore()
    assert logins.jwt(store=store).key == logins.jwt(store=store).key
    assert logins.jwt(store=store, **{setting: other}).key != logins.jwt(store=store).key


# --- what goes wrong ---


@pytest.mark.parametrize("ahead", [-5000, -700, 700, 5000])
def test_a_wrong_clock_costs_one_request_and_is_put_right_by_the_servers(logins: Logins, ahead: int) -> None:
    wrong = Clock(logins.clock() + ahead)
    own = logins.jwt(clock=wrong)
    client = logins.driver.client(own)
    assert logins.user_name(client)
    assert logins.token_requests == 2
    assert logins.user_name(client.options(token=own.for_session("ann")))
    assert logins.token_requests == 3
    for clock in (wrong, logins.clock):
        clock.advance(500)
    assert logins.user_name(client)
    assert logins.token_requests == 3
    for clock in (wrong, logins.clock):
        clock.advance(400)
    assert logins.user_name(client)
    assert logins.token_requests == 4


def test_a_clock_that_was_wrong_and_is_set_right_is_believed_again(logins: Logins) -> None:
    wrong = Clock(logins.clock() - 5000)
    client = logins.driver.client(logins.jwt(clock=wrong))
    logins.user_name(client)
    logins.clock.advance(1000)
    wrong.advance(6000)
    assert logins.user_name(client)
    assert logins.token_requests == 4


@pytest.mark.parametrize(
    "settings", [{"public_key_id": "of_another"}, {"audience": "api.example.com"}], ids=["key id", "audience"]
)
def test_a_jwt_that_is_not_accepted_is_reported_with_every_likely_cause(
    logins: Logins, settings: dict[str, str]
) -> None:
    with pytest.raises(InvalidClient, match=r"private key.*clock.*region") as caught:
        logins.user_name(logins.driver.client(logins.jwt(**settings)))
    assert caught.value.logid
    assert logins.token_requests == 1


def test_an_app_of_the_wrong_type_is_reported(logins: Logins) -> None:
    body = b'{"error": "access_deny", "error_message": "wrong type"}'
    logins.emulator.inject(faults.HttpStatus(400, body), path=TOKEN)
    with pytest.raises(AccessDenied, match="of the right type"):
        logins.user_name(logins.driver.client(logins.jwt()))


@pytest.mark.parametrize(
    "fault",
    [
        faults.DropConnection(),
        faults.AfterStart(faults.DropConnection()),
        faults.HttpStatus(502),
        faults.HttpStatus(500, b'{"error_code": "internal_error", "error_message": "oops"}'),
    ],
)
def test_a_failure_that_passes_is_tried_again_with_a_new_signature(
    logins: Logins, fault: Any, sleeps: list[float]
) -> None:
    logins.emulator.inject(fault, path=TOKEN, times=2)
    assert logins.user_name(logins.driver.client(logins.jwt()))
    used = {call.headers["authorization"] for call in logins.emulator.calls_to(TOKEN)}
    assert (len(used), len(sleeps)) == (3, 2)


def test_a_failure_that_stays_is_tried_as_often_as_the_client_may_and_no_more(
    logins: Logins, sleeps: list[float]
) -> None:
    logins.emulator.inject(faults.DropConnection(), path=TOKEN, times=99)
    client = logins.driver.client(logins.jwt())
    with pytest.raises(ConnectionFailed):
        logins.user_name(client)
    assert logins.token_requests == 3
    with pytest.raises(ConnectionFailed):
        logins.user_name(client.options(retry=None))
    assert logins.token_requests == 4


def test_a_token_refused_in_the_middle_is_had_anew_once(logins: Logins) -> None:
    client = logins.driver.client(logins.jwt())
    logins.user_name(client)
    logins.emulator.inject(faults.Expire(), path="/v1/users/me")
    assert logins.user_name(client)
    assert logins.token_requests == 2


# --- many at once ---


def test_no_signing_and_no_file_ever_holds_up_an_event_loop(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, int]] = []

    def watched(name: str, kind: type) -> None:
        function: Callable[..., Any] = getattr(kind, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            seen.append((name, threading.get_ident()))
            return function(*args, **kwargs)

        monkeypatch.setattr(kind, name, call)

    for kind, names in ((JWT, ["sign"]), (FileStore, ["load", "save", "claim"])):
        for name in names:
            watched(name, kind)
    driver = AsyncioDriver()
    logins = Logins(emulator, driver)
    client = driver.client(logins.jwt(store=FileStore(tmp_path / "tokens")))
    for _ in range(2):
        logins.user_name(client)
        logins.clock.advance(2000)
    driver.close()
    assert {name for name, _ in seen} == {"sign", "load", "save", "claim"}
    assert threading.get_ident() not in {thread for _, thread in seen}


def test_fifty_threads_on_an_expired_token_make_one_request(emulator: Emulator) -> None:
    driver = BlockingDriver()
    logins = Logins(emulator, driver)
    client = driver.client(logins.jwt())
    logins.user_name(client)
    logins.clock.advance(1000)
    with ThreadPoolExecutor(50) as pool:
        assert len(list(pool.map(lambda _: logins.user_name(client), range(50)))) == 50
    driver.close()
    assert logins.token_requests == 2


WORKER = """
import sys
from coze_client import JWT, CozeClient, FileStore, RedisStore

url, store, place, key_id, client_id = sys.argv[1:]
kind = FileStore if store == "FileStore" else RedisStore
service = JWT(client_id, private_key=sys.stdin.readline(), public_key_id=key_id, store=kind(place), base_url=url)
client = CozeClient(service)
print("ready", flush=True)
sys.stdin.readline()
print(client.request("GET", "/v1/users/me")["data"]["user_id"])
"""


@pytest.mark.parametrize("place", ["file", *SERVERS])
def test_processes_that_share_a_store_make_one_request(emulator: Emulator, tmp_path: Path, place: str) -> None:
    with file_or_server(place, tmp_path) as where:
        store = (FileStore if place == "file" else RedisStore)(where)
        renew_in_processes(emulator, store, where)


@contextmanager
def file_or_server(place: str, folder: Path) -> Iterator[str]:
    if place == "file":
        yield str(folder / "tokens.json")
    else:
        with SERVERS[place](folder) as url:
            yield url


def renew_in_processes(emulator: Emulator, store: FileStore | RedisStore, where: str) -> None:
    app = emulator.add_oauth_app("jwt", public_key=key_pair().public_key)
    own = JWT(app.client_id, private_key=key_pair().private_key, public_key_id=app.public_key_id, store=store)
    store.save(own.key, Token("czs_expired", time.time() - 1000, time.time() - 100))
    kind = type(store).__name__
    order = [sys.executable, "-c", WORKER, emulator.url, kind, where, app.public_key_id, app.client_id]
    workers = [
        subprocess.Popen(order, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) for _ in range(4)
    ]
    for worker in workers:
        send_line(worker, key_pair().private_key.replace("\n", "\\n"))
    assert [read_line(worker) for worker in workers] == ["ready"] * 4
    for worker in workers:
        send_line(worker, "go")
    assert len({read_line(worker) for worker in workers}) == 1
    for worker in workers:
        worker.communicate(timeout=30)
    assert len(emulator.calls_to(TOKEN)) == 1
    assert len(emulator.calls_to("/v1/users/me")) == 4


def send_line(worker: subprocess.Popen[str], line: str) -> None:
    assert worker.stdin is not None
    worker.stdin.write(f"{line}\n")


def read_line(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    return worker.stdout.readline().strip()


@pytest.mark.parametrize("which", ["account_id", "enterprise_id"])
def test_an_account_of_any_text_is_one_segment_of_the_path(driver: Driver, which: str) -> None:
    paths: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.raw_path)
        return httpx.Response(200, json={"access_token": "token_1", "expires_in": 900})

    app = service(**{which: "../a/b?c#d"}, base_url="http://coze")
    client = driver.client(app, transport=httpx.MockTransport(answer), retry=None)
    with pytest.raises(CozeError):  # the answer to the call itself is no user
        driver.run(client.users.me())
    assert b"/..%2Fa%2Fb%3Fc%23d/token" in paths[0]

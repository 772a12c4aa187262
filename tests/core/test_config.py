"""A client's server and timeouts: from arguments, then the environment, then the defaults."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from coze_client import PKCE, AsyncCozeClient, ConfigurationError, CozeClient, DeviceCode, Retry, Timeout, WebOAuth
from coze_client.auth.environment import token_from_environment
from coze_client.core.config import Config, resolve_base_url
from coze_client.core.credentials import checked_token

CLIENTS = [CozeClient, AsyncCozeClient]
BAD_URLS = [
    "api.coze.com",
    "ftp://api.coze.com",
    "https://",
    "https://:8080",
    "http://coze:notaport",
    "http://coze:99999",
    "http://[::1",
    "https://user:secret@coze.example",
    "https://:secret@coze.example",
    "https://coze.example?token=secret",
    "https://coze.example#top",
    "https://two words.example",
]


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COZE_API_BASE", raising=False)


@pytest.mark.parametrize(
    ("base_url", "region", "environment", "url"),
    [
        (None, None, None, "https://api.coze.com"),
        (None, "com", None, "https://api.coze.com"),
        (None, "cn", None, "https://api.coze.cn"),
        (None, None, "https://api.coze.cn", "https://api.coze.cn"),
        (None, None, "", "https://api.coze.com"),
        (None, "com", "https://api.coze.cn", "https://api.coze.com"),
        ("http://localhost:8888", None, "https://api.coze.cn", "http://localhost:8888"),
        ("http://localhost:8888/", None, None, "http://localhost:8888"),
        ("https://gateway.example/coze///", None, None, "https://gateway.example/coze"),
        (" https://coze.example\n", None, None, "https://coze.example"),
        ("http://[::1]:8888/", None, None, "http://[::1]:8888"),
        (None, None, "http://coze.internal/ ", "http://coze.internal"),
    ],
)
def test_explicit_beats_environment_beats_default_and_no_slash_stays(
    base_url: str | None,
    region: str | None,
    environment: str | None,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if environment is not None:
        monkeypatch.setenv("COZE_API_BASE", environment)
    assert resolve_base_url(base_url, region) == url


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_shows_its_address(client: type[CozeClient]) -> None:
    assert client("t", region="cn").base_url == "https://api.coze.cn"
    assert repr(client("t", base_url="http://coze.internal/")) == f"{client.__name__}(base_url='http://coze.internal')"


@pytest.mark.parametrize("client", CLIENTS)
def test_base_url_and_region_together_are_refused(client: type[CozeClient]) -> None:
    with pytest.raises(ConfigurationError, match="not both"):
        client("t", base_url="https://api.coze.com", region="com")


@pytest.mark.parametrize("url", BAD_URLS)
def test_what_is_no_server_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url must look like") as caught:
        resolve_base_url(url, None)
    assert "secret" not in str(caught.value)


API_PATHS = [
    "/v1",
    "/v3",
    "/v3/",
    "/v3/chat",
    "/v1/workflow/run",
    "/v1/conversations/7/messages",
    "/v1/chat/completions",
    "/open_api",
    "/open_api/v2",
    "/open_api/v2/chat",
    "/open_api/knowledge/document/list",
    "/V3/Chat",
]


@pytest.mark.parametrize("path", API_PATHS)
@pytest.mark.parametrize(
    "server", ["https://api.coze.com", "http://localhost:8888", "https://gateway.example.com/coze"]
)
def test_an_address_that_ends_in_an_api_path_is_refused_and_the_right_one_named(server: str, path: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url") as caught:
        resolve_base_url(server + path, None)
    assert caught.value.cure == f'Give base_url="{server}"'


@pytest.mark.parametrize(
    "url", ["www.coze.com", "coze.com", "WWW.coze.com/", "space.coze.com/space/7", "code.coze.com", "ws.coze.com"]
)
@pytest.mark.parametrize("zone", ["com", "cn"])
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_website_of_coze_is_refused_and_the_api_named(scheme: str, url: str, zone: str) -> None:
    with pytest.raises(ConfigurationError, match="website") as caught:
        resolve_base_url(f" {scheme}://{url.replace('com', zone)} ", None)
    assert f"https://api.coze.{zone}" in caught.value.cure


@pytest.mark.parametrize(
    "url",
    [
        "https://gateway.example.com/coze",
        "https://gateway.example.com/v1/coze",
        "https://gateway.example.com/api",
        "https://gateway.example.com/my/chat",
        "https://v3.example.com",
        "https://notcoze.com",
        "https://coze.company.example",
        "https://abc.coze.site",
        "https://api.coze.com",
        "https://api-eu.coze.com",
    ],
)
def test_the_path_of_a_gateway_and_other_hosts_are_kept(url: str) -> None:
    assert resolve_base_url(url, None) == url


@pytest.mark.parametrize(
    "make",
    [
        lambda url: WebOAuth("1", client_secret="s", redirect_uri="http://localhost", base_url=url),
        lambda url: PKCE("1", redirect_uri="http://localhost", base_url=url),
        lambda url: DeviceCode("1", base_url=url),
    ],
    ids=["WebOAuth", "PKCE", "DeviceCode"],
)
def test_the_server_of_an_oauth_app_is_checked_in_the_same_way(make: Callable[[str], object]) -> None:
    for wrong in ("https://www.coze.cn", "https://api.coze.cn/v1"):
        with pytest.raises(ConfigurationError, match=r"api\.coze\.cn"):
            make(wrong)


@pytest.mark.parametrize(
    "given",
    [
        "pat_x1",
        ' "pat_x1" ',
        "'pat_x1'\n",
        "`pat_x1`",
        "'\"pat_x1\"'",
    ],
)
def test_a_token_that_was_copied_with_quotes_is_unquoted(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked_token(given) == "pat_x1"
    monkeypatch.setenv("COZE_API_TOKEN", given)
    assert token_from_environment() == "pat_x1"


@pytest.mark.parametrize(
    "given",
    [
        '"pat_x1',
        "pat_x1'",
        'pat_"x1',
        "'pat_x1\"",
        '""',
        "Bearer ",
        "Bearer pat_x1",
        '"bearer pat_x1"',
        "pat x1",
        "\u201cpat_x1\u201d",
    ],
)
def test_a_token_that_cannot_be_one_is_refused_and_not_shown(given: str) -> None:
    with pytest.raises(ConfigurationError, match="token") as caught:
        checked_token(given)
    assert "x1" not in str(caught.value)


def test_an_empty_base_url_is_a_mistake_and_not_the_default() -> None:
    with pytest.raises(ConfigurationError):
        resolve_base_url("", None)


@pytest.mark.parametrize("region", ["eu", "", "COM"])
def test_an_unknown_region_is_refused_and_points_to_base_url(region: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        resolve_base_url(None, region)


def test_an_unknown_policy_for_busy_conversations_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="when_busy"):
        CozeClient("t", when_busy="queue")  # type: ignore[arg-type]  # what a user may write


def test_the_standard_waits_are_five_seconds_to_connect_and_ten_minutes_between_bytes() -> None:
    assert Timeout() == Timeout(connect=5.0, read=600.0, deadline=None)


@pytest.mark.parametrize(
    ("given", "timeout"),
    [
        (30, Timeout(5.0, 30)),
        (0.5, Timeout(0.5, 0.5)),
        (None, Timeout(None, None)),
        (Timeout(deadline=9), Timeout(5.0, 600.0, 9)),
    ],
)
def test_a_number_is_the_gap_between_bytes_and_limits_connecting(
    given: float | Timeout | None, timeout: Timeout
) -> None:
    assert Timeout.of(given) == timeout


@pytest.mark.parametrize("given", [0, -1, float("nan")])
def test_a_timeout_of_nothing_is_refused(given: float) -> None:
    with pytest.raises(ConfigurationError, match="timeout"):
        Timeout.of(given)


@pytest.mark.parametrize("field", ["connect", "read", "deadline"])
@pytest.mark.parametrize("value", [0, -2.5, float("nan")])
def test_a_timeout_with_a_wait_of_nothing_is_refused(field: str, value: float) -> None:
    with pytest.raises(ConfigurationError, match=field):
        Timeout(**{field: value})


def test_no_single_wait_is_longer_than_what_is_left() -> None:
    assert Timeout().limited_to(2.0) == Timeout(2.0, 2.0)
    assert Timeout(None, None, 60).limited_to(3.0) == Timeout(3.0, 3.0, 60)
    assert Timeout().limited_to(None) == Timeout()


@pytest.mark.parametrize("arguments", [{"attempts": 0}, {"deadline": -1.0}, {"deadline": float("nan")}])
def test_a_retry_policy_that_cannot_work_is_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        Retry(**arguments)  # type: ignore[arg-type]  # floats stand for both fields


def test_a_config_keeps_its_own_copy_of_the_headers() -> None:
    headers = {"x-tenant": "one"}
    config = Config.of(None, None, None, None, "wait", headers, None, None, 1)
    headers["x-tenant"] = "two"
    assert config.headers == {"x-tenant": "one"}

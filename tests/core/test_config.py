"""A client's server and timeouts: from arguments, then the environment, then the defaults."""

from __future__ import annotations

import pytest

from coze_client import AsyncCozeClient, ConfigurationError, CozeClient, Retry, Timeout
from coze_client.core.config import Config, resolve_base_url

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

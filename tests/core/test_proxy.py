"""Which server is reached without a proxy: `NO_PROXY` as curl reads it."""

from __future__ import annotations

import pytest

from coze_client import ConfigurationError
from coze_client.core import transport
from coze_client.core.proxy import proxy_url
from tests.support.clients import Driver

PROXY = "http://proxy:3128"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("ALL_PROXY", PROXY)
    return monkeypatch


@pytest.mark.parametrize("spelled", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize(
    ("exceptions", "url", "direct"),
    [
        ("", "https://api.coze.com", False),
        ("*", "https://api.coze.com", True),
        ("other,*", "https://api.coze.com", True),
        ("coze.com", "https://api.coze.com", True),
        ("coze.com", "https://coze.com", True),
        (".coze.com", "https://api.coze.com", True),
        (".coze.com", "https://coze.com", True),
        ("*.coze.com", "https://api.coze.com", True),
        ("coze.com.", "https://api.coze.com", True),
        ("COZE.com", "https://API.coze.COM", True),
        ("coze.com", "https://notcoze.com", False),
        ("coze.com", "https://coze.com.evil.example", False),
        ("api", "https://api.coze.com", False),
        ("a, b  coze.com\tc", "https://api.coze.com", True),
        ("coze.com:443", "https://api.coze.com", True),
        ("coze.com:443", "https://api.coze.com:8443", False),
        ("coze.com:80", "http://api.coze.com", True),
        ("coze.com:80", "https://api.coze.com", False),
        ("localhost:8888", "http://localhost:8888", True),
        ("localhost:8888", "http://localhost:8889", False),
        ("10.0.0.0/8", "http://10.1.2.3:8888", True),
        ("10.0.0.0/8", "http://11.1.2.3", False),
        ("10.1.2.3/8", "http://10.9.9.9", True),
        ("10.0.0.0/8:8888", "http://10.1.2.3:8888", True),
        ("10.0.0.0/8:8888", "http://10.1.2.3:8889", False),
        ("10.1.2.3", "http://10.1.2.3", True),
        ("10.1.2.3", "http://110.1.2.3", False),
        ("1.2.3", "http://10.1.2.3", False),
        ("10.1.2.3:80", "http://10.1.2.3", True),
        ("10.0.0.0/99", "http://10.1.2.3", False),
        ("10.0.0.0/8", "http://host-10.example", False),
        ("::1", "http://[::1]:8888", True),
        ("[::1]", "http://[::1]:8888", True),
        ("[::1]:8888", "http://[::1]:8888", True),
        ("[::1]:8888", "http://[::1]:9", False),
        ("fd00::/8", "http://[fd12::3]", True),
        ("[fd00::]/8", "http://[fd12::3]", True),
        ("fd00::/8", "http://[fe80::3]", False),
        ("0:0:0:0:0:0:0:1", "http://[::1]", True),
        ("fd00::/8", "http://10.1.2.3", False),
        (",,, ,", "https://api.coze.com", False),
        (".", "https://api.coze.com", False),
    ],
)
def test_the_servers_that_no_proxy_names_are_reached_without_one(
    environment: pytest.MonkeyPatch, spelled: str, exceptions: str, url: str, direct: bool
) -> None:
    environment.setenv(spelled, exceptions)
    assert proxy_url(url, None) == (None if direct else PROXY)
    assert proxy_url(url, "http://own:1") == "http://own:1"


def test_a_socks_proxy_without_its_package_names_the_cure(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "find_spec", lambda name: None if name == "socksio" else name)
    client = driver.client("t" * 20, base_url="http://coze", proxy="socks5://proxy:1080")
    with pytest.raises(ConfigurationError, match=r"socksio.*httpx\[socks\]"):
        driver.run(client.users.me())

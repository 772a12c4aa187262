"""Which proxy leads to a server: the client's own setting, else the environment."""

from __future__ import annotations

import sys
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

_PORTS = {"http": 80, "https": 443}


def proxy_url(base_url: str, proxy: str | None) -> str | None:
    """The URL of the proxy for `base_url`, or ``None``.

    `proxy` comes first. Otherwise the environment decides: ``HTTPS_PROXY`` or ``HTTP_PROXY``, then ``ALL_PROXY``,
    except for the hosts of ``NO_PROXY``, which is read as curl does: names with all names below them, with or without a
    dot in front, addresses, networks like ``10.0.0.0/8``, each also with a port, or ``*``. On macOS and Windows the
    system's settings count, too.
    """
    if proxy:
        return proxy
    server = urlsplit(base_url)
    proxies = getproxies()
    found = proxies.get(server.scheme) or proxies.get("all")
    port = server.port or _PORTS.get(server.scheme, 0)
    if not found or _is_excepted(server.hostname or "", port, proxies.get("no", "")):
        return None
    return found if "://" in found else f"http://{found}"


def _is_excepted(host: str, port: int, exceptions: str) -> bool:
    if any(_matches(host, port, each) for each in exceptions.replace(",", " ").split()):
        return True
    return sys.platform in ("darwin", "win32") and bool(proxy_bypass(host))


def _matches(host: str, port: int, exception: str) -> bool:
    """Whether one entry of ``NO_PROXY`` covers a server."""
    if exception == "*":
        return True
    name, only_port = _without_port(exception)
    if only_port not in ("", str(port)):
        return False
    host, name = host.rstrip(".").lower(), name.rstrip(".").lower()
    try:
        address = ip_address(host)
    except ValueError:
        name = name.removeprefix("*").lstrip(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))
    try:
        return address in ip_network(name, strict=False)
    except ValueError:
        return False


def _without_port(exception: str) -> tuple[str, str]:
    """The name or address of an entry, and its port or ""; an address of IPv6 may stand in brackets."""
    if exception.startswith("["):
        name, _, rest = exception[1:].partition("]")
        return name + rest.partition(":")[0], rest.partition(":")[2]
    if exception.count(":") == 1:
        name, _, port = exception.partition(":")
        return name, port
    return exception, ""

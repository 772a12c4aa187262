"""Which proxy leads to a server: the client's own setting, else the environment."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def proxy_url(base_url: str, proxy: str | None) -> str | None:
    """The URL of the proxy for `base_url`, or ``None``.

    `proxy` comes first. Otherwise the environment decides: ``HTTPS_PROXY`` or ``HTTP_PROXY``, then ``ALL_PROXY``,
    except for the hosts of ``NO_PROXY``; on macOS and Windows also the system's settings.
    """
    if proxy:
        return proxy
    server = urlsplit(base_url)
    proxies = getproxies()
    found = proxies.get(server.scheme) or proxies.get("all")
    if not found or proxy_bypass(server.hostname or ""):
        return None
    return found if "://" in found else f"http://{found}"

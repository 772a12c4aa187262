"""The errors of the HTTP library as errors of this client; a timeout names its setting."""

from __future__ import annotations

from math import inf
from time import monotonic

import httpx

from coze_client.core.file_limit import file_limit, file_limit_reached
from coze_client.errors import ConnectionFailed, TimedOut, TransportError

HTTP_ERRORS = (httpx.HTTPError, httpx.StreamError)
"""What an iterator over a body raises when the connection breaks; ``translate_error`` converts it."""

_CHECK_ROUTE = "Check base_url, the proxy and the network"
_LONGER = "Raise timeout.read if the server needs longer"
_CLOCK_STEP = 0.01


def translate_error(error: Exception, route: str = "", deadline: float = inf) -> TransportError:
    """Convert an error of httpx; ``sent`` of the result is False if the request certainly never left.

    `route`: the server and the proxy before it, for errors of connecting. A timeout names its setting; a wait that
    ended at `deadline` is told as that.
    """
    reason = str(error) or type(error).__name__
    if isinstance(error, httpx.TimeoutException) and monotonic() >= deadline - _CLOCK_STEP:
        unsent = isinstance(error, (httpx.ConnectTimeout, httpx.PoolTimeout))
        return TimedOut(
            "The call took longer than timeout.deadline",
            sent=not unsent,
            cure="Raise timeout.deadline if the call needs more time",
        )
    if isinstance(error, httpx.ConnectTimeout):
        return TimedOut(f"No connection{route} within timeout.connect", sent=False, cure=_CHECK_ROUTE)
    if isinstance(error, httpx.PoolTimeout):
        return TimedOut(
            f"No free connection{route} within timeout.read", sent=False, cure="Send fewer requests at the same time"
        )
    if isinstance(error, httpx.WriteTimeout):
        return TimedOut("The server took nothing for longer than timeout.read", cure=_LONGER)
    if isinstance(error, httpx.TimeoutException):
        return TimedOut("The server sent nothing for longer than timeout.read", cure=_LONGER)
    if isinstance(error, httpx.ConnectError) and file_limit_reached(error):
        return ConnectionFailed(
            f"No connection{route}: this process may open {file_limit()} files and sockets, and all are in use",
            sent=False,
            cure="Raise the limit (ulimit -n), or open fewer streams at once",
        )
    if isinstance(error, (httpx.ConnectError, httpx.ProxyError, httpx.UnsupportedProtocol)):
        return ConnectionFailed(f"No connection{route}: {reason}", sent=False, cure=_CHECK_ROUTE)
    if isinstance(error, httpx.DecodingError):
        return ConnectionFailed(
            f"The server's answer cannot be unpacked: {reason}", cure="Check what stands between here and the server"
        )
    return ConnectionFailed(f"The connection broke: {reason}")

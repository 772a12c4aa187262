"""Whether a connection failed because the process may not open more files: each connection is one."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

_NO_FILES = (errno.EMFILE, errno.ENFILE)


def file_limit_reached(error: BaseException) -> bool:
    """True if `error` was caused by the file limit, or no socket can be opened now: name lookups hide the cause."""
    return any(isinstance(each, OSError) and each.errno in _NO_FILES for each in _causes(error)) or not _socket_opens()


def file_limit() -> str:
    """The number of files that this process may open, for an error message; "unknown" where there is no such limit."""
    try:
        import resource
    except ImportError:  # Windows
        return "unknown"
    return str(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and what led to it; members of exception groups included."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [cause for cause in (each.__cause__, each.__context__) if cause]
        waiting += getattr(each, "exceptions", ())


def _socket_opens() -> bool:
    try:
        socket.socket().close()
    except OSError as error:
        return error.errno not in _NO_FILES
    return True

"""The supported versions of LangGraph: ``langgraph_interrupts`` uses names of LangGraph that are not public."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version

from coze_client.errors import ConfigurationError

OLDEST = (1, 2, 16)  # before, a graph that is resumed by interrupt ids has no answer for a tool in a subgraph
FIRST_UNKNOWN = (2,)


def check_langgraph() -> None:
    """Check that the installed LangGraph is supported; raises ConfigurationError if it is not, or is missing."""
    installed = installed_langgraph()
    numbers = tuple(int(number) for number in re.findall(r"\d+", installed)[:3])
    if not OLDEST <= numbers < FIRST_UNKNOWN:
        raise ConfigurationError(
            f"A Coze tool in a graph needs {requirement()}; installed: {installed or 'none'}",
            cure='pip install "coze-adapters[langgraph]"',
        )


def requirement() -> str:
    """The requirement, as in the extra ``langgraph`` of this package."""
    return f"langgraph>={'.'.join(map(str, OLDEST))},<{'.'.join(map(str, FIRST_UNKNOWN))}"


def installed_langgraph() -> str:
    """The installed version; empty if LangGraph is not installed."""
    return _INSTALLED or _read_version()


def _read_version() -> str:
    try:
        return version("langgraph")
    except PackageNotFoundError:
        return ""


_INSTALLED = _read_version()  # read now, because it reads files, which an event loop must not do

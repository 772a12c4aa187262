"""Coze bots in LangChain: ``ChatCoze`` is a chat model.

What stands in ``__all__`` is public, and imported when it is first used: LangChain takes a second to load.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from coze_client.version import __version__

if TYPE_CHECKING:
    from langchain_coze.chat_model import ChatCoze
    from langchain_coze.errors import (
        CozeAPIError,
        CozeAuthenticationError,
        CozeChatFailed,
        CozeConfigurationError,
        CozeConnectionFailed,
        CozeContextOverflow,
        CozeConversationBusy,
        CozeInvalidRequest,
        CozeModelError,
        CozeNotFound,
        CozePermissionDenied,
        CozeProtocolError,
        CozeQuotaExceeded,
        CozeRateLimited,
        CozeServerError,
        CozeStreamInterrupted,
        CozeTimedOut,
    )

__all__ = [
    "ChatCoze",
    "CozeAPIError",
    "CozeAuthenticationError",
    "CozeChatFailed",
    "CozeConfigurationError",
    "CozeConnectionFailed",
    "CozeContextOverflow",
    "CozeConversationBusy",
    "CozeInvalidRequest",
    "CozeModelError",
    "CozeNotFound",
    "CozePermissionDenied",
    "CozeProtocolError",
    "CozeQuotaExceeded",
    "CozeRateLimited",
    "CozeServerError",
    "CozeStreamInterrupted",
    "CozeTimedOut",
    "__version__",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "chat_model" if name == "ChatCoze" else "errors"
    try:
        value: object = getattr(import_module(f"{__name__}.{home}"), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "langchain_core":
            raise
        raise ImportError('langchain_coze needs LangChain: pip install "coze-adapters[langchain]"') from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

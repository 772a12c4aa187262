"""A client for Coze's API: chats, bots, workflows, knowledge bases, files, plugins and OAuth.

Start with ``CozeClient`` (blocking) or ``AsyncCozeClient`` (asyncio). Both have the same methods, with retries, typed
results and streams. The names in ``__all__`` are public; each is imported at its first use.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

from coze_client.version import __version__

if TYPE_CHECKING:
    from coze_client.api.bots.values import Bot
    from coze_client.api.chats.events import ChatEvent
    from coze_client.api.chats.failures import ChatFailed
    from coze_client.api.chats.stream import AsyncChatStream, ChatStream
    from coze_client.api.chats.values import Chat, ChatResult, ToolCall, ToolOutput, Usage
    from coze_client.api.conversations.values import Conversation, Message
    from coze_client.api.datasets.document_base import DocumentBase
    from coze_client.api.datasets.values import ChunkStrategy, Dataset, Document, DocumentProgress, Image, UpdateRule
    from coze_client.api.files.values import File
    from coze_client.api.recall.helper_bot import RecallBot
    from coze_client.api.recall.values import Recall, Slice
    from coze_client.api.workflows.events import WorkflowEvent
    from coze_client.api.workflows.failures import WorkflowFailed, WorkflowInterrupted
    from coze_client.api.workflows.signature import WorkflowSignature
    from coze_client.api.workflows.stream import AsyncWorkflowStream, WorkflowResult, WorkflowStream
    from coze_client.api.workflows.values import Interrupt, WorkflowMessage
    from coze_client.auth.config_file import from_config
    from coze_client.auth.environment import from_env
    from coze_client.auth.grants import PKCE, DeviceCode, DeviceLogin, Login, WebOAuth
    from coze_client.auth.jwt import JWT
    from coze_client.auth.token import Token
    from coze_client.auth.token_store import FileStore, MemoryStore, TokenStore
    from coze_client.client import AsyncCozeClient, CozeClient
    from coze_client.core.config import Timeout
    from coze_client.core.credentials import PersonalToken
    from coze_client.core.paging import Page
    from coze_client.core.response import Response
    from coze_client.core.retry import Retry
    from coze_client.errors import (
        AccessDenied,
        APIError,
        AuthenticationError,
        ConfigurationError,
        ConnectionFailed,
        ConversationBusy,
        CozeError,
        ExpiredToken,
        InvalidArguments,
        InvalidClient,
        InvalidRequest,
        NotFound,
        OAuthError,
        PermissionDenied,
        ProtocolError,
        QuotaExceeded,
        RateLimited,
        ServerError,
        StreamInterrupted,
        TimedOut,
        TransportError,
    )

logging.getLogger("coze_client").addHandler(logging.NullHandler())

_MODULES = {
    "api.bots.values": ("Bot",),
    "api.chats.events": ("ChatEvent",),
    "api.chats.failures": ("ChatFailed",),
    "api.chats.stream": (
        "AsyncChatStream",
        "ChatStream",
    ),
    "api.chats.values": (
        "Chat",
        "ChatResult",
        "ToolCall",
        "ToolOutput",
        "Usage",
    ),
    "api.conversations.values": (
        "Conversation",
        "Message",
    ),
    "api.datasets.document_base": ("DocumentBase",),
    "api.datasets.values": (
        "ChunkStrategy",
        "Dataset",
        "Document",
        "DocumentProgress",
        "Image",
        "UpdateRule",
    ),
    "api.files.values": ("File",),
    "api.recall.helper_bot": ("RecallBot",),
    "api.recall.values": (
        "Recall",
        "Slice",
    ),
    "api.workflows.events": ("WorkflowEvent",),
    "api.workflows.failures": (
        "WorkflowFailed",
        "WorkflowInterrupted",
    ),
    "api.workflows.signature": ("WorkflowSignature",),
    "api.workflows.stream": (
        "AsyncWorkflowStream",
        "WorkflowResult",
        "WorkflowStream",
    ),
    "api.workflows.values": (
        "Interrupt",
        "WorkflowMessage",
    ),
    "auth.config_file": ("from_config",),
    "auth.environment": ("from_env",),
    "auth.grants": (
        "DeviceCode",
        "DeviceLogin",
        "Login",
        "PKCE",
        "WebOAuth",
    ),
    "auth.jwt": ("JWT",),
    "auth.token": ("Token",),
    "auth.token_store": (
        "FileStore",
        "MemoryStore",
        "TokenStore",
    ),
    "client": (
        "AsyncCozeClient",
        "CozeClient",
    ),
    "core.config": ("Timeout",),
    "core.credentials": ("PersonalToken",),
    "core.paging": ("Page",),
    "core.response": ("Response",),
    "core.retry": ("Retry",),
    "errors": (
        "APIError",
        "AccessDenied",
        "AuthenticationError",
        "ConfigurationError",
        "ConnectionFailed",
        "ConversationBusy",
        "CozeError",
        "ExpiredToken",
        "InvalidArguments",
        "InvalidClient",
        "InvalidRequest",
        "NotFound",
        "OAuthError",
        "PermissionDenied",
        "ProtocolError",
        "QuotaExceeded",
        "RateLimited",
        "ServerError",
        "StreamInterrupted",
        "TimedOut",
        "TransportError",
    ),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "JWT",
    "PKCE",
    "APIError",
    "AccessDenied",
    "AsyncChatStream",
    "AsyncCozeClient",
    "AsyncWorkflowStream",
    "AuthenticationError",
    "Bot",
    "Chat",
    "ChatEvent",
    "ChatFailed",
    "ChatResult",
    "ChatStream",
    "ChunkStrategy",
    "ConfigurationError",
    "ConnectionFailed",
    "Conversation",
    "ConversationBusy",
    "CozeClient",
    "CozeError",
    "Dataset",
    "DeviceCode",
    "DeviceLogin",
    "Document",
    "DocumentBase",
    "DocumentProgress",
    "ExpiredToken",
    "File",
    "FileStore",
    "Image",
    "Interrupt",
    "InvalidArguments",
    "InvalidClient",
    "InvalidRequest",
    "Login",
    "MemoryStore",
    "Message",
    "NotFound",
    "OAuthError",
    "Page",
    "PermissionDenied",
    "PersonalToken",
    "ProtocolError",
    "QuotaExceeded",
    "RateLimited",
    "Recall",
    "RecallBot",
    "Response",
    "Retry",
    "ServerError",
    "Slice",
    "StreamInterrupted",
    "TimedOut",
    "Timeout",
    "Token",
    "TokenStore",
    "ToolCall",
    "ToolOutput",
    "TransportError",
    "UpdateRule",
    "Usage",
    "WebOAuth",
    "WorkflowEvent",
    "WorkflowFailed",
    "WorkflowInterrupted",
    "WorkflowMessage",
    "WorkflowResult",
    "WorkflowSignature",
    "WorkflowStream",
    "__version__",
    "from_config",
    "from_env",
]


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

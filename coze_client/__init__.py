"""Coze for Python: bots, conversations and files, blocking and on asyncio, with retries and typed streams.

``CozeClient`` and ``AsyncCozeClient`` are the two ways in. What stands in ``__all__`` is public; it is imported when it
is first used.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

from coze_client.version import __version__

if TYPE_CHECKING:
    from coze_client.api.bot_info import Bot
    from coze_client.api.chat import Chat, ChatResult, ToolCall, ToolOutput, Usage
    from coze_client.api.chat_events import ChatEvent
    from coze_client.api.chat_stream import AsyncChatStream, ChatStream
    from coze_client.api.conversations import Conversation
    from coze_client.api.datasets import Dataset, DocumentProgress
    from coze_client.api.document import ChunkStrategy, Document, UpdateRule
    from coze_client.api.document_base import DocumentBase
    from coze_client.api.files import File
    from coze_client.api.images import Image
    from coze_client.api.messages import Message
    from coze_client.api.recall_bots import RecallBot
    from coze_client.api.workflow_events import Interrupt, WorkflowEvent, WorkflowMessage
    from coze_client.api.workflow_stream import AsyncWorkflowStream, WorkflowResult, WorkflowStream
    from coze_client.auth.config_file import from_config, from_env
    from coze_client.auth.credentials import PersonalToken
    from coze_client.auth.grants import PKCE, DeviceCode, DeviceLogin, Login, WebOAuth
    from coze_client.auth.jwt import JWT
    from coze_client.auth.token import Token
    from coze_client.auth.token_store import FileStore, MemoryStore, TokenStore
    from coze_client.client import AsyncCozeClient, CozeClient
    from coze_client.core.config import Timeout
    from coze_client.core.request import Page
    from coze_client.core.response import Response
    from coze_client.core.retry import Retry
    from coze_client.errors import (
        AccessDenied,
        APIError,
        AuthenticationError,
        ChatFailed,
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
        WorkflowFailed,
        WorkflowInterrupted,
    )
    from coze_client.recall import Recall, Slice
    from coze_client.workflow_signature import WorkflowSignature

logging.getLogger("coze_client").addHandler(logging.NullHandler())

_HOMES = {
    "api.bot_info": ("Bot",),
    "api.chat": ("Chat", "ChatResult", "ToolCall", "ToolOutput", "Usage"),
    "api.chat_events": ("ChatEvent",),
    "api.chat_stream": ("AsyncChatStream", "ChatStream"),
    "api.conversations": ("Conversation",),
    "api.datasets": ("Dataset", "DocumentProgress"),
    "api.document": ("ChunkStrategy", "Document", "UpdateRule"),
    "api.document_base": ("DocumentBase",),
    "api.files": ("File",),
    "api.images": ("Image",),
    "api.messages": ("Message",),
    "api.recall_bots": ("RecallBot",),
    "api.workflow_events": ("Interrupt", "WorkflowEvent", "WorkflowMessage"),
    "api.workflow_stream": ("AsyncWorkflowStream", "WorkflowResult", "WorkflowStream"),
    "auth.credentials": ("PersonalToken",),
    "client": ("AsyncCozeClient", "CozeClient"),
    "core.config": ("Timeout",),
    "errors": (
        "APIError",
        "AccessDenied",
        "AuthenticationError",
        "ChatFailed",
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
        "WorkflowFailed",
        "WorkflowInterrupted",
    ),
    "auth.jwt": ("JWT",),
    "auth.grants": ("PKCE", "DeviceCode", "DeviceLogin", "Login", "WebOAuth"),
    "auth.config_file": ("from_config", "from_env"),
    "recall": ("Recall", "Slice"),
    "core.request": ("Page",),
    "core.response": ("Response",),
    "core.retry": ("Retry",),
    "auth.token": ("Token",),
    "auth.token_store": ("FileStore", "MemoryStore", "TokenStore"),
    "workflow_signature": ("WorkflowSignature",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

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
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

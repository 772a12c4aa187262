"""Coze in LangChain: bots as chat models, workflows, plugins and bots as tools, datasets as retrievers and loaders.

The names in ``__all__`` are public. Each is imported when it is first used, because LangChain takes a second to load.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from coze_client.bridge import SHARED_TYPES
from coze_client.version import __version__

if TYPE_CHECKING:
    from coze_client.bridge.connection import AnyCozeClient
    from coze_client.bridge.loading.loader import OnMissing
    from coze_client.bridge.sound.transcripts import FilePaths
    from coze_client.bridge.tools.definitions import DefinitionCache
    from coze_client.bridge.writing.progress_bar import OnWriteProgress
    from coze_client.bridge.writing.report import Progress, WriteReport, WriteResult, WriteStatus
    from coze_client.bridge.writing.sources import SourceText, WriteSource
    from coze_client.bridge.writing.upload_record import UploadRecord
    from langchain_coze.bot_tool import CozeBotTool
    from langchain_coze.chat_message_history import CozeChatMessageHistory
    from langchain_coze.chat_model import ChatCoze
    from langchain_coze.dataset_writer import CozeDatasetWriter
    from langchain_coze.document_loader import CozeDatasetLoader
    from langchain_coze.errors import (
        CozeAPIError,
        CozeAuthenticationError,
        CozeChatFailed,
        CozeConfigurationError,
        CozeConnectionFailed,
        CozeContextOverflow,
        CozeConversationBusy,
        CozeConversationMismatch,
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
        CozeWorkflowFailed,
        CozeWorkflowInterrupted,
    )
    from langchain_coze.plugin_tool import CozePluginTool
    from langchain_coze.retriever import CozeRetriever
    from langchain_coze.speech import CozeSpeech
    from langchain_coze.structured_output import OutputSchema
    from langchain_coze.toolkit import CozeToolkit, aload_coze_tools, load_coze_tools
    from langchain_coze.transcription_loader import CozeTranscriptionLoader
    from langchain_coze.workflow_tool import CozeWorkflowTool

__all__ = [
    "AnyCozeClient",
    "ChatCoze",
    "CozeAPIError",
    "CozeAuthenticationError",
    "CozeBotTool",
    "CozeChatFailed",
    "CozeChatMessageHistory",
    "CozeConfigurationError",
    "CozeConnectionFailed",
    "CozeContextOverflow",
    "CozeConversationBusy",
    "CozeConversationMismatch",
    "CozeDatasetLoader",
    "CozeDatasetWriter",
    "CozeInvalidRequest",
    "CozeModelError",
    "CozeNotFound",
    "CozePermissionDenied",
    "CozePluginTool",
    "CozeProtocolError",
    "CozeQuotaExceeded",
    "CozeRateLimited",
    "CozeRetriever",
    "CozeServerError",
    "CozeSpeech",
    "CozeStreamInterrupted",
    "CozeTimedOut",
    "CozeToolkit",
    "CozeTranscriptionLoader",
    "CozeWorkflowFailed",
    "CozeWorkflowInterrupted",
    "CozeWorkflowTool",
    "DefinitionCache",
    "FilePaths",
    "OnMissing",
    "OnWriteProgress",
    "OutputSchema",
    "Progress",
    "SourceText",
    "UploadRecord",
    "WriteReport",
    "WriteResult",
    "WriteSource",
    "WriteStatus",
    "__version__",
    "aload_coze_tools",
    "load_coze_tools",
]
_HOMES = {
    "ChatCoze": "chat_model",
    "CozeBotTool": "bot_tool",
    "CozeChatMessageHistory": "chat_message_history",
    "CozeDatasetLoader": "document_loader",
    "CozeDatasetWriter": "dataset_writer",
    "CozePluginTool": "plugin_tool",
    "CozeRetriever": "retriever",
    "CozeSpeech": "speech",
    "CozeToolkit": "toolkit",
    "CozeTranscriptionLoader": "transcription_loader",
    "CozeWorkflowTool": "workflow_tool",
    "OutputSchema": "structured_output",
    "aload_coze_tools": "toolkit",
    "load_coze_tools": "toolkit",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = SHARED_TYPES.get(name) or f"{__name__}.{_HOMES.get(name, 'errors')}"
    try:
        value: object = getattr(import_module(home), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "langchain_core":
            raise
        raise ImportError('langchain_coze needs LangChain: pip install "coze-adapters[langchain]"') from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

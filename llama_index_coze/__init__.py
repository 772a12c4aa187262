"""Coze for LlamaIndex: ``CozeLLM`` makes a bot an LLM, ``CozeWorkflowTool`` makes a workflow a tool.

``CozeRetriever`` searches knowledge bases, ``CozeReader`` loads their documents, and ``CozeDatasetWriter`` writes them.
Needs the extra ``llama-index``. Importing this package is fast: LlamaIndex is imported when a name in ``__all__`` is
first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from coze_client.bridge import SHARED_TYPES

if TYPE_CHECKING:
    from coze_client.bridge.connection import AnyCozeClient
    from coze_client.bridge.loading.loader import OnMissing
    from coze_client.bridge.sound.transcripts import FilePaths
    from coze_client.bridge.tools.definitions import DefinitionCache
    from coze_client.bridge.writing.progress_bar import OnWriteProgress
    from coze_client.bridge.writing.report import Progress, WriteReport, WriteResult, WriteStatus
    from coze_client.bridge.writing.sources import SourceText, WriteSource
    from coze_client.bridge.writing.upload_record import UploadRecord
    from llama_index_coze.chat_store import CozeChatStore
    from llama_index_coze.dataset_writer import CozeDatasetWriter
    from llama_index_coze.interrupts import CozeHumanResponseEvent, CozeInputRequiredEvent, CozeMessageEvent
    from llama_index_coze.llm import CozeLLM
    from llama_index_coze.reader import CozeReader, DatasetDocuments
    from llama_index_coze.retriever import CozeRetriever
    from llama_index_coze.speech import CozeSpeech, Spoken
    from llama_index_coze.tool_spec import CozeToolSpec
    from llama_index_coze.transcription_reader import CozeTranscriptionReader, SoundDocuments
    from llama_index_coze.workflow_tool import CozeWorkflowTool

_HOMES = {
    "CozeChatStore": "chat_store",
    "CozeDatasetWriter": "dataset_writer",
    "CozeHumanResponseEvent": "interrupts",
    "CozeInputRequiredEvent": "interrupts",
    "CozeLLM": "llm",
    "CozeMessageEvent": "interrupts",
    "CozeReader": "reader",
    "CozeRetriever": "retriever",
    "CozeSpeech": "speech",
    "CozeToolSpec": "tool_spec",
    "CozeTranscriptionReader": "transcription_reader",
    "CozeWorkflowTool": "workflow_tool",
    "DatasetDocuments": "reader",
    "SoundDocuments": "transcription_reader",
    "Spoken": "speech",
}

__all__ = [
    "AnyCozeClient",
    "CozeChatStore",
    "CozeDatasetWriter",
    "CozeHumanResponseEvent",
    "CozeInputRequiredEvent",
    "CozeLLM",
    "CozeMessageEvent",
    "CozeReader",
    "CozeRetriever",
    "CozeSpeech",
    "CozeToolSpec",
    "CozeTranscriptionReader",
    "CozeWorkflowTool",
    "DatasetDocuments",
    "DefinitionCache",
    "FilePaths",
    "OnMissing",
    "OnWriteProgress",
    "Progress",
    "SoundDocuments",
    "SourceText",
    "Spoken",
    "UploadRecord",
    "WriteReport",
    "WriteResult",
    "WriteSource",
    "WriteStatus",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value: object = getattr(import_module(SHARED_TYPES.get(name) or f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "llama_index":
            raise
        raise ImportError(
            'llama_index_coze needs LlamaIndex; install it with: pip install "coze-adapters[llama-index]"',
            name=missing.name,
        ) from missing
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

"""Coze for LlamaIndex: ``CozeLLM`` is a bot as an LLM, ``CozeWorkflowTool`` a workflow as a tool.

``CozeRetriever`` looks into knowledge bases. Needs the extra ``llama-index``. Importing this package costs nothing:
LlamaIndex is loaded when a name of ``__all__`` is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llama_index_coze.dataset_writer import CozeDatasetWriter
    from llama_index_coze.interrupts import CozeHumanResponseEvent, CozeInputRequiredEvent, CozeMessageEvent
    from llama_index_coze.llm import CozeLLM
    from llama_index_coze.reader import CozeReader
    from llama_index_coze.retriever import CozeRetriever
    from llama_index_coze.tool_spec import CozeToolSpec
    from llama_index_coze.workflow_tool import CozeWorkflowTool

_HOME_OF = {
    "CozeDatasetWriter": "dataset_writer",
    "CozeHumanResponseEvent": "interrupts",
    "CozeInputRequiredEvent": "interrupts",
    "CozeLLM": "llm",
    "CozeMessageEvent": "interrupts",
    "CozeReader": "reader",
    "CozeRetriever": "retriever",
    "CozeToolSpec": "tool_spec",
    "CozeWorkflowTool": "workflow_tool",
}

__all__ = [
    "CozeDatasetWriter",
    "CozeHumanResponseEvent",
    "CozeInputRequiredEvent",
    "CozeLLM",
    "CozeMessageEvent",
    "CozeReader",
    "CozeRetriever",
    "CozeToolSpec",
    "CozeWorkflowTool",
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value: object = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
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

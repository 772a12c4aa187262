"""The table of measures: which contenders are compared in which job, and their targets."""

from __future__ import annotations

from benchmarks.measures.clients import CLIENTS
from benchmarks.measures.datasets import DATASETS
from benchmarks.measures.imports import IMPORTS
from benchmarks.measures.models import MODELS
from benchmarks.measures.streams import STREAMS
from benchmarks.measures.tokens import TOKENS
from benchmarks.measures.tools import TOOLS

__all__ = ["MEASURES"]

MEASURES = (*STREAMS, *CLIENTS, *MODELS, *TOKENS, *TOOLS, *DATASETS, *IMPORTS)

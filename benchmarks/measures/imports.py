"""What an import of each package costs, each in a new interpreter."""

from __future__ import annotations

from benchmarks.measure import Job, Measure, Row, Target, cpu_each
from benchmarks.measures.contenders import OURS, PEER


def row_of_import(label: str, contender: str, statement: str) -> Row:
    """Makes a row whose statement runs in a new interpreter of the contender's environment."""
    return Row(label, contender, Job("imports", statement=statement))


def model(package: str, kind: str) -> str:
    return f"from {package} import {kind}; {kind}(bot_id='1', user_id='u', token='t')"


def imports(name: str, title: str, limit: float, *rows: Row) -> Measure:
    """Makes a measure whose first row is ours, and whose second row is what it is compared with."""
    target = Target(rows[0].label, limit, (rows[1].label,))
    return Measure(f"import-{name}", title, rows, (cpu_each("an import", target),))


IMPORTS = (
    imports(
        "core",
        "Import of the core, with a client created and a resource accessed",
        1.30,
        row_of_import(OURS, "coze:Blocking", "from coze_client import CozeClient; CozeClient('t').chats"),
        row_of_import("limit: httpx, pydantic, tenacity", "httpx_bytes:Blocking", "import httpx, pydantic, tenacity"),
        row_of_import(PEER, "cozepy:Blocking", "from cozepy import Coze, TokenAuth; Coze(TokenAuth('t')).chat"),
    ),
    imports(
        "langchain",
        "Import of the LangChain adapter, with a model created",
        1.15,
        row_of_import("langchain_coze", "langchain_coze:Model", model("langchain_coze", "ChatCoze")),
        row_of_import(
            "limit: langchain_core", "langchain_floor:Model", "import langchain_core.language_models.chat_models"
        ),
    ),
    imports(
        "llama-index",
        "Import of the LlamaIndex adapter, with a model created",
        1.15,
        row_of_import("llama_index_coze", "llama_coze:Model", model("llama_index_coze", "CozeLLM")),
        row_of_import("limit: llama_index.core", "llama_floor:Model", "import llama_index.core.llms.function_calling"),
    ),
)

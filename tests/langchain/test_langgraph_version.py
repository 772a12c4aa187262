"""The versions of LangGraph that tools work with; another one is refused in plain words."""

from __future__ import annotations

from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, ToolCall
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode

from coze_client import ConfigurationError, CozeClient
from coze_client.emulator import Emulator
from langchain_coze import CozeWorkflowTool, langgraph_version
from langchain_coze.langgraph_version import check_langgraph, installed_langgraph, requirement

PROJECT = Path(__file__).parent.parent.parent / "pyproject.toml"


def install(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(langgraph_version, "installed_langgraph", lambda: version)


def is_supported() -> bool:
    try:
        check_langgraph()
    except ConfigurationError:
        return False
    return True


@pytest.mark.parametrize("version", ["1.2.16", "1.2.24", "1.10.0", "1.3.0rc1"])
def test_a_supported_version_is_taken(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    install(version, monkeypatch)
    assert is_supported()


@pytest.mark.parametrize("version", ["1.2.15", "0.6.11", "1.2", "2.0.0", "2.0.0a1", ""])
def test_any_other_version_is_an_error_that_names_it_and_the_extra(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(version, monkeypatch)
    with pytest.raises(ConfigurationError, match=rf"installed: {version or 'none'}\..*coze-adapters\[langgraph\]"):
        check_langgraph()


def test_the_extra_has_the_same_bounds_and_all_includes_it() -> None:
    project = PROJECT.read_text(encoding="utf-8")
    assert f'langgraph = ["{requirement()}"]' in project
    assert 'all = ["coze-adapters[langchain,langgraph,' in project


def test_the_installed_version_is_found() -> None:
    assert installed_langgraph().startswith("1.")


@pytest.mark.parametrize("version", ["1.1.10", ""])
def test_a_tool_in_a_graph_of_another_version_starts_nothing(
    version: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = emulator.workflow(title="greet")(lambda: "hello")
    client = CozeClient(emulator.token, base_url=emulator.url)
    tool = CozeWorkflowTool.from_workflow(workflow.id, client=client)
    graph = StateGraph(MessagesState).add_node("tools", ToolNode([tool])).add_edge(START, "tools").compile()
    install(version, monkeypatch)
    with pytest.raises(ConfigurationError, match="langgraph"):
        graph.invoke({"messages": [AIMessage("", tool_calls=[ToolCall(name="greet", args={}, id="1")])]})
    assert not emulator.runs_started
    assert tool.invoke({}) == "hello"

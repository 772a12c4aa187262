"""Workflow tools behind a server of the Model Context Protocol: Coze receives the same bytes by every way."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel, ConfigDict, create_model

from coze_client import CozeClient, WorkflowSignature
from coze_client.api.workflows.values import WorkflowParameter
from coze_client.emulator import Emulator
from langchain_coze import CozeWorkflowTool

Call = Callable[[BaseTool, dict[str, Any]], object]

NAMES = st.sampled_from(
    ["_id", "__id", "id", "self", "config", "runtime", "copy", "schema", "model_config", "a b", "城市"]
)
TEXTS = st.sampled_from(["Rome", "", "5", "1.0", "true", "null", "[1, 2]", '{"a": 1}', '"quoted"', "Zürich"])
NUMBERS = st.one_of(st.integers(-3, 3), st.sampled_from([0.0, 1.0, 2.5]))
LEAVES: Mapping[str, st.SearchStrategy[Any]] = {
    "string": TEXTS,
    "integer": st.integers(-3, 3),
    "number": NUMBERS,
    "boolean": st.booleans(),
}
DEFAULTS: Mapping[str, str] = {"string": "near", "integer": "7", "number": "1", "boolean": "True"}
Typed = tuple[WorkflowParameter, st.SearchStrategy[Any]]


def declared(draw: st.DrawFn, kind: str, **inside: Any) -> WorkflowParameter:
    return WorkflowParameter(
        type=kind,
        required=draw(st.booleans()),
        description=draw(st.sampled_from(["", "What it is."])),
        default_value=draw(st.sampled_from(["", DEFAULTS.get(kind, "")])),
        **inside,
    )


@st.composite
def parameters(draw: st.DrawFn, depth: int = 2) -> Typed:
    """One of a workflow's parameters, and the values that it takes."""
    kind = draw(st.sampled_from([*LEAVES, *(["object", "array"] if depth else [])]))
    if kind == "object":
        members = draw(st.dictionaries(NAMES, parameters(depth - 1), min_size=1, max_size=3))
        return declared(draw, kind, properties={name: each for name, (each, _) in members.items()}), values(members)
    if kind == "array":
        items, value = draw(parameters(depth - 1))
        return declared(draw, kind, items=items), st.lists(value, max_size=2)
    return declared(draw, kind), LEAVES[kind]


def values(members: Mapping[str, Typed]) -> st.SearchStrategy[Any]:
    """Arguments for `members`: all that are required, some of the others, in any order."""
    needed = {name: value for name, (each, value) in members.items() if each.required}
    others = {name: value | st.none() for name, (each, value) in members.items() if not each.required}
    whole = st.fixed_dictionaries(needed, optional=others)
    return st.tuples(whole, st.randoms(use_true_random=False)).map(shuffled)


def shuffled(given: tuple[dict[str, Any], Any]) -> dict[str, Any]:
    names = list(given[0])
    given[1].shuffle(names)
    return {name: given[0][name] for name in names}


@st.composite
def calls(draw: st.DrawFn) -> tuple[WorkflowSignature, dict[str, Any]]:
    """A workflow's signature, and arguments for it under the names that its schema has."""
    members = draw(st.dictionaries(NAMES, parameters(), max_size=4))
    signature = WorkflowSignature.of_parameters({name: each for name, (each, _) in members.items()})
    arguments = draw(values(members))
    aliases = dict(zip(members, signature.schema["properties"], strict=True))
    return signature, {aliases[name]: value for name, value in arguments.items()}


def call(tool: BaseTool, arguments: dict[str, Any]) -> object:
    return tool.invoke(arguments)


def acall(tool: BaseTool, arguments: dict[str, Any]) -> object:
    return asyncio.run(tool.ainvoke(arguments))


def call_over_stand_in(tool: BaseTool, arguments: dict[str, Any]) -> object:
    """As ``to_fastmcp`` of langchain-mcp-adapters 0.3 with mcp 1.30: a model of the tool's fields, dumped one level."""
    assert isinstance(tool.args_schema, type)
    assert issubclass(tool.args_schema, BaseModel)
    schema: Any = tool.tool_call_schema
    assert schema.model_json_schema()["properties"] == tool.args
    fields: dict[str, Any] = {name: (field.annotation, field) for name, field in schema.model_fields.items()}
    model = create_model("Arguments", __config__=ConfigDict(arbitrary_types_allowed=True), **fields)
    annotations = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    parsed = model.model_validate({name: parse(value, annotations[name]) for name, value in arguments.items()})
    dumped = {field.alias or name: getattr(parsed, name) for name, field in type(parsed).model_fields.items()}
    return asyncio.run(tool.ainvoke(dumped))


def parse(value: object, annotation: object) -> object:
    """Clients of the protocol send lists and objects as JSON text, too."""
    if not isinstance(value, str) or annotation is str:
        return value
    try:
        parsed = json.loads(value)
    except ValueError:
        return value
    return value if isinstance(parsed, (str, int, float)) else parsed


def call_over_fastmcp(tool: BaseTool, arguments: dict[str, Any]) -> object:
    adapters = pytest.importorskip("langchain_mcp_adapters.tools", reason="langchain-mcp-adapters is not installed")
    return asyncio.run(adapters.to_fastmcp(tool).run(arguments))


@pytest.fixture
def workflow_id(emulator: Emulator) -> str:
    """A workflow that takes any parameters."""
    return emulator.workflow(title="any")(lambda: "done").id


def with_dict(tool: CozeWorkflowTool) -> CozeWorkflowTool:
    return tool.model_copy(update={"args_schema": tool.signature.schema})


@pytest.mark.parametrize("way", [call, acall, call_over_stand_in, call_over_fastmcp], ids=lambda way: way.__name__)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(case=calls())
def test_a_workflow_receives_the_same_bytes_whichever_form_its_schema_has(
    emulator: Emulator, client: CozeClient, workflow_id: str, way: Call, case: tuple[WorkflowSignature, dict[str, Any]]
) -> None:
    signature, arguments = case
    tool = CozeWorkflowTool.from_workflow(workflow_id, client=client, signature=signature, name="any")
    assert tool.args == with_dict(tool).args == signature.schema["properties"]
    assert convert_to_openai_tool(tool) == convert_to_openai_tool(with_dict(tool))
    sent = []
    for each, ask in ((with_dict(tool), call), (tool, way)):
        assert "done" in str(ask(each, copy.deepcopy(arguments)))
        body: Any = emulator.calls_to("/v1/workflow/stream_run")[-1].body
        sent.append(json.dumps(body["parameters"]))
    assert sent[0] == sent[1]

"""Plugins: functions as tools, their schemas, calls to them, and the shelves of the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from pydantic_core import to_jsonable_python

from coze_client.emulator.protocol.refusal import Refusal
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.scripting.parameters import read_values
from coze_client.emulator.scripting.signatures import Signature, read_signature, summary
from coze_client.emulator.state.backend import Backend

FIRST_PLUGIN_ID = 7490000000000000001
FIRST_PRODUCT_ID = 7495000000000000001  # the store's number of a plugin, which no call takes
FIRST_TOOL_ID = 7498000000000000001
MOST_AT_ONCE = 20
MANY = 2**31
CATEGORIES = ({"id": "7327137275714732069", "name": "Tools"}, {"id": "7327137275714764837", "name": "Travel"})


@dataclass(frozen=True)
class ScriptedTool:
    """A function of a plugin; its annotations are the schema."""

    id: str
    function: Callable[..., object]

    @property
    def name(self) -> str:
        return self.function.__name__

    @cached_property
    def signature(self) -> Signature:
        return read_signature(self.function)

    @property
    def wire(self) -> dict[str, object]:
        parameters = self.signature.parameters
        properties = {
            name: {**each.schema, **({"description": each.description} if each.description else {})}
            for name, each in parameters.items()
        }
        return {
            "tool_id": self.id,
            "name": self.name,
            "description": summary(self.function),
            "inputSchema": {
                "type": "object",
                "properties": properties,
                "required": [name for name, each in parameters.items() if each.required],
            },
            "outputSchema": self.signature.returns,
        }


@dataclass(frozen=True)
class ScriptedPlugin:
    """Tools under an entity id; `paid` ones alone can be called, `created_at` is Unix seconds."""

    id: str
    product_id: str
    name: str
    description: str
    tools: tuple[ScriptedTool, ...]
    paid: bool = True
    created_at: int = 0

    @property
    def wire(self) -> dict[str, object]:
        return {
            "plugin_id": self.id,
            "name": self.name,
            "name_for_model": self.name.lower().replace(" ", "_"),
            "description": self.description,
            "icon_url": "",
            "mcp_json": "",
            "is_call_available": self.paid,
            "created_at": self.created_at,
            "updated_at": self.created_at,
            "tools": [tool.wire for tool in self.tools],
        }

    @property
    def entry(self) -> dict[str, object]:
        """As the store lists it."""
        return {
            "metainfo": {
                "name": self.name,
                "category": CATEGORIES[0],
                "entity_id": self.id,
                "product_id": self.product_id,
                "entity_type": "plugin",
                "entity_version": "0",
                "paid_type": "paid" if self.paid else "free",
                "is_official": True,
                "description": self.description,
                "listed_at": self.created_at,
                "icon_url": "",
            },
            "plugin_info": {
                "description": self.description,
                "total_tools_count": len(self.tools),
                "is_call_available": self.paid,
            },
        }


def new_plugin(
    number: int, name: str, tools: list[Callable[..., object]], description: str, *, paid: bool, created_at: int
) -> ScriptedPlugin:
    """TypeError for a tool whose annotations are no parameters."""
    made = tuple(ScriptedTool(str(FIRST_TOOL_ID + 100 * number + place), tool) for place, tool in enumerate(tools))
    for tool in made:
        _ = tool.signature
    ids = str(FIRST_PLUGIN_ID + number), str(FIRST_PRODUCT_ID + number)
    return ScriptedPlugin(*ids, name, description, made, paid=paid, created_at=created_at)


def _plugin(backend: Backend, plugin_id: str) -> ScriptedPlugin:
    plugin = backend.plugins.get(plugin_id)
    if plugin is None:
        raise Refusal(4200, f"there is no plugin with the entity id {plugin_id}")
    return plugin


async def retrieve(backend: Backend, request: IncomingRequest) -> Reply:
    return JsonReply(_plugin(backend, request.values["plugin_id"]).wire)


async def batch_retrieve(backend: Backend, request: IncomingRequest) -> Reply:
    ids = request.query.text("ids").split(",")
    if len(ids) > MOST_AT_ONCE:
        raise Refusal(4000, f"ids has at most {MOST_AT_ONCE} plugins")
    return JsonReply({"items": [_plugin(backend, plugin_id).wire for plugin_id in ids]})


async def call(backend: Backend, request: IncomingRequest) -> Reply:
    """The result as JSON; 5000 with the tool's own words if it raises. Tools run on threads and may block."""
    plugin = _plugin(backend, request.values["plugin_id"])
    name = request.body.text("tool_name")
    tool = next((tool for tool in plugin.tools if tool.name == name), None)
    if tool is None:
        raise Refusal(4200, f"plugin {plugin.name} has no tool {name}")
    if backend.plan == "free" or not plugin.paid:
        raise Refusal(4101, "only paid plans can call plugins, and only paid plugins")
    try:
        given = read_values(tool.signature.parameters, request.body.mapping("arguments"), str)
    except ValueError as error:
        raise Refusal(4000, str(error)) from None
    backend.plugin_calls += 1
    try:
        result = await asyncio.to_thread(tool.function, **given)
    except Exception as error:  # noqa: BLE001 - a tool may raise anything
        raise Refusal(5000, f"{name} failed: {error}") from None
    return JsonReply({"result": to_jsonable_python(result)})


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    query = request.query
    page, size = query.number("page_num", 1, 1, MANY), query.number("page_size", 20, 1, 100)
    keyword = query.optional("keyword") or ""
    if query.choice("sort_type", ("heat", "newest", "relative"), "heat") == "relative" and not keyword:
        raise Refusal(4000, "sort_type relative needs a keyword")
    official = query.choice("is_official", ("true", "false"), "true") == "true"
    found = [plugin.entry for plugin in backend.plugins.values() if official and keyword.lower() in plugin.name.lower()]
    return JsonReply(_page(found, page, size))


async def categories(_backend: Backend, request: IncomingRequest) -> Reply:
    query = request.query
    page, size = query.number("page_num", 1, 1, MANY), query.number("page_size", 20, 1, 100)
    if query.text("entity_type") != "plugin":
        raise Refusal(4000, "entity_type must be plugin")
    return JsonReply(_page(list(CATEGORIES), page, size))


def _page(found: list[dict[str, object]] | list[dict[str, str]], page: int, size: int) -> dict[str, object]:
    start = (page - 1) * size
    return {"items": found[start : start + size], "has_more": len(found) > start + size}


ENDPOINTS = (
    Endpoint("GET", "/v1/plugins/mget", ("Plugin.getPlugin",), batch_retrieve),
    Endpoint("GET", "/v1/plugins/{plugin_id}", ("Plugin.getPlugin",), retrieve),
    Endpoint("POST", "/v1/plugins/{plugin_id}/tools/call", ("Plugin.callTool",), call),
    Endpoint("GET", "/v1/stores/plugins", (), list_),
    Endpoint("GET", "/v1/stores/categories", (), categories),
)

"""Routes of plugins: retrieve, call a tool, and list the store."""

from __future__ import annotations

import asyncio

from pydantic_core import to_jsonable_python

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.scripting.parameters import read_values
from coze_client.emulator.scripting.plugin import ScriptedPlugin, ScriptedTool
from coze_client.emulator.scripting.signatures import summary
from coze_client.emulator.state.backend import Backend

MOST_AT_ONCE = 20
CATEGORIES = ({"id": "7327137275714732069", "name": "Tools"}, {"id": "7327137275714764837", "name": "Travel"})


def describe_tool(tool: ScriptedTool) -> dict[str, object]:
    """Return the JSON of a tool with its schemas."""
    parameters = tool.signature.parameters
    properties = {
        name: {**each.schema, **({"description": each.description} if each.description else {})}
        for name, each in parameters.items()
    }
    return {
        "tool_id": tool.id,
        "name": tool.name,
        "description": summary(tool.function),
        "inputSchema": {
            "type": "object",
            "properties": properties,
            "required": [name for name, each in parameters.items() if each.required],
        },
        "outputSchema": tool.signature.returns,
    }


def describe_plugin(plugin: ScriptedPlugin) -> dict[str, object]:
    """Return the JSON of a plugin with its tools."""
    return {
        "plugin_id": plugin.id,
        "name": plugin.name,
        "name_for_model": plugin.name.lower().replace(" ", "_"),
        "description": plugin.description,
        "icon_url": "",
        "mcp_json": "",
        "is_call_available": plugin.paid,
        "created_at": plugin.created_at,
        "updated_at": plugin.created_at,
        "tools": [describe_tool(tool) for tool in plugin.tools],
    }


def describe_store_entry(plugin: ScriptedPlugin) -> dict[str, object]:
    """Return the JSON of a plugin in lists of the store."""
    return {
        "metainfo": {
            "name": plugin.name,
            "category": CATEGORIES[0],
            "entity_id": plugin.id,
            "product_id": plugin.product_id,
            "entity_type": "plugin",
            "entity_version": "0",
            "paid_type": "paid" if plugin.paid else "free",
            "is_official": True,
            "description": plugin.description,
            "listed_at": plugin.created_at,
            "icon_url": "",
        },
        "plugin_info": {
            "description": plugin.description,
            "total_tools_count": len(plugin.tools),
            "is_call_available": plugin.paid,
        },
    }


def _plugin(backend: Backend, plugin_id: str) -> ScriptedPlugin:
    plugin = backend.plugins.get(plugin_id)
    if plugin is None:
        raise ApiError(4200, f"there is no plugin with the entity id {plugin_id}")
    return plugin


async def retrieve(backend: Backend, request: IncomingRequest) -> Reply:
    return JsonReply(describe_plugin(_plugin(backend, request.values["plugin_id"])))


async def batch_retrieve(backend: Backend, request: IncomingRequest) -> Reply:
    ids = request.query.text("ids").split(",")
    if len(ids) > MOST_AT_ONCE:
        raise ApiError(4000, f"ids has at most {MOST_AT_ONCE} plugins")
    return JsonReply({"items": [describe_plugin(_plugin(backend, plugin_id)) for plugin_id in ids]})


async def call(backend: Backend, request: IncomingRequest) -> Reply:
    """Call a tool on a thread, where it may block; 5000 with the tool's message if it raises."""
    plugin = _plugin(backend, request.values["plugin_id"])
    name = request.body.text("tool_name")
    tool = next((tool for tool in plugin.tools if tool.name == name), None)
    if tool is None:
        raise ApiError(4200, f"plugin {plugin.name} has no tool {name}")
    if backend.settings.plan == "free" or not plugin.paid:
        raise ApiError(4101, "only paid plans can call plugins, and only paid plugins can be called")
    try:
        arguments = read_values(tool.signature.parameters, request.body.mapping("arguments"), str)
    except ValueError as error:
        raise ApiError(4000, str(error)) from None
    backend.plugin_calls += 1
    try:
        result = await asyncio.to_thread(tool.function, **arguments)
    except Exception as error:  # noqa: BLE001 - a tool may raise anything
        raise ApiError(5000, f"{name} failed: {error}") from None
    return JsonReply({"result": to_jsonable_python(result)})


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    query = request.query
    page = query.page(20, 100)
    keyword = query.optional("keyword") or ""
    if query.choice("sort_type", ("heat", "newest", "relative"), "heat") == "relative" and not keyword:
        raise ApiError(4000, "sort_type relative needs a keyword")
    official = query.choice("is_official", ("true", "false"), "true") == "true"
    found = [plugin for plugin in backend.plugins.values() if official and keyword.lower() in plugin.name.lower()]
    return JsonReply(_page([describe_store_entry(plugin) for plugin in found], page))


async def categories(_backend: Backend, request: IncomingRequest) -> Reply:
    query = request.query
    page = query.page(20, 100)
    if query.text("entity_type") != "plugin":
        raise ApiError(4000, "entity_type must be plugin")
    return JsonReply(_page(list(CATEGORIES), page))


def _page(found: list[dict[str, object]] | list[dict[str, str]], page: slice) -> dict[str, object]:
    return {"items": found[page], "has_more": len(found) > page.stop}


ENDPOINTS = (
    Endpoint("GET", "/v1/plugins/mget", ("Plugin.getPlugin",), batch_retrieve),
    Endpoint("GET", "/v1/plugins/{plugin_id}", ("Plugin.getPlugin",), retrieve),
    Endpoint("POST", "/v1/plugins/{plugin_id}/tools/call", ("Plugin.callTool",), call),
    Endpoint("GET", "/v1/stores/plugins", (), list_),
    Endpoint("GET", "/v1/stores/categories", (), categories),
)

"""Plugins of Coze's store: list them, read their tools, and call a tool without a bot.

API pages: get_plugin, batch_get_plugins_info, call_plugin_tool, list_plugin, list_plugin_category. Calls need a paid
plan and work only for paid plugins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, Literal

from pydantic import AliasChoices, Field

from coze_client.core.json_text import load_json
from coze_client.core.model import Model, convert
from coze_client.core.paging import Page, Pages, by_number, check_page_size
from coze_client.core.request import Kind, Request, Unanswered, query, segment, texts
from coze_client.core.resource import ConcurrencyT, Resource, call, paged
from coze_client.core.response import Payload, RawResponse, read_envelope
from coze_client.errors import ConfigurationError

_LARGEST_PAGE = 100
_MOST_AT_ONCE = 20


class PluginTool(Model):
    """One tool of a plugin; its schemas are JSON Schema, unchanged."""

    tool_id: str = ""
    name: str = ""
    description: str = ""
    input_schema: dict[str, Any] | None = Field(  # JSON Schema
        default=None, validation_alias=AliasChoices("inputSchema", "input_schema")
    )
    output_schema: dict[str, Any] | None = Field(  # JSON Schema
        default=None, validation_alias=AliasChoices("outputSchema", "output_schema")
    )


class Plugin(Model):
    """A plugin with its tools; times are unix seconds. ``mcp_json`` is an MCP configuration that may hold a token."""

    plugin_id: str = ""
    name: str = ""
    name_for_model: str = ""
    description: str = ""
    icon_url: str = ""
    mcp_json: str = Field(default="", repr=False)
    is_call_available: bool = False
    created_at: int | None = None
    updated_at: int | None = None
    tools: tuple[PluginTool, ...] = ()


class PluginEntry(Model):
    """A plugin in the store's listing; ``retrieve`` and ``call`` need its ``entity_id``."""

    entity_id: str = ""
    product_id: str = ""
    name: str = ""
    description: str = ""
    paid_type: str = ""
    is_official: bool = False
    total_tools_count: int | None = None
    is_call_available: bool = False


class PluginCategory(Model):
    """A category of plugins in the store."""

    id: str = ""
    name: str = ""


class _CategoryPage(Model):
    items: tuple[PluginCategory, ...] = ()
    has_more: bool = False


class Plugins(Resource[ConcurrencyT]):
    """``client.plugins``: list the plugins of the store, read their tools, and call a tool."""

    @paged
    def list(
        self,
        *,
        keyword: str | None = None,
        is_official: bool | None = None,
        category_ids: Sequence[str] | None = None,
        sort_type: Literal["heat", "newest", "relative"] | None = None,
        page_size: int = _LARGEST_PAGE,
    ) -> Pages[PluginEntry]:
        """List the plugins of the store, in pages of 1 to 100 (default 100).

        `category_ids`: ids of ``categories``. `sort_type`: "relative" needs a `keyword`. API page: list_plugin.
        """
        check_page_size(page_size, _LARGEST_PAGE)
        fixed = query(
            keyword=keyword,
            is_official=is_official,
            category_ids=",".join(category_ids) if category_ids else None,
            sort_type=sort_type,
            page_size=page_size,
        )

        def page(number: str | None) -> Request[Page[PluginEntry]]:
            return Request("GET", "/v1/stores/plugins", _read_entries, {**fixed, **query(page_num=number or "1")})

        return Pages(page, by_number, attrgetter("entity_id"))

    @paged
    def categories(self, *, page_size: int = _LARGEST_PAGE) -> Pages[PluginCategory]:
        """List the store's categories of plugins, in pages of 1 to 100 (default 100).

        API page: list_plugin_category.
        """
        check_page_size(page_size, _LARGEST_PAGE)

        def page(number: str | None) -> Request[Page[PluginCategory]]:
            params = query(entity_type="plugin", page_num=number or "1", page_size=page_size)
            return Request("GET", "/v1/stores/categories", _read_categories, params)

        return Pages(page, by_number, attrgetter("id"))

    @call
    def retrieve(self, *, plugin_id: str) -> Request[Plugin]:
        """Retrieve a plugin with its tools, by its entity id (not the store's product id).

        API page: get_plugin.
        """
        return Request("GET", f"/v1/plugins/{segment(plugin_id)}", Payload(Plugin, needed="plugin_id"))

    @call
    def batch_retrieve(self, *, plugin_ids: Sequence[str]) -> Request[tuple[Plugin, ...]]:
        """Retrieve 1 to 20 plugins with their tools, by their entity ids; raises ConfigurationError for other counts.

        API page: batch_get_plugins_info.
        """
        if not 1 <= len(plugin_ids) <= _MOST_AT_ONCE:
            raise ConfigurationError(f"plugin_ids must be 1 to {_MOST_AT_ONCE} ids, not {len(plugin_ids)}")
        return Request("GET", "/v1/plugins/mget", _read_plugins, query(ids=",".join(texts("plugin_ids", plugin_ids))))

    @call
    def call(self, *, plugin_id: str, tool_name: str, arguments: Mapping[str, object] | None = None) -> Request[object]:
        """Call one tool of a plugin and return its result, JSON in the plugin's own format.

        The call is not retried if it may have arrived. Raises PermissionDenied if your plan does not include it. API
        page: call_plugin_tool.
        """
        body = {"tool_name": tool_name, "arguments": dict(arguments or {})}
        path = f"/v1/plugins/{segment(plugin_id)}/tools/call"
        unanswered = Unanswered("a second call of a plugin is billed, too")
        return Request("POST", path, _read_result, body=body, kind=Kind.START, unanswered=unanswered)


def _read_plugins(response: RawResponse) -> tuple[Plugin, ...]:
    payload = Payload(dict).extract(read_envelope(response))
    if isinstance(payload, dict):
        payload = payload.get("items") or payload.get("tools") or []
    return convert(tuple[Plugin, ...], payload)


def _read_result(response: RawResponse) -> object:
    payload = Payload(dict).extract(read_envelope(response))
    result = payload.get("result") if isinstance(payload, dict) else payload
    if not isinstance(result, str):
        return result
    try:
        decoded: object = load_json(result)
    except ValueError:
        return result
    return decoded


def _read_entries(response: RawResponse) -> Page[PluginEntry]:
    payload = Payload(dict).extract(read_envelope(response))
    found = payload if isinstance(payload, dict) else {}
    merged = [{**(item.get("plugin_info") or {}), **(item.get("metainfo") or {})} for item in found.get("items") or []]
    return Page(convert(tuple[PluginEntry, ...], merged), bool(found.get("has_more")))


def _read_categories(response: RawResponse) -> Page[PluginCategory]:
    found = Payload(_CategoryPage)(response)
    return Page(found.items, found.has_more)

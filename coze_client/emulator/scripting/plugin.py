"""Plugins whose tools are Python functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from coze_client.emulator.scripting.signatures import Signature, read_signature

FIRST_PLUGIN_ID = 7490000000000000001
FIRST_PRODUCT_ID = 7495000000000000001  # the store's number of a plugin, which no call takes
FIRST_TOOL_ID = 7498000000000000001


@dataclass(frozen=True)
class ScriptedTool:
    """A tool of a plugin: a function with an id, whose annotations are the schema."""

    id: str
    function: Callable[..., object]

    @property
    def name(self) -> str:
        return self.function.__name__

    @cached_property
    def signature(self) -> Signature:
        return read_signature(self.function)


@dataclass(frozen=True)
class ScriptedPlugin:
    """Tools under an entity id; only `paid` plugins can be called; `created_at` is Unix time in seconds."""

    id: str
    product_id: str
    name: str
    description: str
    tools: tuple[ScriptedTool, ...]
    paid: bool = True
    created_at: int = 0


def new_plugin(
    number: int, name: str, tools: list[Callable[..., object]], description: str, *, paid: bool, created_at: int
) -> ScriptedPlugin:
    """Create the plugin with this number, counted from 0; TypeError for a tool whose annotations are no parameters."""
    made = tuple(ScriptedTool(str(FIRST_TOOL_ID + 100 * number + place), tool) for place, tool in enumerate(tools))
    for tool in made:
        _ = tool.signature  # raises the TypeError now
    ids = str(FIRST_PLUGIN_ID + number), str(FIRST_PRODUCT_ID + number)
    return ScriptedPlugin(*ids, name, description, made, paid=paid, created_at=created_at)

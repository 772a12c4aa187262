"""An MCP server whose tools are bots, workflows, plugins and datasets of a Coze account.

Needs the extra `mcp`; the command `cozekit mcp` runs it.
"""

from __future__ import annotations

try:
    import mcp as _sdk  # noqa: F401 - says early, and in one sentence, what is missing
except ModuleNotFoundError as missing:
    if missing.name != "mcp":
        raise
    raise ModuleNotFoundError(
        'The MCP server needs the package mcp; install it with: pip install "coze-adapters[mcp]"', name="mcp"
    ) from None

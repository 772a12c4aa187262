"""An MCP server whose tools are bots, workflows, plugins and datasets of a Coze account."""

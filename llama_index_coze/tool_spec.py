"""CozeToolSpec: LlamaIndex tools for several Coze workflows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.tools import FunctionTool, ToolMetadata
from llama_index.core.tools.tool_spec.base import SPEC_FUNCTION_TYPE, BaseToolSpec

from coze_client.bridge.connection import AnyCozeClient, asyncio_client, blocking_client, take_client
from coze_client.bridge.tools.definitions import DefinitionCache, ToolDefinition, load_workflows
from coze_client.bridge.tools.tool_names import tool_names
from coze_client.core.concurrency import Blocking
from coze_client.errors import ConfigurationError
from llama_index_coze.workflow_tool import CozeWorkflowTool


class CozeToolSpec(BaseToolSpec):
    """Tools for the given workflows, and for all published workflows of a workspace.

    ```python
    from llama_index_coze import CozeToolSpec

    tools = CozeToolSpec(workflow_ids=["7420000000000000001"]).to_tool_list()
    ```

    The first ``to_tool_list`` fetches the schemas, ten at a time. Schemas in `cache` (by workflow id) are not
    fetched, and fetched ones are added to it. Tool names begin with `name_prefix`; equal names get the workflow's id
    appended. `options` are those of CozeWorkflowTool, ``token`` among them.
    """

    spec_functions: list[SPEC_FUNCTION_TYPE] = []  # noqa: RUF012 - declared as in the base class; the tools are found by requests

    def __init__(
        self,
        client: AnyCozeClient | None = None,
        *,
        workflow_ids: Sequence[str] = (),
        workspace_id: str | None = None,
        name_prefix: str = "",
        cache: DefinitionCache | None = None,
        **options: Any,
    ) -> None:
        if not (workflow_ids or workspace_id):
            raise ConfigurationError("Nothing to load: give workflow_ids or a workspace_id")
        self._client, self._options = take_client({"client": client, **options})
        self._workflow_ids = tuple(workflow_ids)
        self._workspace_id = workspace_id
        self._name_prefix = name_prefix
        self._cache = {} if cache is None else cache

    def to_tool_list(
        self,
        spec_functions: list[SPEC_FUNCTION_TYPE] | None = None,
        func_to_metadata_mapping: dict[str, ToolMetadata] | None = None,
    ) -> list[FunctionTool]:
        """Return all tools, or those named in `spec_functions`; `func_to_metadata_mapping` replaces metadata by name.

        Raises ConfigurationError for an unknown name.
        """
        tools = Blocking.run(self._load(blocking_client(self._client)))
        return _choose(tools, spec_functions, func_to_metadata_mapping or {})

    async def to_tool_list_async(
        self,
        spec_functions: list[SPEC_FUNCTION_TYPE] | None = None,
        func_to_metadata_mapping: dict[str, ToolMetadata] | None = None,
    ) -> list[FunctionTool]:
        """As ``to_tool_list``, on asyncio."""
        tools = await self._load(asyncio_client(self._client))
        return _choose(tools, spec_functions, func_to_metadata_mapping or {})

    async def _load(self, client: AnyCozeClient) -> dict[str, CozeWorkflowTool]:
        infos = await load_workflows(
            client, workflow_ids=self._workflow_ids, workspace_id=self._workspace_id, cache=self._cache
        )
        titles = {info.workflow_detail.workflow_id: info.workflow_detail.workflow_name for info in infos}
        names = tool_names(titles, prefix=self._name_prefix)
        definitions = [ToolDefinition.of_info(info, names[info.workflow_detail.workflow_id]) for info in infos]
        return {
            each.name: CozeWorkflowTool._from_definition(each, client=self._client, **self._options)
            for each in definitions
        }


def _choose(
    tools: Mapping[str, CozeWorkflowTool],
    wanted: Sequence[SPEC_FUNCTION_TYPE] | None,
    metadata: Mapping[str, ToolMetadata],
) -> list[FunctionTool]:
    names = list(tools) if wanted is None else [each if isinstance(each, str) else each[0] for each in wanted]
    if unknown := [name for name in names if name not in tools]:
        raise ConfigurationError(f"No tools called {', '.join(unknown)}; there are {', '.join(tools)}")
    for name, replacement in metadata.items():
        tools[name]._metadata = replacement
    return [tools[name] for name in names]

"""This project's workflow tools for LangChain: ways to load them, and the cost of a signature."""

from __future__ import annotations

from langchain_core.tools import BaseTool

from benchmarks.wire import WORKFLOW_IDS
from coze_client import AsyncCozeClient, CozeClient
from coze_client.api.workflows.signature import WorkflowSignature
from coze_client.api.workflows.values import Parameter
from langchain_coze import CozeWorkflowTool, aload_coze_tools, load_coze_tools


def loaded(tools: list[BaseTool]) -> list[BaseTool]:
    """Returns the tools; raises if any is missing, because the figure would then be wrong."""
    assert len(tools) == len(WORKFLOW_IDS)
    return tools


class Blocking:
    def __init__(self, url: str) -> None:
        self.client = CozeClient("token", base_url=url)

    def call(self) -> object:
        return loaded(load_coze_tools(self.client, workflow_ids=WORKFLOW_IDS))


class BlockingWorkspace(Blocking):
    def call(self) -> object:
        return loaded(load_coze_tools(self.client, workspace_id="1"))


class BlockingOneByOne(Blocking):
    def call(self) -> object:
        return [CozeWorkflowTool.from_workflow(each, client=self.client) for each in WORKFLOW_IDS]


class Asyncio:
    def __init__(self, url: str) -> None:
        self.client = AsyncCozeClient("token", base_url=url)

    async def call(self) -> object:
        return loaded(await aload_coze_tools(self.client, workflow_ids=WORKFLOW_IDS))


class AsyncioWorkspace(Asyncio):
    async def call(self) -> object:
        return loaded(await aload_coze_tools(self.client, workspace_id="1"))


class AsyncioOneByOne(Asyncio):
    async def call(self) -> object:
        return [await CozeWorkflowTool.afrom_workflow(each, client=self.client) for each in WORKFLOW_IDS]


def guest(number: int) -> Parameter:
    """Returns ten parameters: an object, its seven strings, an array and its items."""
    inside = {f"field_{each}": Parameter(type="string", required=True, description="A field") for each in range(7)}
    tags = Parameter(type="array", items=Parameter(type="integer"))
    return Parameter(type="object", description=f"Guest {number}", properties={**inside, "tags": tags})


PARAMETERS = {f"guest_{number}": guest(number) for number in range(10)}
ARGUMENTS = {name: {**{f"field_{each}": "text" for each in range(7)}, "tags": [1, 2]} for name in PARAMETERS}


class Schema:
    def __init__(self, _url: str) -> None:
        self.signature = WorkflowSignature.of_parameters(PARAMETERS)
        self.schema = self.signature.schema


class Model(Schema):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.model = self.signature.model


class Read(Model):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.arguments = self.model.model_validate(ARGUMENTS)


class Checked(Schema):
    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.arguments = self.signature.check(ARGUMENTS)

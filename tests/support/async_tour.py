"""Every asyncio path of both adapters, run in a process of its own where blocking calls in the event loop raise.

``python -m tests.support.async_tour langchain '{"url": …}'`` prints a JSON object: each path, and the blocking call
that it made, or "". The emulator runs in the parent process.
"""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

Places = Mapping[str, Any]
Tour = Mapping[str, Callable[[Places], Awaitable[object]]]

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def by(places: Places) -> dict[str, Any]:
    """The connection settings of everything that is made."""
    return {"token": places["token"], "base_url": places["url"]}


def _load_names(package: ModuleType) -> None:
    """Import what the package has, as programs do before they start an event loop."""
    for name in package.__all__:
        getattr(package, name)


def langchain_tour() -> Tour:
    """The paths of langchain_coze."""
    from langchain.agents import create_agent
    from langchain_core.documents import Document
    from langchain_core.messages import HumanMessage, ToolCall
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.types import Command

    import langchain_coze as lc

    _load_names(lc)

    def bot(places: Places, name: str, **options: Any) -> Any:
        return lc.ChatCoze(bot_id=places["bots"][name], user_id="u1", **by(places), **options)

    async def stream(places: Places) -> object:
        return [chunk async for chunk in bot(places, "echo").astream("hello")]

    async def picture(places: Places) -> object:
        blocks: list[Any] = [
            {"type": "image", "base64": PNG, "mime_type": "image/png"},
            {"type": "text", "text": "what?"},
        ]
        return await bot(places, "vision").ainvoke([HumanMessage(list(blocks))])

    async def schema(places: Places) -> object:
        city = {"title": "City", "type": "object", "properties": {"name": {"type": "string"}}}
        return await bot(places, "assistant").with_structured_output(city).ainvoke("I like 'Rome'")

    async def agent(places: Places) -> object:
        def get_weather(city: str) -> str:
            """The weather in a city now."""
            return f"14 °C in {city}"

        made = create_agent(bot(places, "plugins"), [get_weather])
        return await made.ainvoke({"messages": [HumanMessage("What is the weather in Zurich?")]})

    async def tool(places: Places) -> object:
        made = await lc.CozeWorkflowTool.afrom_workflow(places["asks"], **by(places))
        workflow = create_agent(bot(places, "plugins"), [made], checkpointer=InMemorySaver())
        thread: Any = {"configurable": {"thread_id": "1"}}
        question = HumanMessage("Please book a table for 4 in Rome")
        state = await workflow.ainvoke({"messages": [question]}, thread)
        assert state["__interrupt__"]
        state = await workflow.ainvoke(Command(resume="19:00"), thread)
        return state["messages"][-1]

    async def file(places: Places) -> object:
        made = await lc.CozeWorkflowTool.afrom_workflow(places["reads"], file_roots=(places["folder"],), **by(places))
        call = ToolCall(name=made.name, args={"picture": "a.png"}, id="1", type="tool_call")
        answer = await made.ainvoke(call)
        assert answer.status == "success", answer
        return await made.ainvoke({"picture": Path(places["folder"]) / "a.png"})

    async def tools(places: Places) -> object:
        loaded = await lc.aload_coze_tools(workflow_ids=[places["asks"]], plugin_ids=[places["plugin"]], **by(places))
        more = await lc.CozeToolkit(workflow_ids=(places["asks"],), **by(places)).aget_tools()
        return await loaded[-1].ainvoke({"first": 1}), more

    async def bot_tool(places: Places) -> object:
        return await lc.CozeBotTool(places["bots"]["echo"], "echo", "Repeats.", **by(places)).ainvoke({"question": "?"})

    async def retrieve(places: Places) -> object:
        made = lc.CozeRetriever(workflow_id=places["knows"], dataset_ids=(places["dataset"],), **by(places))
        return await made.ainvoke("hello")

    async def load(places: Places) -> object:
        made = lc.CozeDatasetLoader(dataset_id=places["dataset"], content=lambda _: "text", **by(places))
        return [each async for each in made.alazy_load()]

    async def write(places: Places) -> object:
        return await lc.CozeDatasetWriter(dataset_id=places["dataset"], **by(places)).aadd(Document("new", id="new"))

    async def name(places: Places) -> object:
        named = lc.ChatCoze(bot_name="echo", workspace_id=places["workspace"], user_id="u1", **by(places))
        await named.awrite_variables({"city": "Rome"})
        return await named.ainvoke("hello"), await named.aread_variables()

    async def speech(places: Places) -> object:
        return await lc.CozeSpeech(voice_id=places["voice"], split=True, **by(places)).ainvoke("Hello. " * 200)

    async def sound(places: Places) -> object:
        made = lc.CozeTranscriptionLoader(Path(places["folder"]) / "talk.wav", **by(places))
        return [each async for each in made.alazy_load()]

    return {
        "answer": lambda places: bot(places, "echo").ainvoke("hello"),
        "stream": stream,
        "picture": picture,
        "schema": schema,
        "agent": agent,
        "workflow tool": tool,
        "file argument": file,
        "loaded tools": tools,
        "bot tool": bot_tool,
        "retriever": retrieve,
        "loader": load,
        "writer": write,
        "name of a bot": name,
        "speech": speech,
        "sound file": sound,
    }


def llama_index_tour() -> Tour:
    """The paths of llama_index_coze."""
    from llama_index.core.agent.workflow import FunctionAgent
    from llama_index.core.base.llms.types import ImageBlock, TextBlock
    from llama_index.core.llms import ChatMessage
    from llama_index.core.prompts import PromptTemplate
    from llama_index.core.schema import Document
    from pydantic import BaseModel

    import llama_index_coze as li

    _load_names(li)

    class City(BaseModel):
        name: str

    def bot(places: Places, name: str, **options: Any) -> Any:
        return li.CozeLLM(bot_id=places["bots"][name], user_id="u1", **by(places), **options)

    async def stream(places: Places) -> object:
        return [piece async for piece in await bot(places, "echo").astream_chat([ChatMessage("hello")])]

    async def complete(places: Places) -> object:
        return [piece async for piece in await bot(places, "echo").astream_complete("hello")]

    async def picture(places: Places) -> object:
        image = ImageBlock(image=PNG.encode(), image_mimetype="image/png")
        return await bot(places, "vision").achat([ChatMessage(blocks=[TextBlock(text="what?"), image])])

    async def schema(places: Places) -> object:
        return await bot(places, "assistant").astructured_predict(City, PromptTemplate("I like 'Rome'"))

    async def agent(places: Places) -> object:
        made = await li.CozeWorkflowTool.afrom_workflow(places["asks"], **by(places))
        workflow = FunctionAgent(llm=bot(places, "plugins", client_plugins=True), tools=[made])
        handler = workflow.run("Please book a table for 4 in Rome")
        async for event in handler.stream_events():
            if isinstance(event, li.CozeInputRequiredEvent):
                handler.ctx.send_event(event.answer("19:00"))
        return await handler

    async def file(places: Places) -> object:
        made = await li.CozeWorkflowTool.afrom_workflow(places["reads"], file_roots=[places["folder"]], **by(places))
        answer = await made.acall(picture="a.png")
        assert not answer.is_error, answer
        return await made.acall(picture=Path(places["folder"]) / "a.png")

    async def tools(places: Places) -> object:
        return await li.CozeToolSpec(workflow_ids=[places["asks"]], **by(places)).to_tool_list_async()

    async def retrieve(places: Places) -> object:
        made = li.CozeRetriever(workflow_id=places["knows"], dataset_ids=(places["dataset"],), **by(places))
        return await made.aretrieve("hello")

    async def load(places: Places) -> object:
        return await li.CozeReader(dataset_id=places["dataset"], content=lambda _: "text", **by(places)).aload_data()

    async def write(places: Places) -> object:
        return await li.CozeDatasetWriter(dataset_id=places["dataset"], **by(places)).aadd(Document(text="newer"))

    async def name(places: Places) -> object:
        named = li.CozeLLM(bot_name="echo", workspace_id=places["workspace"], user_id="u1", **by(places))
        await named.awrite_variables({"city": "Rome"})
        return await named.acomplete("hello"), await named.aread_variables()

    async def speech(places: Places) -> object:
        return await li.CozeSpeech(voice_id=places["voice"], split=True, **by(places)).aspeak("Hello. " * 200)

    async def sound(places: Places) -> object:
        return await li.CozeTranscriptionReader(**by(places)).aload_data(Path(places["folder"]) / "talk.wav")

    return {
        "answer": lambda places: bot(places, "echo").achat([ChatMessage("hello")]),
        "completion": lambda places: bot(places, "echo").acomplete("hello"),
        "stream": stream,
        "stream of a completion": complete,
        "picture": picture,
        "schema": schema,
        "workflow tool in an agent": agent,
        "file argument": file,
        "loaded tools": tools,
        "retriever": retrieve,
        "reader": load,
        "writer": write,
        "name of a bot": name,
        "speech": speech,
        "sound file": sound,
    }


async def run(tour: Tour, places: Places) -> dict[str, str]:
    """Run every path; the blocking call that each made, or ""."""
    blockbuster: Any = import_module("blockbuster")  # not installed everywhere
    found: dict[str, str] = {}
    for name, path in tour.items():
        with blockbuster.blockbuster_ctx(["coze_client", "langchain_coze", "llama_index_coze"]):
            try:
                await path(places)
                found[name] = ""
            except blockbuster.BlockingError as error:
                frames = traceback.extract_tb(error.__traceback__)
                found[name] = "; ".join([str(error), *(f"{each.filename}:{each.lineno}" for each in frames[-12:-1])])
    return found


if __name__ == "__main__":
    chosen = {"langchain": langchain_tour, "llama_index": llama_index_tour}[sys.argv[1]]
    print(json.dumps(asyncio.run(run(chosen(), json.loads(sys.argv[2])))))

"""Chat models of LangChain and LlamaIndex, against the frameworks alone and other models."""

from __future__ import annotations

from benchmarks.measure import Job, Measure, Row, Target, cpu_an_event, cpu_each, requests_each
from benchmarks.measures.contenders import CHUNKS, OURS
from benchmarks.wire import Kind, Shape


def langchain(kind: Kind, over_openai: float) -> Measure:
    job, ours, floor = Job("stream", Shape(kind, 2000), times=3), "ChatCoze.stream", "limit: LangChain alone"
    rows = (
        Row(ours, "langchain_coze:Model", job),
        Row(floor, "langchain_floor:Model", job),
        Row(OURS, "coze:Blocking", job),
        Row("langchain-openai", "langchain_openai:Model", job),
        Row("langchain-community", "langchain_community:Model", job),
    )
    targets = Target(ours, 1.12, (floor, OURS)), Target(ours, over_openai, ("langchain-openai",))
    return Measure(f"langchain-{kind}", f"LangChain stream, {CHUNKS[kind]}", rows, (cpu_an_event(*targets),))


def llama_index(kind: Kind, over_openai: float) -> Measure:
    job, ours, floor = (
        Job("stream", Shape(kind, 2000), times=3),
        "CozeLLM.stream_chat",
        "limit: LlamaIndex alone",
    )
    rows = (
        Row(ours, "llama_coze:Model", job),
        Row(floor, "llama_floor:Model", job),
        Row(OURS, "coze:Blocking", job),
        Row("llama-index-llms-openai", "llama_openai:Model", job),
    )
    targets = Target(ours, 1.10, (floor, OURS)), Target(ours, over_openai, ("llama-index-llms-openai",))
    return Measure(f"llama-index-{kind}", f"LlamaIndex stream, {CHUNKS[kind]}", rows, (cpu_an_event(*targets),))


def adapters_on_aiohttp() -> Measure:
    """100 streams through each adapter on asyncio, on both transports."""
    job = Job("paced", Shape("paced", 60, 50), at_once=100)
    astream, astream_chat = "ChatCoze.astream", "CozeLLM.astream_chat"
    rows = (
        Row(f"{astream} on aiohttp", "langchain_coze:Aiohttp", job),
        Row(astream, "langchain_coze:Asyncio", job),
        Row(f"{astream_chat} on aiohttp", "llama_coze:Aiohttp", job),
        Row(astream_chat, "llama_coze:Asyncio", job),
    )
    targets = (Target(f"{each} on aiohttp", 0.75, (each,)) for each in (astream, astream_chat))
    title = "The adapters, 100 streams at once, a delta every 50 ms"
    warm_up = Job("paced", Shape("paced", 5, 20), at_once=8)
    return Measure("adapters-100", title, rows, (cpu_an_event(*targets),), 5, warm_up)


MODELS = (
    langchain("fire", 0.22),
    langchain("bulk", 0.18),
    llama_index("fire", 0.22),
    llama_index("bulk", 0.18),
    adapters_on_aiohttp(),
    Measure(
        "invoke",
        "One plain call of a chat model",
        (
            Row("ChatCoze.invoke", "langchain_coze:Model", Job("calls", Shape("fire", 20), times=20)),
            Row("langchain-openai", "langchain_openai:Model", Job("calls", Shape("fire", 20), times=20)),
            Row("langchain-community", "langchain_community:Model", Job("calls", Shape("fire", 20), times=20)),
        ),
        (requests_each(Target("ChatCoze.invoke", 1)), cpu_each("a call")),
    ),
)

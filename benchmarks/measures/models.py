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


MODELS = (
    langchain("fire", 0.22),
    langchain("bulk", 0.18),
    llama_index("fire", 0.22),
    llama_index("bulk", 0.18),
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

"""Clients and their calls: many callers, connections, and the cost of a further client."""

from __future__ import annotations

from benchmarks.measure import (
    Job,
    Measure,
    Row,
    Target,
    connections,
    cpu_each,
    first_delta,
    memory_growth,
    open_sockets,
)
from benchmarks.measures.contenders import AIOHTTP, OURS, PEER, asyncio, blocking, both
from benchmarks.wire import Shape

KEPT = Job("kept", times=1000)


def per_request(client: str) -> Measure:
    """The same model made for each request, and one that is shared, over TLS and a line of 25 ms each way."""
    shape, kind = Shape("fire", 20), "Model" if client == "blocking" else "Asyncio"
    made, shared = "ChatCoze made for each request", "one ChatCoze"
    each, one = Job("first_each", shape, times=16, far=True), Job("first", shape, times=16, far=True)
    rows = [Row(made, f"langchain_coze:{kind}", each), Row(shared, f"langchain_coze:{kind}", one)]
    if client == "blocking":
        rows.append(Row("langchain-openai made for each request", "langchain_openai:Model", each))
    rows.append(Row("cozepy made for each request", f"cozepy:{client.capitalize()}", each))
    return Measure(
        f"per-request-{client}",
        f"16 requests over TLS, {client}, 25 ms each way",
        tuple(rows),
        (first_delta(Target(made, 1.1, (shared,))), connections(Target(made, 1))),
        3,
        Job("first_each", Shape("fire", 5), far=True),
    )


def saving(client: str, prefix: str) -> Measure:
    """A sound of 50 MB to a file; httpx's own loop is no limit, since it may write in other portions."""
    job, own = Job("saved", Shape("sound", 50_000_000), times=2), "httpx's own loop"
    rows = (
        Row(OURS, f"coze:{prefix}Saving", job),
        Row(own, f"httpx_bytes:{prefix}Saving", job),
        Row(PEER, f"cozepy:{prefix}Saving", job),
    )
    figures = (cpu_each("a file", Target(OURS, 1.1, (own,))), memory_growth(Target(OURS, 5)))
    return Measure(f"speech-{client}", f"50 MB of speech to a file, {client}", rows, figures, 7)


CLIENTS = (
    Measure(
        "calls",
        "100 asyncio callers, small JSON answers after 20 ms",
        asyncio(Job("calls", Shape("answer", pause=20), times=10, at_once=100)),
        (cpu_each("a call", *both(0.15, 0.08)),),
        rounds=5,
        warm_up=Job("calls", Shape("answer", pause=1)),
    ),
    Measure(
        "call",
        "A small JSON call on a kept connection, blocking",
        blocking(Job("calls", Shape("answer"), times=300)),
        (cpu_each("a call", Target(OURS, 0.75, (PEER,))),),
    ),
    saving("blocking", ""),
    saving("asyncio", "Asyncio"),
    per_request("blocking"),
    per_request("asyncio"),
    Measure(
        "kept",
        "1,000 clients that have made a call and are kept",
        (
            Row(OURS, "coze:Blocking", KEPT),
            Row("coze_client, asyncio", "coze:Asyncio", KEPT),
            Row(AIOHTTP, "coze:Aiohttp", KEPT),
            Row(PEER, "cozepy:Blocking", KEPT),
            Row("langchain-openai", "langchain_openai:Model", Job("kept", Shape("fire", 20), times=1000)),
        ),
        (open_sockets(Target(OURS, 5), Target("coze_client, asyncio", 5), Target(AIOHTTP, 5)),),
        1,
        Job("kept", Shape("fire", 5), times=0),
    ),
    Measure(
        "further",
        "A further client or chat model",
        (
            Row(OURS, "coze:Blocking", Job("further", times=50)),
            Row("ChatCoze", "langchain_coze:Model", Job("further", times=50)),
            Row("CozeLLM", "llama_coze:Model", Job("further", times=50)),
            Row(PEER, "cozepy:Blocking", Job("further", times=50)),
            Row("langchain-openai", "langchain_openai:Model", Job("further", times=50)),
        ),
        (cpu_each("an instance", Target(OURS, 0.5), Target("ChatCoze", 0.5), Target("CozeLLM", 0.5)),),
    ),
    Measure(
        "further-called",
        "A further client and its first call",
        blocking(Job("further_called", times=10)),
        (cpu_each("an instance"),),
    ),
)

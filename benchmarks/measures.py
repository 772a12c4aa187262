"""The table of measures: which contenders are compared in which job, and their targets."""

from __future__ import annotations

from benchmarks.measure import (
    Figure,
    Job,
    Measure,
    Row,
    Target,
    connections,
    cpu_an_event,
    cpu_each,
    first_delta,
    lateness,
    loop_stall,
    memory_growth,
    memory_per_stream,
    open_sockets,
    requests_each,
    stall,
    stuck,
    token_requests,
    wall,
    wall_each,
)
from benchmarks.wire import Kind, Shape

OURS, AIOHTTP, PEER = "coze_client", "coze_client on aiohttp", "cozepy"
LIMIT = "limit: httpx reads bytes"
RECALL = Job("calls", Shape("recall", 5, 300))
LONG = Shape("paced", 100, 100)
CANCELLED = Job("cancelled", LONG, times=100, at_once=100)
KEPT = Job("kept", times=1000)
CHUNKS: dict[Kind, str] = {"fire": "one HTTP chunk an event", "bulk": "16 KiB HTTP chunks"}


def blocking(job: Job) -> tuple[Row, Row]:
    return Row(OURS, "coze:Blocking", job), Row(PEER, "cozepy:Blocking", job)


def asyncio(job: Job) -> tuple[Row, Row, Row]:
    aiohttp = Row(AIOHTTP, "coze:Aiohttp", job)
    return Row(OURS, "coze:Asyncio", job), aiohttp, Row(PEER, "cozepy:Asyncio", job)


def both(default: float, aiohttp: float) -> tuple[Target, Target]:
    """Targets of the two asyncio transports against cozepy."""
    return Target(OURS, default, (PEER,)), Target(AIOHTTP, aiohttp, (PEER,))


def stream(kind: Kind, *targets: Target) -> Measure:
    job = Job("stream", Shape(kind, 2000), times=5)
    rows = (*blocking(job), Row(LIMIT, "httpx_bytes:Blocking", job, reads_bytes=True))
    return Measure(f"stream-{kind}", f"Blocking stream, {CHUNKS[kind]}", rows, (cpu_an_event(*targets),))


def astream(kind: Kind, *targets: Target) -> Measure:
    job = Job("stream", Shape(kind, 2000), times=5)
    rows = (*asyncio(job), Row(LIMIT, "httpx_bytes:Asyncio", job, reads_bytes=True))
    return Measure(f"astream-{kind}", f"Asyncio stream, {CHUNKS[kind]}", rows, (cpu_an_event(*targets),))


def paced(at_once: int, size: int, pause: int, *figures: Figure) -> Measure:
    rows = asyncio(Job("paced", Shape("paced", size, pause), at_once=at_once))
    title = f"{at_once:,} streams at once, a delta every {pause} ms"
    return Measure(f"paced-{at_once}", title, rows, figures, 5, Job("paced", Shape("paced", 5, 20), at_once=8))


def crowd(work: str, how: str, limit: float) -> Measure:
    """2,300 streams of ten seconds; `limit`: of the longest stall, in ms. cozepy does not finish in five minutes."""
    rows = asyncio(Job(work, Shape("paced", 10, 1000), at_once=2300))[:2]
    targets = Target(OURS, limit), Target(AIOHTTP, limit)
    warm_up = Job(work, Shape("paced", 5, 20), at_once=8)
    return Measure(f"crowd-{work}", f"2,300 streams, {how}", rows, (loop_stall(*targets), wall()), 3, warm_up)


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


def stampede(kind: str, at_once: int) -> Measure:
    job, name = Job("stampede", Shape("answer", pause=20), times=3, at_once=at_once), kind.capitalize()
    rows = (
        Row("service of coze_client", f"service_coze:{name}", job),
        Row("service of cozepy", f"service_cozepy:{name}", job),
    )
    title = f"{at_once} {kind} that need a service's token at once"
    return Measure(f"stampede-{kind}", title, rows, (token_requests(Target(rows[0].label, 1)),), 3)


def tools(client: str) -> Measure:
    job, one_by_one = Job("calls", Shape("answer", pause=50)), "one after another"
    rows = (
        Row("all together", f"tools_coze:{client}", job),
        Row("all of a workspace, listed first", f"tools_coze:{client}Workspace", job),
        Row(one_by_one, f"tools_coze:{client}OneByOne", job),
    )
    target = tuple(Target(row.label, 0.25, (one_by_one,)) for row in rows[:-1])
    return Measure(
        f"tools-{client.lower()}",
        f"Loading 50 tools, {client.lower()}, 50 ms a request",
        rows,
        (wall_each("a load", *target),),
        3,
    )


def listing(client: str, *further: Row) -> Measure:
    job = Job("calls", times=2)
    rows = Row(OURS, f"listing_coze:{client}", job), *further, Row(PEER, f"listing_cozepy:{client}", job)
    title = f"Listing 10,000 documents in 100 pages, {client.lower()}"
    targets = (Target(row.label, 0.60, (PEER,)) for row in rows if row.ours)
    return Measure(f"listing-{client.lower()}", title, rows, (cpu_each("a listing", *targets),))


def listing_together(client: str) -> Measure:
    job = Job("calls", Shape("answer", pause=20))
    rows = (
        Row("10 pages at a time", f"listing_coze:{client}Together", job),
        Row("page by page", f"listing_coze:{client}", job),
    )
    target = Target("10 pages at a time", 0.25, ("page by page",))
    title = f"Listing 10,000 documents in 100 pages, {client.lower()}, 20 ms a page"
    return Measure(f"listing-together-{client.lower()}", title, rows, (wall_each("a listing", target),), 5)


def row_of_import(label: str, contender: str, statement: str) -> Row:
    """Makes a row whose statement runs in a new interpreter of the contender's environment."""
    return Row(label, contender, Job("imports", statement=statement))


def model(package: str, kind: str) -> str:
    return f"from {package} import {kind}; {kind}(bot_id='1', user_id='u', token='t')"


def imports(name: str, title: str, limit: float, *rows: Row) -> Measure:
    """Makes a measure whose first row is ours, and whose second row is what it is compared with."""
    target = Target(rows[0].label, limit, (rows[1].label,))
    return Measure(f"import-{name}", title, rows, (cpu_each("an import", target),))


MEASURES = (
    stream("fire", Target(OURS, 0.55, (PEER,)), Target(OURS, 1.45, (LIMIT,))),
    stream("bulk", Target(OURS, 0.30, (PEER,))),
    astream("fire", *both(0.55, 0.22)),
    astream("bulk", *both(0.32, 0.27)),
    Measure(
        "length",
        "Length of a stream",
        (
            Row("20,000 events", "coze:Blocking", Job("stream", Shape("fire", 20_000))),
            Row("2,000 events", "coze:Blocking", Job("stream", Shape("fire", 2000), times=10)),
        ),
        (cpu_an_event(Target("20,000 events", 1.15, ("2,000 events",))),),
    ),
    Measure(
        "memory",
        "A stream of 20,000 events in a fresh process",
        blocking(Job("stream", Shape("fire", 20_000))),
        (memory_growth(Target(OURS, 3)),),
        rounds=5,
        warm_up=Job("stream", Shape("fire", 50)),
    ),
    Measure(
        "jumbo",
        "A message of 5 MB in one event",
        blocking(Job("stream", Shape("jumbo", 5_000_000))),
        (cpu_each("a stream", Target(OURS, 1.0, (PEER,))),),
    ),
    Measure(
        "first-delta",
        "A blocking stream on a kept connection",
        blocking(Job("first", Shape("fire", 20), times=50)),
        (first_delta(Target(OURS, 0.75, (PEER,))),),
    ),
    Measure(
        "calls",
        "100 asyncio callers, small JSON answers after 20 ms",
        asyncio(Job("calls", Shape("answer", pause=20), times=10, at_once=100)),
        (cpu_each("a call", *both(0.25, 0.08)),),
        rounds=5,
        warm_up=Job("calls", Shape("answer", pause=1)),
    ),
    paced(200, 60, 50, cpu_an_event(*both(0.90, 0.35)), lateness(*both(1.0, 1.0)), memory_per_stream()),
    paced(1000, 24, 250, cpu_an_event(*both(0.90, 0.90)), lateness(), memory_per_stream(Target(OURS, 60))),
    crowd("burst", "all started at once", 2000),
    crowd("spread", "400 started in a second", 250),
    Measure(
        "cancelled",
        "10,000 streams cancelled at random moments, every other one twice",
        (
            Row(OURS, "coze:Leaving", CANCELLED),
            Row(AIOHTTP, "coze:LeavingAiohttp", CANCELLED),
            Row(PEER, "cozepy:Asyncio", CANCELLED),
        ),
        (stuck(Target(OURS, 0), Target(AIOHTTP, 0)), wall()),
        1,
        Job("cancelled", LONG),
    ),
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
    stampede("threads", 50),
    stampede("tasks", 100),
    Measure(
        "renewal",
        "An event loop while a service gets its token and makes one call",
        (
            Row("service of coze_client", "service_coze:Tasks", Job("ticked", times=10)),
            Row("service of cozepy", "service_cozepy:Tasks", Job("ticked", times=10)),
        ),
        (stall(Target("service of coze_client", 5)),),
    ),
    Measure(
        "tenants",
        "A client for one more user, and a signature",
        (
            Row("client.options(token=…)", "service_coze:Tenant", Job("further", times=200)),
            Row("JWT.sign", "service_coze:Signature", Job("further", times=200)),
        ),
        (cpu_each("each", Target("client.options(token=…)", 0.5), Target("JWT.sign", 0.5)),),
    ),
    tools("Blocking"),
    tools("Asyncio"),
    Measure(
        "signature",
        "A workflow's signature of 100 nested parameters",
        (
            Row("JSON schema", "tools_coze:Schema", Job("further", times=50)),
            Row("JSON schema and pydantic model", "tools_coze:Model", Job("further", times=50)),
            Row("the same, and arguments parsed by the model", "tools_coze:Read", Job("further", times=50)),
            Row("JSON schema, and arguments validated", "tools_coze:Checked", Job("further", times=50)),
        ),
        (cpu_each("a signature", Target("JSON schema", 5), Target("JSON schema and pydantic model", 5)),),
    ),
    Measure(
        "writer",
        "Writing 1,000 files into a dataset, without the network",
        (
            Row("new files", "writer_coze:New", Job("calls", at_once=1000)),
            Row("files in the record", "writer_coze:Known", Job("calls", at_once=1000)),
        ),
        (wall_each("a file", Target("new files", 2.0), Target("files in the record", 2.0)),),
        rounds=5,
    ),
    Measure(
        "mirror",
        "Mirroring 10,000 files, 100 changed, 10 gone, 10 new, without the network",
        (
            Row("mirror", "writer_coze:Mirrored", Job("calls", at_once=10_000)),
            Row("1,000 files in the record", "writer_coze:Known", Job("calls", at_once=1000)),
        ),
        (wall_each("a file", Target("mirror", 2.0), Target("mirror", 2.0, ("1,000 files in the record",))),),
        rounds=5,
    ),
    listing("Blocking"),
    listing("Asyncio", Row(AIOHTTP, "listing_coze:Aiohttp", Job("calls", times=2))),
    Measure(
        "listing-memory",
        "Listing 10,000 documents in a new process that has already listed them once",
        (
            Row(OURS, "listing_coze:Blocking", Job("calls")),
            Row("coze_client, 10 pages at a time", "listing_coze:BlockingTogether", Job("calls")),
            Row(PEER, "listing_cozepy:Blocking", Job("calls")),
        ),
        (memory_growth(Target(OURS, 1), Target("coze_client, 10 pages at a time", 3)),),
        rounds=5,
        warm_up=Job("calls"),
    ),
    listing_together("Blocking"),
    listing_together("Asyncio"),
    Measure(
        "recall",
        "Recall from a bot, sent after 300 ms; the answer then takes 1.8 s",
        (
            Row(OURS, "recall_coze:Blocking", RECALL),
            Row("coze_client, asyncio", "recall_coze:Asyncio", RECALL),
            Row("limit: its arrival on the wire", "httpx_bytes:Recall", RECALL),
            Row("cozepy, the chat read to its end", "recall_cozepy:Blocking", RECALL),
        ),
        (
            wall_each(
                "a recall",
                Target(OURS, 1.1, ("limit: its arrival on the wire",)),
                Target("coze_client, asyncio", 1.1, ("limit: its arrival on the wire",)),
            ),
        ),
        rounds=5,
    ),
    imports(
        "core",
        "Import of the core, with a client created and a resource accessed",
        1.35,
        row_of_import(OURS, "coze:Blocking", "from coze_client import CozeClient; CozeClient('t').chats"),
        row_of_import("limit: httpx, pydantic, tenacity", "httpx_bytes:Blocking", "import httpx, pydantic, tenacity"),
        row_of_import(PEER, "cozepy:Blocking", "from cozepy import Coze, TokenAuth; Coze(TokenAuth('t')).chat"),
    ),
    imports(
        "langchain",
        "Import of the LangChain adapter, with a model created",
        1.15,
        row_of_import("langchain_coze", "langchain_coze:Model", model("langchain_coze", "ChatCoze")),
        row_of_import(
            "limit: langchain_core", "langchain_floor:Model", "import langchain_core.language_models.chat_models"
        ),
    ),
    imports(
        "llama-index",
        "Import of the LlamaIndex adapter, with a model created",
        1.15,
        row_of_import("llama_index_coze", "llama_coze:Model", model("llama_index_coze", "CozeLLM")),
        row_of_import("limit: llama_index.core", "llama_floor:Model", "import llama_index.core.llms.function_calling"),
    ),
)

"""Datasets: writing and mirroring files, listing documents, and recall."""

from __future__ import annotations

from benchmarks.measure import Job, Measure, Row, Target, cpu_each, memory_growth, wall_each
from benchmarks.measures.contenders import AIOHTTP, OURS, PEER
from benchmarks.wire import Shape

RECALL = Job("calls", Shape("recall", 5, 300))


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


DATASETS = (
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
)

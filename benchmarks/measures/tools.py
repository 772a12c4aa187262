"""Workflows as tools: loading many, and building signatures."""

from __future__ import annotations

from benchmarks.measure import Job, Measure, Row, Target, cpu_each, wall_each
from benchmarks.wire import Shape


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


TOOLS = (
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
)

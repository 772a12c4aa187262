"""Tokens: many callers that need one at once, renewal beside an event loop, and a client for one more user."""

from __future__ import annotations

from benchmarks.measure import Job, Measure, Row, Target, cpu_each, stall, token_requests
from benchmarks.wire import Shape


def stampede(kind: str, at_once: int) -> Measure:
    job, name = Job("stampede", Shape("answer", pause=20), times=3, at_once=at_once), kind.capitalize()
    rows = (
        Row("service of coze_client", f"service_coze:{name}", job),
        Row("service of cozepy", f"service_cozepy:{name}", job),
    )
    title = f"{at_once} {kind} that need a service's token at once"
    return Measure(f"stampede-{kind}", title, rows, (token_requests(Target(rows[0].label, 1)),), 3)


TOKENS = (
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
)

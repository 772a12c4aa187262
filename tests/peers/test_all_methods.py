"""Every method of the other clients, found by reflection, is called once; `failures.py` has those that fail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from benchmarks.peers import ROOT
from coze_client.emulator import Emulator
from tests.peers.failures import FAULTS, NOT_SERVED, UNREAD, expected_failures, faults_of
from tests.peers.given import GIVEN
from tests.peers.names import our_names
from tests.peers.peer import Peer, PeerRaised
from tests.peers.sent_fields import field_names
from tests.peers.world import World
from tests.support.api_calls import ApiClient

CLAIMS = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
PEERS = {
    "Coze": ("cozepy", "cozepy_process", {"asyncio": False}),
    "AsyncCoze": ("cozepy", "cozepy_process", {"asyncio": True}),
    "coze-go": ("coze-go", "coze_go_process", {}),
    "@coze/api": ("@coze/api", "coze_js_process", {}),
}
"""Client -> its column of the names, the fixture of its process, and what each call tells it."""
READS = ("list", "retrieve", "history", "me", "stream", "resume")
"""What a method is called that must not return nothing."""


@dataclass(frozen=True)
class Outcome:
    """What was wrong with a call, if anything, and the fields that were sent and not read."""

    fault: str
    unread: set[str] = field(default_factory=set)


@dataclass
class Judge:
    """One client with its methods, and our names for them; those of WebSockets are apart."""

    name: str
    peer: Peer
    methods: list[str]
    websockets: list[str]
    ours: dict[str, str]

    def call(self, method: str, world: World) -> Outcome:
        """Call a method once."""
        wire = GIVEN[self.ours[method]](world)
        world.sent.names.clear()
        try:
            value = self.peer(method, wire=wire)
        except PeerRaised as raised:
            return Outcome(str(raised))
        read = method.rpartition(".")[2].lower().startswith(READS)
        fault = error_event(value) or ("it returned nothing" if read and not value else "")
        return Outcome(fault, world.sent.names - set(field_names(value)))


def error_event(value: Any) -> str:
    """Return the error in a stream that @coze/api took for an event."""
    events = value.get("events", []) if isinstance(value, dict) else []
    return next((str(event["data"]) for event in events if event["event"] == "error"), "")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Emulator(demo=True) as emulator, ApiClient(emulator) as api:
        yield World(emulator, api)


@pytest.fixture(scope="module", params=PEERS)
def judge(request: pytest.FixtureRequest, world: World) -> Judge:
    column, process, more = PEERS[request.param]
    peer = Peer(request.getfixturevalue(process), world.emulator, **more)
    found = peer("methods")
    websockets = [name for name in found if name.lower().startswith("websockets.")]
    methods = [name for name in found if name not in websockets]
    ours = our_names(column)
    return Judge(request.param, peer, methods, websockets, ours)


@pytest.fixture(scope="module")
def outcomes(judge: Judge, world: World) -> dict[str, Outcome]:
    """Each method's outcome."""
    return {name: judge.call(name, world) for name in judge.methods}


@pytest.mark.parametrize("judge", UNREAD, indirect=True)
def test_every_field_that_is_sent_is_read_but_those_that_the_client_does_not_know(
    judge: Judge, outcomes: dict[str, Outcome]
) -> None:
    unread: dict[str, set[str]] = {}
    for name, outcome in outcomes.items():
        if outcome.unread:
            unread.setdefault(judge.ours[name], set()).update(outcome.unread)
    assert unread == UNREAD[judge.name]


def test_every_method_succeeds_but_those_that_are_known_to_fail(judge: Judge, outcomes: dict[str, Outcome]) -> None:
    failed = {name: outcome.fault for name, outcome in outcomes.items() if outcome.fault}
    expected = expected_failures(judge.name, {name: judge.ours[name] for name in judge.methods})
    assert failed.keys() == expected.keys(), failed
    assert [name for name, says in expected.items() if says not in failed[name]] == []
    assert figures(judge) in CLAIMS


def figures(judge: Judge) -> str:
    """Return the client's row in the table of figures."""
    faults = len(faults_of(judge.name))
    failed = len(expected_failures(judge.name, {name: judge.ours[name] for name in judge.methods}))
    total = len(judge.methods)
    counts = (total, total - failed, failed - faults, faults, len(judge.websockets))
    return f"| {judge.name} | " + " | ".join(map(str, counts)) + " |"


def test_the_page_has_each_fault_and_what_is_not_served() -> None:
    rows = [
        f"| {', '.join(fault.clients)} | {', '.join(f'`{name}`' for name in fault.methods)} | {fault.why} |"
        for fault in FAULTS
    ]
    table = CLAIMS.partition("| client | methods | why |\n|---|---|---|\n")[2].partition("\n\n")[0]
    assert table.splitlines() == rows
    assert listed_after("answers 501 to ") == list(NOT_SERVED)
    assert listed_after("The documentation alone has ") == unread_by_all()


def unread_by_all() -> list[str]:
    """Return the fields that no client with types reads, of those that make the call."""
    calls = {client: set(our_names(PEERS[client][0]).values()) for client in UNREAD}
    found: set[str] = set()
    for call in set.union(*calls.values()):
        found |= set.intersection(*(UNREAD[client].get(call, set()) for client in UNREAD if call in calls[client]))
    return sorted(found)


def listed_after(words: str) -> list[str]:
    """Return the names that stand between these words of the page and the end of their sentence."""
    return re.findall(r"`([\w.]+)`", CLAIMS.partition(words)[2].partition(".\n")[0])

"""Every method of the other clients, found by reflection, is called once; `failures.py` has those that fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from benchmarks.peers import ROOT
from coze_client.emulator import Emulator
from tests.peers.failures import FAULTS, NOT_SERVED, expected_failures, faults_of
from tests.peers.given import GIVEN
from tests.peers.names import our_names
from tests.peers.peer import Peer, PeerRaised
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


@dataclass
class Judge:
    """One client with its methods, and our names for them; those of WebSockets are apart."""

    name: str
    peer: Peer
    methods: list[str]
    websockets: list[str]
    ours: dict[str, str]

    def fault(self, method: str, world: World) -> str:
        """Call a method and return what was wrong, or nothing."""
        try:
            value = self.peer(method, wire=GIVEN[self.ours[method]](world))
        except PeerRaised as raised:
            return str(raised)
        if error := error_event(value):
            return error
        read = method.rpartition(".")[2].lower().startswith(READS)
        return "it returned nothing" if read and not value else ""


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


def test_every_method_succeeds_but_those_that_are_known_to_fail(judge: Judge, world: World) -> None:
    faults = {name: judge.fault(name, world) for name in judge.methods}
    failed = {name: fault for name, fault in faults.items() if fault}
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
    unserved = CLAIMS.partition("answers 501 to ")[2].partition(".\n")[0]
    assert " ".join(unserved.split()) == ", ".join(f"`{name}`" for name in NOT_SERVED)

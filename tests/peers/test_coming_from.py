"""`docs/coming-from.md` has every name of the other clients, and names only what exists."""

from __future__ import annotations

import inspect
from functools import reduce
from types import SimpleNamespace

import pytest

import coze_client
from coze_client.emulator import Emulator
from tests.peers.names import CLIENTS, OURS, other_names, others_of_ours, our_names
from tests.peers.peer import Peer, go_functions, skip_if_unavailable
from tests.support.methods import METHODS

PROCESSES = {"cozepy": "cozepy_process", "coze-go": "coze_go_process", "@coze/api": "coze_js_process"}
ELSEWHERE = {"coze_client", "logging", "with"}
"""What the page has in backticks besides names of ours: a logger, its module, a statement."""


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def peers(client: str, request: pytest.FixtureRequest, emulator: Emulator) -> list[Peer]:
    """The client's peers: cozepy has two."""
    process = request.getfixturevalue(PROCESSES[client])
    faces = [{"asyncio": False}, {"asyncio": True}] if client == "cozepy" else [{}]
    return [Peer(process, emulator, **more) for more in faces]


def test_the_page_has_exactly_their_methods(client: str, peers: list[Peer]) -> None:
    found = {name for peer in peers for name in peer("methods") if not name.lower().startswith("websockets.")}
    assert found == our_names(client).keys()


def test_the_page_has_exactly_their_other_names(client: str, peers: list[Peer]) -> None:
    with skip_if_unavailable():
        found = go_functions() if client == "coze-go" else peers[0]("names")
    named = [name for name in other_names(client) if not name.endswith("Resp")]
    assert sorted(named) == sorted(found)


def test_every_name_of_ours_exists() -> None:
    assert [name for name in OURS if name not in METHODS] == []
    assert sorted(OURS) == sorted(set(OURS))
    missing = []
    for text in others_of_ours() - ELSEWHERE:
        path, _, argument = text.partition("(")
        if not exists(path, argument.partition("=")[0]):
            missing.append(text)
    assert missing == []


def exists(path: str, argument: str) -> bool:
    """Check that there is such a public name, or call of the client, with such an argument."""
    names = {
        **{name: getattr(coze_client, name) for name in coze_client.__all__},
        "client": coze_client.CozeClient("t"),
    }
    try:
        found = reduce(getattr, path.split("."), SimpleNamespace(**names))
    except AttributeError:
        return False
    return not argument or argument in inspect.signature(found).parameters  # type: ignore[arg-type] # it is callable

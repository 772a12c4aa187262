"""Every method that sends a request, against a copy of what it must be: a read, which is retried, or a start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coze_client import DocumentBase
from coze_client.api.files.requests import upload_request
from coze_client.core.paging import Pages
from coze_client.core.request import Kind, Request
from coze_client.core.stream import Events
from coze_client.core.upload import Upload
from tests.support.methods import METHODS, arguments_of, described_by

_TABLE = Path(__file__).parents[1] / "data" / "request_kinds.tsv"
_MORE: dict[str, dict[str, Any]] = {  # what the signature does not tell to be needed
    "api_apps.create": {"connector_id": "1"},
    "conversations.messages.update": {"content": "text"},
    "datasets.documents.create": {"documents": [DocumentBase.from_text("n", "text")]},
    "api_apps.update": {"name": "n"},
    "audio.voiceprint_groups.update": {"name": "n"},
    "benefit_limitations.update": {"limit": 1},
    "bots.update": {"name": "n"},
    "connectors.bots.update": {"audit_status": 2},
    "datasets.documents.update": {"name": "n"},
    "organizations.update": {"name": "n"},
    "variables.retrieve": {"bot_id": "1"},
    "variables.update": {"bot_id": "1", "data": {"a": "b"}},
    "workflows.chat": {"bot_id": "1"},
    "workspaces.update": {"name": "n"},
    "workspaces.members.create": {"users": {"1": "member"}},
    "workspaces.members.delete": {"user_ids": ["1"]},
}


def requests_of_methods() -> dict[str, Request[Any]]:
    """The request of each method that sends one or lists."""
    requests: dict[str, Request[Any]] = {"files.upload": upload_request(Upload("a.txt", b"text"))}
    for name, method in METHODS.items():
        value = described_by(name, {**arguments_of(method), **_MORE.get(name, {})})
        if isinstance(value, Events):
            requests[name] = value.request
        elif isinstance(value, Pages):
            requests[name] = value.page(None)
        elif isinstance(value, Request):
            requests[name] = value
    return requests


def test_every_method_sends_a_read_or_a_start_as_the_table_says() -> None:
    rows = [f"{name}\t{each.kind.name}\t{each.method}\t{each.path}" for name, each in requests_of_methods().items()]
    assert sorted(rows) == _TABLE.read_text("utf-8").splitlines()


def test_a_start_whose_answer_was_lost_tells_how_to_see_what_became_of_it() -> None:
    requests = requests_of_methods()
    assert sum(each.kind is Kind.START for each in requests.values()) > 50
    assert [name for name, each in requests.items() if each.kind is Kind.START and not each.unanswered.cure] == []

"""Workspaces, listed page by page on both clients."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from coze_client import ConfigurationError
from tests.support.clients import ConnectedClient, Driver


def test_the_emulated_workspace_is_listed(coze: ConnectedClient) -> None:
    (workspace,) = coze.collect(coze.client.workspaces.list())
    assert (workspace.name, workspace.role_type, workspace.workspace_type) == ("Emulated workspace", "owner", "team")


@pytest.mark.parametrize("size", [1, 2, 3, 50])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_every_workspace_is_listed_once_whatever_the_page_size(driver: Driver, count: int, size: int) -> None:
    every: list[dict[str, Any]] = [{"id": str(number), "enterprise_id": None, "more": 1} for number in range(count)]

    def respond(request: httpx.Request) -> httpx.Response:
        start = (int(request.url.params["page_num"]) - 1) * int(request.url.params["page_size"])
        page = every[start : start + int(request.url.params["page_size"])]
        return httpx.Response(200, json={"code": 0, "data": {"workspaces": page, "total_count": count}})

    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(respond))
    found = driver.collect(client.workspaces.list(page_size=size))
    assert [workspace.id for workspace in found] == [each["id"] for each in every]


def test_half_a_member_is_refused_before_anything_is_sent(coze: ConnectedClient) -> None:
    with pytest.raises(ConfigurationError, match="together"):
        coze.collect(coze.client.workspaces.list(user_id="1"))
    assert not coze.emulator.calls


@pytest.mark.parametrize("size", [0, 51])
def test_a_page_holds_1_to_50(coze: ConnectedClient, size: int) -> None:
    with pytest.raises(ConfigurationError, match="page_size"):
        coze.collect(coze.client.workspaces.list(page_size=size))

"""Operations that a server lacks: a coze-studio has a part of the API, and some routes only it has."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from coze_client import NotFound
from coze_client.emulator import Emulator
from tests.support.catalogue import OPERATIONS, Operation
from tests.support.clients import Driver
from tests.support.methods import METHODS
from tests.support.operation_calls import arguments, call_of, minimum

PRESENT = [operation for operation in OPERATIONS if call_of(operation) in METHODS]
CLOUD_ALONE = [operation for operation in PRESENT if not operation.studio]
STUDIO_ALONE = ["apps.retrieve_online", "workflows.conversations.create"]


def call_by(driver: Driver, operation: Operation, client: Any) -> None:
    """Call the operation, with the arguments that it needs; a listing is read to its first item, a file whole."""
    owner = client
    for part in call_of(operation).split("."):
        owner = getattr(owner, part)
    result = owner(**arguments(operation, minimum(operation)))
    if operation.paging or operation.events:
        driver.collect(result, 1)
    else:
        driver.run(result.read() if operation.binary else result)


def test_each_operation_that_a_studio_lacks_says_so(driver: Driver) -> None:
    assert len(CLOUD_ALONE) > 40
    with Emulator(dialect="studio") as studio:
        client = driver.client(studio.token, base_url=studio.url, retry=None)
        for operation in CLOUD_ALONE:
            with pytest.raises(NotFound, match="coze-studio"):
                call_by(driver, operation, client)


@pytest.mark.parametrize(("status", "code"), [(404, 4200), (501, 501), (404, None)])
def test_each_operation_that_only_a_studio_has_says_so_elsewhere(driver: Driver, status: int, code: int | None) -> None:
    body = {"code": code, "msg": "The requested API was not found"} if code else {}
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    client = driver.client("t", base_url="http://coze", transport=transport, retry=None)
    found = [operation for operation in PRESENT if operation.name in STUDIO_ALONE]
    assert len(found) == len(STUDIO_ALONE)
    for operation in found:
        with pytest.raises(NotFound, match="Only a self-hosted coze-studio"):
            call_by(driver, operation, client)

"""Answers whose form the sources of the API tell differently give the same value; arguments are needed in pairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from coze_client import ConfigurationError
from tests.support.clients import Driver

BOT = {"bot_id": "7", "name": "b"}
LIMIT = {"benefit_id": 8, "limit": 5, "ended_at": 253402300799}
SINGLE = {"entity_type": "single_device", "benefit_type": "resource_point", "limit": 5, "started_at": 1, "ended_at": 2}


def client_of(driver: Driver, answer: object) -> Any:
    """A client whose every request gets this JSON."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    return driver.client("t", base_url="http://coze", transport=transport)


@pytest.mark.parametrize("answer", [BOT, {"code": 0, "msg": "", "data": BOT}], ids=["of a coze-studio", "of the cloud"])
def test_the_older_route_of_a_bot_may_answer_without_an_envelope(driver: Driver, answer: object) -> None:
    bot = driver.run(client_of(driver, answer).bots.retrieve_v1(bot_id="7", connector_id="1024"))
    assert (bot.bot_id, bot.name) == ("7", "b")


@pytest.mark.parametrize("data", [LIMIT, {"benefit_info": LIMIT}], ids=["as in the sample", "as in the table"])
def test_a_new_limit_may_be_told_in_two_forms(driver: Driver, data: object) -> None:
    client = client_of(driver, {"code": 0, "data": data})
    made = driver.run(client.benefit_limitations.create(**SINGLE, entity_id="9"))
    assert (made.benefit_id, made.limit, made.ended_at) == ("8", 5, 253402300799)


@pytest.mark.parametrize("urls", ["", None, ["https://a/b"]])
def test_a_bill_has_links_or_none_yet(driver: Driver, urls: object) -> None:
    client = client_of(driver, {"code": 0, "data": {"task_id": 7, "file_urls": urls, "status": "running"}})
    task = driver.run(client.bill_tasks.create(started_at=1, ended_at=2))
    assert (task.task_id, task.file_urls) == ("7", tuple(urls) if isinstance(urls, list) else ())


@pytest.mark.parametrize(
    ("call", "needed"),
    [
        (lambda client: client.benefit_limitations.create(**SINGLE), "entity_id"),
        (lambda client: client.benefits.retrieve(benefit_type_list=["api_run_qps"]), "resource_id"),
        (lambda client: client.api_apps.create(app_type="normal"), "name"),
        (lambda client: client.api_apps.create(app_type="connector", name="n"), "connector_id"),
        (lambda client: client.organizations.update(organization_id="1"), "name or description"),
    ],
)
def test_what_is_needed_together_is_asked_for_before_anything_is_sent(
    driver: Driver, call: Callable[[Any], Any], needed: str
) -> None:
    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(lambda _: pytest.fail("sent")))
    with pytest.raises(ConfigurationError, match=needed):
        driver.run(call(client))

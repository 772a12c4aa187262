"""The user that a token belongs to, on both clients."""

from __future__ import annotations

import httpx
import pytest

from coze_client import AuthenticationError, NotFound, ProtocolError, User
from coze_client.emulator import Emulator
from tests.support.clients import ConnectedClient, Driver


def test_a_token_knows_its_user(coze: ConnectedClient) -> None:
    user = coze.run(coze.client.users.me())
    assert isinstance(user, User)
    assert user.user_id.isdecimal()
    assert (user.user_name, user.nick_name, user.avatar_url) == ("emulated", "Emulated User", "")


def test_a_wrong_token_has_no_user(coze: ConnectedClient) -> None:
    stranger = coze.driver.client("pat_wrong", base_url=coze.emulator.url)
    with pytest.raises(AuthenticationError, match="4100"):
        coze.run(stranger.users.me())


@pytest.mark.parametrize("data", [None, {}, [], {"user_id": ""}, {"user_id": None}, {"user_name": "ada"}])
def test_a_success_without_a_user_is_an_error_with_its_logid(driver: Driver, data: object) -> None:
    answer = httpx.Response(200, json={"code": 0, "data": data}, headers={"x-tt-logid": "L1"})
    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(lambda _: answer))
    with pytest.raises(ProtocolError, match=r"no user_id|unexpected structure") as caught:
        driver.run(client.users.me())
    assert caught.value.logid == "L1"


def test_a_studio_has_no_route_for_it(driver: Driver) -> None:
    with Emulator("studio") as studio:
        client = driver.client(studio.token, base_url=studio.url)
        with pytest.raises(NotFound, match="coze-studio"):
            driver.run(client.users.me())

"""The user that a token belongs to, on both clients."""

from __future__ import annotations

import pytest

from coze_client import AuthenticationError, User
from tests.support.clients import ConnectedClient


def test_a_token_knows_its_user(coze: ConnectedClient) -> None:
    user = coze.run(coze.client.users.me())
    assert isinstance(user, User)
    assert user.user_id.isdecimal()
    assert (user.user_name, user.nick_name, user.avatar_url) == ("emulated", "Emulated User", "")


def test_a_wrong_token_has_no_user(coze: ConnectedClient) -> None:
    stranger = coze.driver.client("pat_wrong", base_url=coze.emulator.url)
    with pytest.raises(AuthenticationError, match="4100"):
        coze.run(stranger.users.me())

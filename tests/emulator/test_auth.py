from __future__ import annotations

import pytest

from coze_client.emulator import Emulator, faults
from tests.support.api_calls import ApiClient, code, data

ME = "/v1/users/me"


def test_an_unknown_a_missing_and_a_revoked_token_are_4100(api: ApiClient, emulator: Emulator) -> None:
    assert code(api.get(ME, headers={"Authorization": "Bearer pat_nobody"})) == 4100
    assert code(api.get(ME, headers={"Authorization": ""})) == 4100
    assert data(api.get(ME))["user_id"]
    emulator.revoke(emulator.token)
    assert code(api.get(ME)) == 4100


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("POST", "/v3/chat", {"chat"}),
        ("GET", "/v3/chat/retrieve", {"getChat"}),
        ("GET", "/v3/chat/message/list", {"chat", "listMessage"}),
        ("POST", "/v3/chat/cancel", {"cancelChat"}),
        ("POST", "/v3/chat/submit_tool_outputs", {"submitToolChat"}),
        ("POST", "/v1/conversation/create", {"createConversation"}),
        ("DELETE", "/v1/conversations/1", {"editConversation"}),
        ("POST", "/v1/conversation/message/create", {"createMessage"}),
        ("POST", "/v1/files/upload", {"uploadFile"}),
    ],
)
def test_each_route_asks_for_its_permissions(emulator: Emulator, method: str, path: str, needed: set[str]) -> None:
    for scopes, allowed in ((needed, True), (needed | {"other"}, True), (set(), False), ({"other"}, False)):
        with ApiClient(emulator, emulator.issue_token(scopes=scopes)) as api:
            assert (code(api.request(method, path)) == 4101) is not allowed


def test_a_token_ends_when_its_time_has_come() -> None:
    now = [1000.0]
    with Emulator(clock=lambda: now[0]) as emulator, ApiClient(emulator, emulator.issue_token(expires_at=1010)) as api:
        assert code(api.get(ME)) == 0
        now[0] = 1010
        assert code(api.get(ME)) == 4100


def test_an_expiring_token_stays_expired(api: ApiClient, emulator: Emulator) -> None:
    emulator.inject(faults.Expire(), path=ME)
    assert [code(api.get(ME)) for _ in range(2)] == [4100, 4100]
    with ApiClient(emulator, emulator.issue_token()) as other:
        assert code(other.get(ME)) == 0


def test_tokens_are_shaped_like_coze_s_and_hidden_in_calls(api: ApiClient, emulator: Emulator) -> None:
    api.get(ME)
    assert emulator.token.startswith("pat_")
    assert emulator.calls[0].headers["authorization"] == f"Bearer {emulator.token}"
    assert emulator.token not in repr(emulator.calls)

"""Collaborators of bots, apps and workflows: who may add whom, in which mode, how often, and what they then may do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from coze_client import InvalidRequest, NotFound, PermissionDenied, RateLimited
from coze_client.emulator import Emulator
from tests.support.api_calls import ApiClient, code
from tests.support.clients import ConnectedClient, Driver

NOUNS = ("bots", "apps", "workflows")


@dataclass(frozen=True)
class Shared:
    """One bot, app or workflow, and the calls about its collaborators by a client."""

    coze: ConnectedClient
    client: Any
    noun: str
    given: dict[str, str]

    def as_seen_by(self, client: Any) -> Shared:
        return replace(self, client=client)

    def add(self, user_id: str) -> None:
        calls = getattr(self.client, self.noun).collaborators
        self.coze.run(calls.create(**self.given, user_id=user_id))

    def remove(self, user_id: str) -> None:
        calls = getattr(self.client, self.noun).collaborators
        self.coze.run(calls.delete(**self.given, user_id=user_id))

    def set_mode(self, mode: str) -> None:
        if self.noun != "apps":
            calls = getattr(self.client, self.noun).collaboration_modes
            self.coze.run(calls.update(**self.given, collaboration_mode=mode))


def ids(emulator: Emulator) -> dict[str, str]:
    """The ids of a bot, a new app and a workflow."""
    apps = {"apps": emulator.add_app("notes")}
    return {**apps, "bots": emulator.bots["echo"], "workflows": emulator.workflows["book_table"]}


def shared_one(coze: ConnectedClient, noun: str) -> Shared:
    return Shared(coze, coze.client, noun, {f"{noun[:-1]}_id": ids(coze.emulator)[noun]})


def user(coze: ConnectedClient, account: str = "7") -> Any:
    """A client of another account, which is thereby a member of the workspace."""
    return coze.driver.client(coze.emulator.issue_token(account=account), base_url=coze.emulator.url)


@pytest.mark.parametrize("noun", NOUNS)
def test_collaborators_come_and_go(coze: ConnectedClient, noun: str) -> None:
    shared, other = shared_one(coze, noun), user(coze)
    shared.set_mode("collaboration")
    for _ in range(2):
        shared.add("7")
    shared.as_seen_by(other).remove("7")  # a collaborator may do what the owner may
    with pytest.raises(PermissionDenied):
        shared.as_seen_by(other).add("7")
    with pytest.raises(NotFound):
        shared.remove("7")
    shared.set_mode("single")


@pytest.mark.parametrize("noun", NOUNS)
def test_only_members_of_the_workspace_become_collaborators(coze: ConnectedClient, noun: str) -> None:
    shared = shared_one(coze, noun)
    shared.set_mode("collaboration")
    with pytest.raises(InvalidRequest, match="user 8 is not in the workspace"):
        shared.add("8")
    with pytest.raises(NotFound):
        shared.remove("8")


@pytest.mark.parametrize("noun", ["bots", "workflows"])
def test_a_single_mode_has_no_collaborators(coze: ConnectedClient, noun: str) -> None:
    shared, _ = shared_one(coze, noun), user(coze)
    with pytest.raises(InvalidRequest, match="mode is single"):
        shared.add("7")
    shared.set_mode("collaboration")
    shared.add("7")
    with pytest.raises(InvalidRequest, match="there are collaborators"):
        shared.set_mode("single")
    shared.remove("7")
    shared.set_mode("single")


def test_a_collaborator_changes_the_draft_of_a_bot(coze: ConnectedClient) -> None:
    shared, other = shared_one(coze, "bots"), user(coze)
    with pytest.raises(PermissionDenied):
        coze.run(other.bots.update(**shared.given, name="theirs"))
    shared.set_mode("collaboration")
    shared.add("7")
    coze.run(other.bots.update(**shared.given, name="theirs"))
    assert coze.run(coze.client.bots.retrieve(**shared.given, is_published=False)).name == "theirs"


@pytest.mark.parametrize("noun", NOUNS)
def test_an_account_makes_five_such_calls_a_second(driver: Driver, noun: str) -> None:
    now = [1_700_000_000.0]
    with Emulator(clock=lambda: now[0]) as emulator:
        coze = ConnectedClient(driver, emulator)
        shared = shared_one(coze, noun).as_seen_by(driver.client(emulator.token, base_url=emulator.url, retry=None))
        user(coze)
        shared.set_mode("collaboration")
        for _ in range(5):
            shared.add("7")
        with pytest.raises(RateLimited):
            shared.add("7")
        shared.remove("7")  # another call has a limit of its own
        now[0] += 1
        shared.add("7")


@pytest.mark.parametrize("noun", NOUNS)
def test_collaborators_need_an_enterprise_plan(driver: Driver, noun: str) -> None:
    with Emulator(plan="free") as emulator:
        shared = shared_one(ConnectedClient(driver, emulator), noun)
        with pytest.raises(PermissionDenied, match="enterprise plan"):
            shared.add("7")


def test_one_user_is_added_a_call(api: ApiClient, emulator: Emulator) -> None:
    emulator.issue_token(account="7")
    wrong: list[list[dict[str, str]]] = [[], [{}], [{"user_id": "7"}] * 2]
    for noun, id_ in ids(emulator).items():
        api.post(f"/v1/{noun}/{id_}/collaboration_mode", json={"collaboration_mode": "collaboration"})
        for given in wrong:
            assert code(api.post(f"/v1/{noun}/{id_}/collaborators", json={"collaborators": given})) == 4000

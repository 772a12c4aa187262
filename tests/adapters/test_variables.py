"""What a bot remembers of its user: read and written by the models of both frameworks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
from langchain_core.exceptions import ModelInvalidRequestError

from coze_client import ConfigurationError, CozeClient, CozeError, InvalidRequest
from coze_client.emulator import Emulator
from coze_client.emulator.workflows import WORKSPACE
from langchain_coze import ChatCoze
from llama_index_coze import CozeLLM


class Way(NamedTuple):
    """A model of a framework, called blocking or on asyncio."""

    kind: Any
    prefix: str

    def read(self, model: Any, *names: str, **options: Any) -> Any:
        """Read variables."""
        return self._run(getattr(model, f"{self.prefix}read_variables")(*names, **options))

    def write(self, model: Any, values: Mapping[str, str], **options: Any) -> None:
        """Write variables."""
        self._run(getattr(model, f"{self.prefix}write_variables")(values, **options))

    def _run(self, result: Any) -> Any:
        return asyncio.run(result) if self.prefix else result


WAYS = [Way(kind, prefix) for kind in (ChatCoze, CozeLLM) for prefix in ("", "a")]


@pytest.fixture(params=WAYS, ids=lambda way: f"{way.kind.__name__}-{way.prefix or 'blocking'}")
def way(request: pytest.FixtureRequest, emulator: Emulator) -> Way:
    """Each framework, blocking and on asyncio; the bot `echo` has two variables."""
    emulator.add_variables(emulator.bots["echo"], {"city": "Bonn", "tone": "kind"})
    found: Way = request.param
    return found


def model_of(emulator: Emulator, way: Way, **settings: Any) -> Any:
    bot = {} if "bot_name" in settings else {"bot_id": emulator.bots["echo"]}
    return way.kind(token=emulator.token, base_url=emulator.url, **bot, **settings)


def test_what_is_written_is_read_and_belongs_to_one_user(emulator: Emulator, way: Way) -> None:
    ada, bob = (model_of(emulator, way, user_id=name) for name in ("ada", "bob"))
    way.write(ada, {"city": "Rome"})
    assert way.read(ada) == {"city": "Rome", "tone": "kind"}
    assert way.read(bob, "city", "unknown") == {"city": "Bonn"}
    assert way.read(bob, "city", user_id="ada") == {"city": "Rome"}
    way.write(bob, {"tone": "short"}, user_id="ada")
    client = CozeClient(emulator.token, base_url=emulator.url)
    found = client.variables.retrieve(connector_uid="ada", bot_id=emulator.bots["echo"])
    assert {each.keyword: each.value for each in found} == {"city": "Rome", "tone": "short"}


def test_a_random_user_has_no_variables(emulator: Emulator, way: Way) -> None:
    model = model_of(emulator, way)
    with pytest.raises(ConfigurationError, match="user_id"):
        way.read(model)
    with pytest.raises(ConfigurationError, match="user_id"):
        way.write(model, {"city": "Rome"})
    assert emulator.calls == []
    assert way.read(model, "city", user_id="ada") == {"city": "Bonn"}


def test_a_bot_is_found_by_its_name(emulator: Emulator, way: Way) -> None:
    named = model_of(emulator, way, user_id="ada", bot_name="echo", workspace_id=WORKSPACE)
    way.write(named, {"city": "Rome"})
    assert way.read(named, "city") == way.read(model_of(emulator, way, user_id="ada"), "city") == {"city": "Rome"}


def test_an_app_has_variables_too(emulator: Emulator, way: Way) -> None:
    emulator.add_variables("7", {"plan": "free"})
    flow = way.kind(token=emulator.token, base_url=emulator.url, user_id="ada", app_id="7", workflow_id="1")
    way.write(flow, {"plan": "paid"})
    assert way.read(flow) == {"plan": "paid"}


def test_variables_belong_to_a_channel(emulator: Emulator, way: Way) -> None:
    elsewhere = model_of(emulator, way, user_id="ada", connector_id="999")  # where the bot is not published
    with pytest.raises(CozeError, match="4015"):
        way.read(elsewhere)
    with pytest.raises(CozeError, match="4015"):
        way.write(elsewhere, {"city": "Rome"})


def test_an_unknown_variable_is_refused_with_an_error_of_the_framework(emulator: Emulator, way: Way) -> None:
    model = model_of(emulator, way, user_id="ada")
    kind = ModelInvalidRequestError if way.kind is ChatCoze else InvalidRequest
    with pytest.raises(kind, match="colour"):
        way.write(model, {"colour": "red"})

"""Methods with long lists of parameters have exactly the parameters of the value that they build."""

from __future__ import annotations

import inspect
from dataclasses import MISSING, fields
from typing import Any

import pytest

from coze_client.api.bots.requests import BotContent
from coze_client.api.bots.resource import Bots
from coze_client.api.chats.requests import NewChat
from coze_client.api.chats.resource import Chats
from coze_client.api.legacy_chats.requests import NewLegacyChat
from coze_client.api.legacy_chats.resource import LegacyChats
from coze_client.api.workflows.requests import NewChatflow, NewRun, Resumption
from coze_client.api.workflows.resource import Workflows

REQUIRED = inspect.Parameter.empty

METHODS: list[tuple[Any, type[Any], set[str], set[str]]] = [  # method, value, parameters it has beside, fields it lacks
    (Chats.create, NewChat, set(), set()),
    (Chats.stream, NewChat, {"cancel_on_close"}, set()),
    (Chats.create_and_poll, NewChat, {"deadline"}, {"auto_save_history"}),
    (LegacyChats.create, NewLegacyChat, set(), set()),
    (LegacyChats.stream, NewLegacyChat, set(), set()),
    (Workflows.run, NewRun, set(), set()),
    (Workflows.run_async, NewRun, set(), set()),
    (Workflows.stream, NewRun, set(), set()),
    (Workflows.execute, NewRun, {"mode", "deadline", "on_event"}, set()),
    (Workflows.chat, NewChatflow, set(), set()),
    (Workflows.resume, Resumption, set(), set()),
    (Workflows.stream_resume, Resumption, set(), set()),
    (Bots.create, BotContent, {"workspace_id"}, {"knowledge"}),
    (Bots.update, BotContent, {"bot_id"}, set()),
]


def described(method: Any) -> Any:
    """The undecorated function."""
    return getattr(method, "_steps", None) or method.func


def parameters(method: Any) -> dict[str, tuple[object, object]]:
    """The annotation and default of each parameter."""
    own = list(inspect.signature(described(method)).parameters.values())[1:]
    assert all(each.kind is inspect.Parameter.KEYWORD_ONLY for each in own)
    return {each.name: (each.annotation, each.default) for each in own}


def members(value: type[Any]) -> dict[str, tuple[object, object]]:
    """The annotation and default of each field."""
    return {
        field.name: (field.type, REQUIRED if field.default is MISSING else field.default) for field in fields(value)
    }


@pytest.mark.parametrize(
    ("method", "value", "beside", "lacking"), METHODS, ids=lambda given: getattr(given, "__name__", "")
)
def test_a_method_takes_what_its_value_takes(
    method: Any, value: type[Any], beside: set[str], lacking: set[str]
) -> None:
    taken, kept = parameters(method), members(value)
    assert taken.keys() - beside == kept.keys() - lacking
    assert beside <= taken.keys()
    assert lacking <= kept.keys()
    for name in taken.keys() & kept.keys():
        required = value is BotContent and name == "name" and taken[name][1] is REQUIRED
        assert required or taken[name] == kept[name], name


def test_every_value_is_frozen() -> None:
    for value in {value for _, value, _, _ in METHODS}:
        assert value.__dataclass_params__.frozen

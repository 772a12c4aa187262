"""Models: any JSON of a server becomes a value or a ProtocolError."""

from __future__ import annotations

import json
import pickle
from contextlib import suppress
from importlib import import_module
from pkgutil import walk_packages

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AliasChoices, BaseModel

from coze_client import api
from coze_client.api.bots.values import BotOnboardingInfo, BotVersion
from coze_client.api.chats.values import Chat, Usage
from coze_client.api.conversations.values import Conversation, Message
from coze_client.api.files.values import File
from coze_client.api.plugins import PluginTool
from coze_client.core.model import Model, convert, convert_json, excerpt, parse_json
from coze_client.errors import ProtocolError

MODELS: list[type[Model]] = [Chat, Message, Conversation, File, Usage]


@pytest.mark.parametrize("kind", MODELS)
def test_null_is_the_same_as_absent(kind: type[Model]) -> None:
    nulls = dict.fromkeys(kind.model_fields)
    value = convert(kind, nulls)
    assert {name: getattr(value, name) for name in kind.model_fields} == {
        name: getattr(kind(), name) for name in kind.model_fields
    }


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("wrong", [{}, [], True, "text", 1.5, {"a": {"b": 1}}, [[{"a": None}]]])
def test_a_value_of_the_wrong_type_costs_only_its_own_field(kind: type[Model], wrong: object) -> None:
    for name in kind.model_fields:
        convert(kind, {name: wrong})
    value = convert(kind, {**dict.fromkeys(kind.model_fields, wrong), "unheard_of": "kept"})
    assert value.model_extra == {"unheard_of": "kept"}


@pytest.mark.parametrize("kind", [BotOnboardingInfo, BotVersion, PluginTool])
def test_a_field_of_several_names_may_be_wrong_under_each(kind: type[Model]) -> None:
    choices = [each for field in kind.model_fields.values() if isinstance(each := field.validation_alias, AliasChoices)]
    names = [str(name) for each in choices for name in each.choices]
    assert len(names) > 1
    assert not [value for value in convert(kind, dict.fromkeys(names)).model_dump().values() if value]


def test_a_wrong_value_deep_inside_costs_only_itself() -> None:
    chat = convert(
        Chat,
        {
            "id": "7",
            "status": "requires_action",
            "usage": {"token_count": 9, "output_count": "many", "input_tokens_details": {"cached_tokens": []}},
            "last_error": {"code": {"odd": 1}, "msg": "no"},
            "required_action": {
                "submit_tool_outputs": {"tool_calls": [None, {"id": "a"}, "b", {"id": "c", "function": 3}]}
            },
        },
    )
    assert chat.usage is not None
    assert (chat.usage.token_count, chat.usage.output_count) == (9, None)
    assert chat.last_error is not None
    assert (chat.last_error.code, chat.last_error.msg) == (None, "no")
    assert [call.id for call in chat.tool_calls] == ["a", "c"]


def test_fields_and_enum_values_that_nobody_knows_are_kept() -> None:
    message = convert(Message, {"type": "hologram", "content_type": "smell", "beam": {"w": 3}})
    assert (message.type, message.content_type) == ("hologram", "smell")
    assert message.model_extra == {"beam": {"w": 3}}


@pytest.mark.parametrize("number", [7350000000000000001, 2**63 - 1, 10**30, 0])
def test_an_id_sent_as_a_number_is_its_exact_digits(number: int) -> None:
    assert convert_json(Chat, json.dumps({"id": number}).encode()).id == str(number)
    assert convert(Chat, {"id": number}).id == str(number)


def test_an_id_sent_as_a_real_number_is_no_power_of_ten() -> None:
    assert convert_json(Chat, b'{"id": 7.35e18}').id == "7350000000000000000"


@pytest.mark.parametrize("time", [1716809829, "1716809829", 1716809829.0])
def test_a_time_may_come_as_a_number_or_as_digits(time: object) -> None:
    assert convert(Message, {"updated_at": time}).updated_at == 1716809829


@pytest.mark.parametrize(
    "sent",
    [
        {"token_count": 9, "output_count": 4, "input_count": 5},
        {"token_count": 9, "output_tokens": 4, "input_tokens": 5},
        {"token_count": 9, "output_count": None, "output_tokens": 4, "input_count": None, "input_tokens": 5},
        {"token_count": "9", "output_count": "4", "input_count": "5"},
    ],
)
def test_usage_is_read_in_both_spellings(sent: dict[str, object]) -> None:
    usage = convert(Usage, sent)
    assert (usage.token_count, usage.output_count, usage.input_count, usage.known) == (9, 4, 5, True)


@pytest.mark.parametrize("sent", [{}, {"token_count": 0, "output_count": 0, "input_count": 0}, {"token_count": None}])
def test_blank_usage_is_not_known(sent: dict[str, object]) -> None:
    assert not convert(Usage, sent).known


def test_values_are_frozen_and_survive_a_pickle() -> None:
    message = convert(Message, {"id": "7", "beam": 3})
    with pytest.raises(ValueError, match="frozen"):
        message.id = "8"
    assert pickle.loads(pickle.dumps(message)) == message


def test_json_that_ends_too_early_is_a_protocol_error_that_shows_it_in_short() -> None:
    with pytest.raises(ProtocolError, match="malformed JSON") as caught:
        parse_json(b'{"a": "' + b"x" * 10_000)
    assert len(str(caught.value)) < 400


def test_nesting_without_end_is_a_protocol_error() -> None:
    with pytest.raises(ProtocolError):
        convert_json(Chat, b'{"id":' * 100_000)


def test_bytes_that_are_no_utf8_are_replaced_and_not_fatal() -> None:
    assert convert_json(Message, b'{"content": "caf\xe9"}').content == "caf\ufffd"


def test_an_excerpt_is_one_short_line() -> None:
    assert excerpt("a\n  b\r\n c") == "'a b c'"
    assert len(excerpt(b"\xff" * 10_000)) < 250


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@given(
    st.sampled_from(MODELS).flatmap(
        lambda kind: st.tuples(st.just(kind), st.dictionaries(st.sampled_from(sorted(kind.model_fields)), json_values))
    )
)
def test_any_json_object_becomes_a_value(kind_and_value: tuple[type[Model], dict[str, object]]) -> None:
    kind, value = kind_and_value
    assert isinstance(convert(kind, value), kind)
    assert isinstance(convert_json(kind, json.dumps(value).encode()), kind)


@given(st.sampled_from(MODELS), json_values)
def test_any_json_at_all_becomes_a_value_or_a_protocol_error(kind: type[Model], value: object) -> None:
    try:
        assert isinstance(convert(kind, value), kind)
    except ProtocolError:
        assert not isinstance(value, dict)


@given(st.lists(json_values, max_size=5))
def test_any_json_list_becomes_a_list_of_what_fits(values: list[object]) -> None:
    fitting = [value for value in values if isinstance(value, dict)]
    assert convert(tuple[Message, ...], values) == tuple(convert(Message, value) for value in fitting)


@given(st.binary())
def test_any_bytes_become_a_value_or_a_protocol_error(data: bytes) -> None:
    with suppress(ProtocolError):
        assert isinstance(convert_json(Chat, data), Chat)


_NOT_EMPTY = {("DeviceLogin", "expires_in"), ("DeviceLogin", "interval"), ("WorkflowResult", "content_type")}


def is_empty(value: object) -> bool:
    return all(is_empty(each) for _, each in value) if isinstance(value, BaseModel) else not value


def test_what_coze_leaves_out_is_empty_in_every_model() -> None:
    for module in walk_packages(api.__path__, "coze_client.api."):
        import_module(module.name)
    unsearched, fields = [Model], list[tuple[str, str, object]]()
    while unsearched:
        unsearched += (kind := unsearched.pop()).__subclasses__()
        if kind.__module__.startswith("coze_client."):
            fields += [
                (kind.__name__, name, field.get_default(call_default_factory=True, validated_data={}))
                for name, field in kind.model_fields.items()
                if not field.is_required()
            ]
    assert len(fields) > 600
    assert {(model, name) for model, name, default in fields if not is_empty(default)} == _NOT_EMPTY

"""Signatures of workflows: schemas of every type, validation before anything is sent, and files."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from coze_client import ConfigurationError, InvalidArguments, WorkflowSignature
from coze_client.api.files.attachments import Attachment
from coze_client.api.files.parameter_files import FileArgument
from coze_client.api.files.values import File
from coze_client.api.workflows.file_arguments import FileSources
from coze_client.api.workflows.values import WorkflowInfo, WorkflowParameter
from coze_client.bridge.tools.tool_names import tool_name, tool_names
from coze_client.core.json_schema import schema_errors


def signature(**parameters: Mapping[str, Any]) -> WorkflowSignature:
    """A signature of Coze's parameter tree, as the API sends it."""
    return WorkflowSignature.of_parameters(
        {name: WorkflowParameter(**parameter) for name, parameter in parameters.items()}
    )


class Seat(BaseModel):
    row: int
    inside: bool = True


def reserve(
    city: Annotated[str, Field(description="Where")],
    seat: Seat,
    at: datetime | None = None,
    menu: Path | None = None,
    kind: Literal["dinner", "lunch"] = "dinner",
) -> None:
    """Reserve a seat."""


@pytest.mark.parametrize(
    ("parameter", "schema"),
    [
        ({"type": "string"}, {"type": "string"}),
        ({"type": "integer", "default_value": "2"}, {"type": "integer", "default": 2}),
        ({"type": "number", "default_value": "0.5"}, {"type": "number", "default": 0.5}),
        ({"type": "float"}, {"type": "number"}),
        ({"type": "boolean", "default_value": "True"}, {"type": "boolean", "default": True}),
        ({"type": "integer", "default_value": "two"}, {"type": "integer", "description": "Default: two"}),
        ({"type": "array", "items": {"type": "integer"}}, {"type": "array", "items": {"type": "integer"}}),
        ({"type": "list"}, {"type": "array", "items": {}}),
        ({"type": "object"}, {"type": "object"}),
        (
            {"type": "object", "properties": {"a": {"type": "string", "required": True}}},
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        ),
    ],
)
def test_each_type_of_coze_becomes_json_schema(parameter: dict[str, Any], schema: dict[str, Any]) -> None:
    assert signature(value=parameter).schema["properties"] == {"value": schema}


def test_descriptions_and_required_inputs_are_in_the_schema() -> None:
    made = signature(city={"type": "string", "required": True, "description": "Where"}, days={"type": "integer"})
    assert made.schema == {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "Where"}, "days": {"type": "integer"}},
        "required": ["city"],
    }


def test_a_workflow_without_inputs_is_an_object_without_members() -> None:
    assert signature().schema == {"type": "object", "properties": {}}
    assert signature().check({}) == {}


def test_what_a_dialogue_fills_in_is_not_asked_for() -> None:
    made = signature(USER_INPUT={"type": "string"}, CONVERSATION_NAME={"type": "string"}, city={"type": "string"})
    assert list(made.schema["properties"]) == ["city"]


@pytest.mark.parametrize(
    "kind", ["file", "image", "svg", "audio", "video", "voice", "doc", "ppt", "excel", "txt", "code", "zip", "default"]
)
def test_every_kind_of_file_is_a_string_that_says_what_it_takes(kind: str) -> None:
    schema = signature(upload={"type": kind, "description": "The menu."}).schema["properties"]["upload"]
    assert schema["type"] == "string"
    assert schema["description"].startswith("The menu. A public http(s) URL")
    assert "format" not in schema


def test_an_unknown_type_is_a_string_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "coze_client"):
        made = [signature(value={"type": "hologram"}) for _ in range(3)]
    assert made[0].schema["properties"] == {"value": {"type": "string"}}
    assert [record.message for record in caplog.records] == [
        "a workflow's parameter has the unknown type 'hologram': it is sent as a string"
    ]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "city is missing"),
        ({"city": 7}, "city is not of type string"),
        ({"city": "Rome", "days": "two"}, "days is not of type integer"),
        ({"city": "Rome", "stay": {}}, "stay.hotel is missing"),
        ({"city": "Rome", "tags": ["a", 1]}, "tags[1] is not of type string"),
        ({"city": "Rome", "colour": "red"}, "colour: unknown; the arguments are city, days, stay, tags"),
    ],
)
def test_arguments_that_do_not_fit_are_named(given: dict[str, object], named: str) -> None:
    made = signature(
        city={"type": "string", "required": True},
        days={"type": "integer"},
        stay={"type": "object", "properties": {"hotel": {"type": "string", "required": True}}},
        tags={"type": "array", "items": {"type": "string"}},
    )
    with pytest.raises(InvalidArguments) as caught:
        made.check(given)
    assert named in caught.value.message


def test_falsy_values_are_values_and_null_is_none() -> None:
    made = signature(
        count={"type": "integer"}, price={"type": "number"}, name={"type": "string"}, sure={"type": "boolean"}
    )
    given = {"count": 0, "price": 0.0, "name": "", "sure": False}
    assert made.check(given) == given
    assert made.check(dict.fromkeys(given)) == {}


@pytest.mark.parametrize("path", ["a" * 5000, "loop", "loop/a.txt", "a\0b", "\udc00"])
def test_a_path_that_no_file_can_have_is_an_argument_that_does_not_fit(tmp_path: Path, path: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(InvalidArguments, match="photo names no file"):
        signature(photo={"type": "image"}).check({"photo": path}, FileSources(roots=[tmp_path]))


def test_names_that_frameworks_keep_are_changed_and_mapped_back() -> None:
    text = {"type": "string", "required": True}
    made = signature(**dict.fromkeys(("config", "run_manager", "self", "self_"), text))
    assert list(made.schema["properties"]) == ["config_", "run_manager_", "self__", "self_"]
    assert made.schema["required"] == ["config_", "run_manager_", "self__", "self_"]
    given = {"config_": "a", "run_manager_": "b", "self__": "c", "self_": "d"}
    assert made.check(given) == {"config": "a", "run_manager": "b", "self": "c", "self_": "d"}


def test_the_pydantic_model_has_the_same_schema() -> None:
    made = signature(
        city={"type": "string", "required": True},
        copy={"type": "array", "items": {"type": "object", "properties": {"_at": {"type": "number"}}}},
    )
    assert made.model.model_json_schema() == made.schema
    read = made.model.model_validate({"city": "Rome", "copy": [{"_at": 1}]})
    assert read.model_dump(by_alias=True) == {"city": "Rome", "copy": [{"_at": 1.0}]}
    with pytest.raises(ValueError, match="city"):
        made.model.model_validate({})


def test_members_whose_names_would_be_one_field_keep_their_own() -> None:
    names = ["_x", "__x", "x_field", "", "_", "field_field", "schema", "schema_field", "model_config", "a b", "class"]
    made = WorkflowSignature.of({"properties": {name: {"type": "string"} for name in names}})
    given = {name: f"of {name}" for name in names}
    assert made.model.model_validate(given).model_dump(by_alias=True) == given


def test_the_pydantic_model_s_fields_tell_what_they_are() -> None:
    inside = {"at": {"type": "time", "description": "When."}, "_by": {"type": "string", "description": "Who."}}
    made = signature(visit={"type": "object", "required": True, "description": "A visit.", "properties": inside})
    visit = made.model.model_fields["visit"]
    assert visit.description == "A visit."
    assert visit.annotation is not None
    descriptions = {field.alias or name: field.description for name, field in visit.annotation.model_fields.items()}
    assert descriptions == {"at": "When. A time, like 2026-01-31T12:00:00Z.", "_by": "Who."}


def test_a_python_function_is_a_signature() -> None:
    made = WorkflowSignature.of(reserve)
    assert made.schema["description"] == "Reserve a seat."
    assert made.schema["required"] == ["city", "seat"]
    assert made.model.model_json_schema() == made.schema
    at = datetime(2026, 1, 31, tzinfo=timezone.utc)
    assert made.check({"city": "Rome", "seat": Seat(row=1), "at": at}) == {
        "city": "Rome",
        "seat": {"row": 1, "inside": True},
        "at": "2026-01-31T00:00:00Z",
        "kind": "dinner",
    }


def test_a_model_or_function_names_what_does_not_fit() -> None:
    with pytest.raises(InvalidArguments, match=r"seat\.row: .*; kind: "):
        WorkflowSignature.of(reserve).check({"city": "Rome", "seat": {"row": "x"}, "kind": "brunch"})
    with pytest.raises(InvalidArguments, match="colour: unknown"):
        WorkflowSignature.of(reserve).check({"city": "Rome", "seat": {"row": 1}, "colour": "red"})


def test_a_json_schema_is_a_signature() -> None:
    schema = {
        "properties": {"photo": {"type": "string", "format": "binary"}, "size": {"enum": ["s", "m"]}},
        "required": ["size"],
    }
    made = WorkflowSignature.of(schema)
    assert made.check({"size": "s", "photo": b"png"}) == {"size": "s", "photo": FileArgument(b"png", "photo")}
    with pytest.raises(InvalidArguments, match="size is none of 's', 'm'"):
        made.check({"size": "xl"})


def test_a_schema_that_refers_to_itself_becomes_a_model() -> None:
    node = {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}}}
    made = WorkflowSignature.of({"properties": {"first": {"$ref": "#/$defs/Node"}}, "$defs": {"Node": node}})
    nested = {"first": {"next": {"next": None}}}
    assert made.check(nested) == nested
    assert made.model.model_validate(nested).model_dump() == nested


@pytest.mark.parametrize("given", [{"type": "array"}, 7, "schema"])
def test_what_is_no_signature_is_refused(given: Any) -> None:
    with pytest.raises(ConfigurationError):
        WorkflowSignature.of(given)


def test_a_function_with_star_arguments_is_refused() -> None:
    def anything(**inputs: str) -> None: ...

    with pytest.raises(ConfigurationError, match="inputs"):
        WorkflowSignature.of(anything)


def test_a_server_that_tells_no_schema_asks_for_a_signature() -> None:
    with pytest.raises(ConfigurationError, match="Give a signature"):
        WorkflowSignature.of_info(WorkflowInfo.model_validate({"role": {}}))


PHOTO = signature(photo={"type": "image"})


def found(value: object, **sources: Any) -> FileArgument:
    taken = PHOTO.check({"photo": value}, FileSources(**sources))["photo"]
    assert isinstance(taken, FileArgument)
    return taken


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("https://example.com/a.png", "https://example.com/a.png"),
        ("7350000000000000001", '{"file_id": "7350000000000000001"}'),
        ('{"file_id":"1"}', '{"file_id": "1"}'),
        ({"file_id": "1"}, '{"file_id": "1"}'),
        ("file_ab-12", '{"file_id": "file_ab-12"}'),
        ("tos-cn-i/ab12", '{"file_id": "tos-cn-i/ab12"}'),
        (File(id="a/b.png"), '{"file_id": "a/b.png"}'),
        (Attachment.from_file_id("image", "file-7f3a"), '{"file_id": "file-7f3a"}'),
    ],
)
def test_urls_and_ids_are_sent_as_coze_takes_them(given: object, sent: str) -> None:
    assert found(given).source == sent


@pytest.mark.parametrize(
    "given",
    ["/etc/passwd", "file:///etc/passwd", "FILE:/etc/passwd", "../../etc/passwd", "~/.ssh/id_rsa", "a\0b", "", 7],
)
def test_text_is_no_path_unless_below_the_roots(given: object, tmp_path: Path) -> None:
    for roots in ([], [tmp_path]):
        with pytest.raises(InvalidArguments, match="photo"):
            found(given, roots=roots)


def test_a_user_s_model_with_a_path_reads_no_path_of_a_language_model() -> None:
    with pytest.raises(InvalidArguments, match="menu names no file"):
        WorkflowSignature.of(reserve).check({"city": "Rome", "seat": {"row": 1}, "menu": "/etc/passwd"})


def test_a_path_below_the_roots_may_be_read_but_no_link_out_of_them(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.png").write_bytes(b"png")
    (tmp_path / "secret").write_text("secret")
    (root / "link").symlink_to(tmp_path / "secret")
    assert found("a.png", roots=[root]).source == root / "a.png"
    assert found(str(root / "a.png"), roots=[str(root)]).source == root / "a.png"
    with pytest.raises(InvalidArguments):
        found("link", roots=[root])


def test_python_gives_bytes_and_paths_of_its_own(tmp_path: Path) -> None:
    assert found(b"png") == FileArgument(b"png", "photo")
    assert found(tmp_path / "a.png").source == tmp_path / "a.png"


def test_what_is_attached_to_messages_is_named_by_number_or_name() -> None:
    attached = [
        Attachment.from_bytes("image", b"one", name="one.png"),
        Attachment.from_url("image", "https://example.com/2.png"),
    ]
    assert found("attachment:1", attachments=attached) == FileArgument(b"one", "one.png")
    assert found("one.png", attachments=attached) == FileArgument(b"one", "one.png")
    assert found("attachment:2", attachments=attached).source == "https://example.com/2.png"
    with pytest.raises(InvalidArguments, match="attachment:3"):
        found("attachment:3", attachments=attached)


def test_names_of_tools_are_ascii_and_do_not_depend_on_order() -> None:
    titles = {"11": "Book a table", "22": "预订", "33": "Café: Menü", "44": "Book a table!", "55": "2nd try"}
    names = tool_names(titles)
    assert names == {
        "11": "book_a_table_11",
        "22": "workflow_22",
        "33": "cafe_menu",
        "44": "book_a_table_44",
        "55": "workflow_2nd_try",
    }
    assert tool_names(dict(reversed(titles.items()))) == names


def test_a_title_like_another_s_name_with_its_id_takes_its_own_id() -> None:
    titles = {"1": "Book", "2": "book", "3": "Book 1"}
    assert tool_names(titles) == {"1": "book_1", "2": "book_2", "3": "book_1_3"}
    assert tool_names(dict(reversed(titles.items()))) == tool_names(titles)


def test_names_of_tools_fit_the_limit_of_language_models() -> None:
    names = tool_names(dict.fromkeys(["7350000000000000001", "7350000000000000002"], "long " * 40), prefix="coze_")
    assert len(set(names.values())) == 2
    assert all(len(name) <= 64 and name.startswith("coze_long_") for name in names.values())
    assert tool_name("", "7", kind="plugin") == "plugin_7"


def test_a_default_fits_its_own_schema() -> None:
    tree = {"a": {"type": "array", "items": {"type": "integer"}, "default_value": "[1, 2]"}}
    schema = signature(**tree).schema["properties"]["a"]
    assert schema["default"] == [1, 2]
    assert not schema_errors(schema["default"], schema)


def test_a_signature_can_be_stored_as_json() -> None:
    made = signature(city={"type": "string", "required": True})
    assert WorkflowSignature.of(json.loads(json.dumps(made.schema))) == made

"""Annotations as Coze's parameters, and the validation of their values in a run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field
from typing_extensions import NotRequired, TypedDict

from coze_client.emulator import Emulator
from coze_client.emulator.workflows import Audio, File, Image, Steps
from tests.support.api_calls import ApiClient, Json, data
from tests.support.workflow_calls import output, run, stream


class Address(TypedDict):
    street: str
    number: NotRequired[int]


@dataclass
class Guest:
    name: str
    age: int = 0


class Wish(BaseModel):
    """What a guest would like."""

    text: Annotated[str, Field(description="in their words")]


def everything(
    city: Annotated[str, "where to eat"],
    guests: int,
    budget: float,
    smoking: bool,
    when: datetime,
    address: Address,
    party: list[Guest],
    wish: Wish,
    photo: Image,
    files: list[File],
    kind: Literal["lunch", "dinner"] = "dinner",
    seats: int = 4,
    song: Audio | None = None,
) -> Address:
    """Books all there is.

    Args:
        guests: how many come
        city: is described by its annotation
    """
    return address


def schema(api: ApiClient, workflow_id: str) -> Json:
    return dict(data(api.get(f"/v1/workflows/{workflow_id}", params={"include_input_output": "true"})))


def test_annotations_become_the_parameter_tree(api: ApiClient, emulator: Emulator) -> None:
    details = schema(api, emulator.workflow()(everything).id)
    string, integer = {"type": "string", "required": True}, {"type": "integer", "required": True}
    assert details["input"]["parameters"] == {
        "city": {**string, "description": "where to eat"},
        "guests": {**integer, "description": "how many come"},
        "budget": {"type": "number", "required": True},
        "smoking": {"type": "boolean", "required": True},
        "when": {"type": "time", "required": True},
        "address": {
            "type": "object",
            "required": True,
            "properties": {"street": string, "number": {"type": "integer", "required": False}},
        },
        "party": {
            "type": "array",
            "required": True,
            "items": {"type": "object", "properties": {"name": string, "age": {"type": "integer", "required": False}}},
        },
        "wish": {
            "type": "object",
            "required": True,
            "description": "What a guest would like.",
            "properties": {"text": {**string, "description": "in their words"}},
        },
        "photo": {"type": "image", "required": True},
        "files": {"type": "array", "required": True, "items": {"type": "file"}},
        "kind": {"type": "string", "required": False, "default_value": "dinner"},
        "seats": {"type": "integer", "required": False, "default_value": "4"},
        "song": {"type": "audio", "required": False},
    }
    assert details["output"] == {
        "parameters": {"street": string, "number": {"type": "integer", "required": False}},
        "terminate_plan": "return_variables",
    }
    assert details["workflow_detail"]["description"] == "Books all there is."


def test_an_end_node_that_answers_has_a_template(api: ApiClient, emulator: Emulator) -> None:
    @emulator.workflow()
    def says() -> Steps[str]:
        yield "hm"
        return "hello"

    details = schema(api, says.id)["output"]
    assert (details["terminate_plan"], details["content"]) == ("use_answer_content", "{{output}}")


def test_a_result_that_is_no_object_is_called_output(api: ApiClient, emulator: Emulator) -> None:
    @emulator.workflow()
    def numbers() -> list[int]:
        return [1, 2]

    details = schema(api, numbers.id)["output"]["parameters"]
    assert details == {"output": {"type": "array", "items": {"type": "integer"}}}
    assert json.loads(run(api, numbers.id)["data"]) == {"output": [1, 2]}


def test_without_the_flag_there_is_no_schema(api: ApiClient, emulator: Emulator) -> None:
    details = data(api.get(f"/v1/workflows/{emulator.workflows['book_table']}"))
    assert list(details) == ["workflow_detail"]


def test_an_annotation_that_cannot_be_json_is_a_type_error(emulator: Emulator) -> None:
    def odd(where: type[Emulator] | object | complex, sock: Emulator) -> None: ...

    with pytest.raises(TypeError, match="Emulator"):
        emulator.workflow()(odd)


def test_what_cannot_be_given_by_name_is_a_type_error(emulator: Emulator) -> None:
    def variadic(*cities: str) -> None: ...

    with pytest.raises(TypeError, match="cities"):
        emulator.workflow()(variadic)


def test_values_arrive_as_the_annotations_say(api: ApiClient, emulator: Emulator) -> None:
    seen: list[object] = []

    @emulator.workflow()
    def sees(when: datetime, guest: Guest, photo: Image, files: list[File], note: str | None = None) -> None:
        seen.extend([when, guest, photo, files, note])

    file_id = api.upload("cat.png")["id"]
    file = json.dumps({"file_id": file_id})
    values: Json = {
        "when": "2026-05-01T18:00:00",
        "guest": {"name": "Ada"},
        "photo": file,
        "files": [file, "https://example.com/a.pdf"],
        "note": None,
    }
    assert output(stream(api, sees.id, values)) == {}
    assert seen == [datetime(2026, 5, 1, 18), Guest("Ada"), "cat.png", ["cat.png", "https://example.com/a.pdf"], None]  # noqa: DTZ001 - as it was sent


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({}, "city is required"),
        ({"city": None}, "city is required"),
        ({"city": 3}, "city"),
        ({"city": "Bern", "guests": "2"}, "guests"),
        ({"city": "Bern", "guests": 2.5}, "guests"),
        ({"city": "Bern", "guest": {"name": "Ada", "age": "old"}}, "guest.age"),
        ({"city": "Bern", "photos": ["https://example.com/a.png", {"file_id": "1"}]}, "photos.1"),
        ({"city": "Bern", "photos": ['{"file_id": "1"}']}, "there is no file 1"),
        ({"city": "Bern", "photos": ["/etc/passwd"]}, "a file must be a URL"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_its_name(
    api: ApiClient, emulator: Emulator, values: Json, named: str
) -> None:
    @emulator.workflow()
    def takes(city: str, guests: int = 2, guest: Guest | None = None, photos: list[Image] | None = None) -> None: ...

    refused = run(api, takes.id, values)
    assert refused["code"] == 4000
    assert named in refused["msg"]
    assert emulator.runs_started == 0


def test_another_accounts_file_is_unknown(api: ApiClient, emulator: Emulator) -> None:
    @emulator.workflow()
    def takes(photo: Image) -> str:
        return photo

    file = json.dumps({"file_id": api.upload()["id"]})
    assert run(api, takes.id, {"photo": file})["code"] == 0
    with ApiClient(emulator, emulator.issue_token(account="2478774393250009999")) as stranger:
        assert run(stranger, takes.id, {"photo": file})["code"] == 4000

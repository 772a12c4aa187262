"""Which answers to a workflow's question are refused before they are sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client.api.workflows.values import Interrupt, WorkflowParameter
from coze_client.bridge.tools.human_answer import answer_problem, form_fields

FIELDS = {
    "guests": WorkflowParameter(type="integer", required=True),
    "name": WorkflowParameter(type="string", required=True),
    "vegan": WorkflowParameter(type="boolean"),
    "size": WorkflowParameter(type="string", required=True, default_value="small"),
    "tags": WorkflowParameter(type="array", items=WorkflowParameter(type="string")),
}
FORM = Interrupt(event_id="e", type=5, required_parameters=FIELDS)
QUESTION = Interrupt(event_id="e", type=2)
GOOD: dict[str, Any] = {"guests": 2, "name": "Ann"}


@pytest.mark.parametrize("interrupt", [FORM, QUESTION], ids=["form", "question"])
@pytest.mark.parametrize("answer", [None, "", "  \n"])
def test_an_empty_answer_is_refused(interrupt: Interrupt, answer: object) -> None:
    assert answer_problem(interrupt, answer) == "The answer is empty"


@given(st.one_of(st.text(min_size=1).filter(str.strip), st.integers(), st.dictionaries(st.text(), st.integers())))
def test_a_question_takes_any_other_answer(answer: object) -> None:
    assert answer_problem(QUESTION, answer) == ""


@pytest.mark.parametrize("kind", [1, 3, 4, 6, 7, 99])
@pytest.mark.parametrize("answer", ["", None, {}, "done"])
def test_answers_to_other_interrupts_are_not_checked(kind: int, answer: object) -> None:
    assert answer_problem(Interrupt(event_id="e", type=kind), answer) == ""


MORE: list[dict[str, Any]] = [
    {},
    {"guests": "2"},
    {"guests": 2.0},
    {"vegan": True},
    {"vegan": "True"},
    {"tags": ["a"]},
    {"tags": '["a"]'},
    {"vegan": None, "tags": None},
    {"unknown": [1]},
    {"size": "big"},
]


@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize("as_text", [False, True])
def test_a_form_takes_its_fields_as_json_or_as_people_type_them(more: dict[str, Any], as_text: bool) -> None:
    answer = {**GOOD, **more}
    assert answer_problem(FORM, json.dumps(answer) if as_text else answer) == ""


BAD: list[tuple[Any, str]] = [
    ("two guests", "must be a JSON object with guests"),
    ("[1]", "must be a JSON object"),
    (7, "must be a JSON object"),
    ({}, "guests is missing; name is missing"),
    ({"guests": None, "name": ""}, "guests is missing; name is missing"),
    ({**GOOD, "guests": "many"}, "guests must be integer"),
    ({**GOOD, "guests": 2.5}, "guests must be integer"),
    ({**GOOD, "guests": True}, "guests must be integer"),
    ({**GOOD, "name": 7}, "name must be string"),
    ({**GOOD, "vegan": "perhaps"}, "vegan must be boolean"),
    ({**GOOD, "tags": "a"}, "tags must be array"),
]


@pytest.mark.parametrize(("answer", "problem"), BAD)
def test_a_form_refuses_what_does_not_fit_and_names_it(answer: Any, problem: str) -> None:
    assert problem in answer_problem(FORM, answer)
    if isinstance(answer, dict):
        assert problem in answer_problem(FORM, json.dumps(answer))


@pytest.mark.parametrize("kind", ["text", "form_schema"])
def test_the_fields_of_a_form_may_stand_in_its_data_only(kind: str) -> None:
    content = [{"type": "integer", "name": "guests", "required": True}, {"type": "string", "name": "note"}]
    form = Interrupt(event_id="e", type=5, data=json.dumps({"content_type": kind, "content": json.dumps(content)}))
    assert list(form_fields(form)) == ["guests", "note"]
    assert answer_problem(form, {"guests": 3}) == ""
    assert "guests is missing" in answer_problem(form, {"note": "x"})


@given(st.text())
def test_any_other_data_is_a_form_without_known_fields(data: str) -> None:
    form = Interrupt(event_id="e", type=5, data=data)
    assert answer_problem(form, {"anything": 1}) == ""
    assert answer_problem(form, "no object")

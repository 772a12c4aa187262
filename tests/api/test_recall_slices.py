"""Slices read from every known format of bots' messages and workflows' outputs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client import Message
from coze_client.api.recall.slices import deduplicate, is_recall, read_output, read_recall
from coze_client.api.recall.values import Recall, Slice

CHUNK = {
    "slice": "Chur lies in Graubünden.",
    "score": 0.83,
    "meta": {
        "dataset": {"id": 7410000000000000001, "name": "Towns"},
        "document": {"id": "7420000000000000001", "name": "swiss.txt", "format_type": 0, "source_type": 0},
        "link": {"title": "Chur", "url": "https://c.example/chur"},
        "card": {"title": "", "con": "", "index": ""},
    },
}
DATA = {"chunks": [CHUNK, {"slice": "Bern is the seat.", "score": 0.5}], "ori_req": "Chur?", "status_code": 0}
CHUR = Slice(
    "Chur lies in Graubünden.",
    0.83,
    "7410000000000000001",
    "Towns",
    "7420000000000000001",
    "swiss.txt",
    "Chur",
    "https://c.example/chur",
    1,
    "bot",
)
BERN = Slice("Bern is the seat.", 0.5, rank=2, source="bot")


def message(kind: str, content: object) -> Message:
    return Message(type=kind, content=content if isinstance(content, str) else json.dumps(content))


@pytest.mark.parametrize(
    "sent",
    [
        message("verbose", {"msg_type": "knowledge_recall", "data": json.dumps(DATA)}),
        message("verbose", {"msg_type": "knowledge_recall", "data": json.dumps(json.dumps(DATA)), "from_unit": "x"}),
        message("verbose", {"verbose_type": "knowledge", "chunks": DATA["chunks"]}),
        message("knowledge", {"msg_type": "knowledge_recall", "data": json.dumps(DATA)}),
        message("knowledge", {"msg_type": "knowledge_recall", "data": DATA}),
        message("knowledge", DATA),
        message("knowledge", DATA["chunks"]),
        message("knowledge", json.dumps(json.dumps(DATA))),
    ],
    ids=["verbose", "twice in text", "deprecated", "studio", "object", "bare", "chunks", "text of text"],
)
def test_every_recorded_form_of_a_bots_message_reads_the_same(sent: Message) -> None:
    assert is_recall(sent)
    assert read_recall(sent) == (CHUR, BERN)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("---\nrecall slice 1:Chur\nlies here\n---\nrecall slice 2: Bern\n", ["Chur\nlies here", "Bern"]),
        ("---\r\nrecall slice 1:Chur\r\n---\r\n", ["Chur"]),
        ("recall slice 1:a | b\n---|---\n1 | 2\nrecall slice 2:x", ["a | b\n---|---\n1 | 2", "x"]),
        ("---\nrecall slice 1:\n---\n", []),
        ("nothing was recalled", []),
        ("", []),
    ],
)
def test_plain_text_is_cut_at_its_markers_only(text: str, found: list[str]) -> None:
    assert [slice_.text for slice_ in read_recall(message("knowledge", text))] == found


@pytest.mark.parametrize("data", ["", "no json", "null", '{"chunks": null}', "[]", "7", '{"status_code": 708882003}'])
def test_a_bots_message_of_nothing_is_an_empty_recall(data: str) -> None:
    sent = message("verbose", {"msg_type": "knowledge_recall", "data": data})
    assert is_recall(sent)
    assert read_recall(sent) == ()


@pytest.mark.parametrize(
    "sent",
    [
        message("answer", {"msg_type": "knowledge_recall", "data": json.dumps(DATA)}),
        message("verbose", {"msg_type": "generate_answer_finish", "data": ""}),
        message("verbose", "no json"),
    ],
)
def test_other_messages_are_no_recall(sent: Message) -> None:
    assert not is_recall(sent)
    assert read_recall(sent) == ()


NODE = [{"output": "Chur", "documentId": "1"}, {"output": "Bern", "documentId": 2}]
TOWNS = (
    Slice("Chur", document_id="1", rank=1, source="workflow"),
    Slice("Bern", document_id="2", rank=2, source="workflow"),
)


@pytest.mark.parametrize(
    "output",
    [
        {"outputList": NODE},
        {"whatever": NODE},
        NODE,
        json.dumps({"output": NODE}),
        {"output": json.dumps(NODE)},
        {"content_type": 1, "data": json.dumps({"outputList": NODE}), "type_for_model": 2},
        {"answer": "Chur and Bern", "tags": ["a", "b"], "found": {"outputList": NODE}},
        {"empty": [], "error": None, "found": NODE},
        [None, *NODE, 7, {"other": 1}],
        [{"output": "Chur", "document_id": 1}, {"output": "Bern", "document_id": "2"}],
    ],
)
def test_the_nodes_list_is_found_whatever_its_author_called_it(output: object) -> None:
    assert read_output(output) == TOWNS


def test_the_list_nearest_to_the_top_counts() -> None:
    output = {"deep": {"deeper": [{"output": "far"}]}, "near": [{"output": '[{"output": "inner"}]'}]}
    assert [slice_.text for slice_ in read_output(output)] == ['[{"output": "inner"}]']


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("b", ["two", "three"]),
        ("b.0", ["two"]),
        (["b", 1], ["three"]),
        ("a.x.y", ["one"]),
        (["a", "x.y"], ["dotted"]),
        ("runs.found", ["four", "five"]),
        ("runs.1.found", ["five"]),
        ("text", ["six"]),
        ("missing.b", []),
        ("b.9", []),
        ("b.0.output", ["two"]),
    ],
)
def test_a_path_leads_to_the_slices(path: Any, found: list[str]) -> None:
    output = {
        "first": [{"output": "not asked for"}],
        "a": {"x": json.dumps({"y": ["one"]}), "x.y": ["dotted"]},
        "b": [{"output": "two"}, {"output": "three"}],
        "runs": [{"found": ["four"]}, json.dumps({"found": [{"output": "five"}]})],
        "text": "six",
    }
    assert [slice_.text for slice_ in read_output(output, path)] == found


@pytest.mark.parametrize("output", [{"texts": ["Chur", None, "Bern"]}, ["Chur", "Bern"], '["Chur", "Bern"]'])
def test_a_list_of_texts_is_slices_without_documents(output: object) -> None:
    assert [(slice_.text, slice_.source) for slice_ in read_output(output)] == [
        ("Chur", "workflow"),
        ("Bern", "workflow"),
    ]


@pytest.mark.parametrize("output", ["Chur and Bern", {"output": "Chur and Bern"}, {"answer": "Chur and Bern", "n": 1}])
def test_an_answer_in_text_is_one_slice_that_says_so(output: object) -> None:
    assert read_output(output) == (Slice("Chur and Bern", rank=1, source="text"),)


def test_a_text_in_an_object_keeps_its_other_fields() -> None:
    assert read_output({"output": "Chur", "documentId": "7"})[0].document_id == "7"


@pytest.mark.parametrize(
    "output",
    [None, "", " ", "null", [], {}, "{}", {"outputList": []}, {"outputList": None, "query": "Chur?"}, 7, True, [7]],
)
def test_a_workflow_that_found_nothing_is_an_empty_recall(output: object) -> None:
    assert read_output(output) == ()


def test_an_empty_list_is_not_taken_for_the_next_list_of_texts() -> None:
    assert read_output({"outputList": [], "tags": ["a", "b"]}) == ()


@pytest.mark.parametrize(
    ("score", "read"),
    [
        (0.5, 0.5),
        (1, 1.0),
        (0, 0.0),
        (-3.5, -3.5),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
        (True, None),
        ("0.5", None),
        (None, None),
    ],
)
def test_a_score_is_a_finite_number_or_none(score: object, read: float | None) -> None:
    sent = message("knowledge", {"chunks": [{"slice": "x", "score": score}]})
    assert read_recall(sent)[0].score == read


@pytest.mark.parametrize(
    ("identifier", "read"),
    [(7, "7"), (2**64 - 1, str(2**64 - 1)), (2**64, ""), (10**400, ""), (True, ""), (1.5, ""), ("x", "x"), (None, "")],
)
def test_an_id_is_a_text_or_a_number_of_64_bits(identifier: object, read: str) -> None:
    chunk = {"slice": "x", "meta": {"document": {"id": identifier}}}
    assert [found.document_id for found in read_recall(message("knowledge", {"chunks": [chunk]}))] == [read]


def test_nulls_and_odd_types_in_a_chunk_are_absent() -> None:
    odd = {"slice": "x", "score": None, "meta": {"dataset": None, "document": [1], "link": "no", "card": 7}}
    assert read_recall(message("knowledge", {"chunks": [odd, None, 7, {"slice": 1}, {}, "bare"]})) == (
        Slice("x", rank=1, source="bot"),
        Slice("bare", rank=2, source="bot"),
    )


def test_a_text_of_a_document_counts_once_where_it_stood_first() -> None:
    slices = [Slice("b", 0.1, document_id="1"), Slice("a", document_id="1"), Slice("b", 0.9, document_id="1")]
    assert deduplicate([*slices, Slice("b", document_id="2"), Slice("b")]) == (
        Slice("b", 0.1, document_id="1", rank=1),
        Slice("a", document_id="1", rank=2),
        Slice("b", document_id="2", rank=3),
        Slice("b", rank=4),
    )


def test_a_recall_is_its_slices() -> None:
    recall = Recall("Chur?", (CHUR, BERN), bot_id="1")
    assert list(recall) == [CHUR, BERN]
    assert len(recall) == 2
    assert not Recall("Chur?")


@pytest.mark.parametrize("bomb", ["[" * 100_000, '{"a":' * 100_000, "[" * 90_000 + "]" * 90_000])
def test_what_is_nested_without_end_is_no_recall(bomb: str) -> None:
    assert read_recall(message("knowledge", bomb)) == ()
    assert not is_recall(message("verbose", bomb))
    assert read_output({"outputList": [], "deep": bomb}) == ()


def test_half_a_surrogate_pair_becomes_a_character_that_can_be_written() -> None:
    chunk = {"slice": "a \ud83d b", "meta": {"document": {"id": "1\ud800", "name": "\udc00"}}}
    content = json.dumps({"msg_type": "knowledge_recall", "data": json.dumps({"chunks": [chunk]})})
    [found] = read_recall(message("verbose", content))
    assert (found.text, found.document_id, found.document_name) == ("a \ufffd b", "1\ufffd", "\ufffd")
    [found] = read_output(json.dumps({"outputList": [{"output": "\ud83d\ude00 \ude00"}]}))
    assert found.text == "\U0001f600 \ufffd"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["output", "outputList", "chunks", "data", "slice", "meta", "score", "document", "id", "a"]
            ),
            inner | inner.map(json.dumps),
            max_size=4,
        )
    ),
    max_leaves=20,
)
KINDS = st.sampled_from(["verbose", "knowledge", "answer", ""])


def check(slices: tuple[Slice, ...]) -> None:
    assert [slice_.rank for slice_ in slices] == list(range(1, len(slices) + 1))
    assert all(slice_.text.strip() for slice_ in slices)
    assert deduplicate(slices) == slices


@given(KINDS, JSON)
def test_no_json_makes_the_reader_raise(kind: str, value: object) -> None:
    for content in (value, {"msg_type": "knowledge_recall", "data": value}, {"chunks": [value]}):
        check(read_recall(message(kind, json.dumps(content))))


@given(KINDS, st.text() | st.from_regex(r"(-{3,}\s*)?recall slice \d:.*", fullmatch=True))
def test_no_text_makes_the_reader_raise(kind: str, text: str) -> None:
    check(read_recall(message(kind, text)))


@given(JSON, st.none() | st.text(max_size=5) | st.lists(st.text(max_size=3) | st.integers(), max_size=3))
def test_no_output_makes_the_reader_raise(value: object, path: Any) -> None:
    check(read_output(value, path))
    check(read_output(json.dumps(value), path))

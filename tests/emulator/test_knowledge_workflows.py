"""Workflows that search datasets for a query and return the slices."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coze_client.emulator import Emulator
from tests.support.api_calls import ApiClient, data
from tests.support.slices import CITIES, LAKES, add_dataset, document_ids
from tests.support.workflow_calls import output, run, stream


@pytest.fixture
def dataset(emulator: Emulator) -> str:
    return add_dataset(emulator, "World", {"lakes.txt": LAKES, "cities.txt": CITIES})


def found(api: ApiClient, workflow_id: str, query: str) -> Any:
    reply = run(api, workflow_id, {"query": query})
    assert reply["code"] == 0, reply
    return json.loads(reply["data"])


def test_a_run_returns_texts_and_documents_under_the_end_nodes_name(
    emulator: Emulator, api: ApiClient, dataset: str
) -> None:
    lakes, _ = document_ids(emulator, dataset)
    chunks = [{"output": text, "documentId": lakes} for text in LAKES]
    assert found(api, emulator.add_knowledge_workflow([dataset]), "Lake Geneva?") == {"outputList": chunks}
    renamed = emulator.add_knowledge_workflow([dataset], 1, variable="facts")
    assert found(api, renamed, "Lake Geneva?") == {"facts": chunks[:1]}


def test_a_stream_ends_with_the_same(emulator: Emulator, api: ApiClient, dataset: str) -> None:
    workflow = emulator.add_knowledge_workflow([dataset])
    assert output(stream(api, workflow, {"query": "Lake Geneva?"})) == found(api, workflow, "Lake Geneva?")


def test_the_studio_returns_the_same(studio: Emulator, studio_api: ApiClient) -> None:
    dataset = add_dataset(studio, "Lakes", {"lakes.txt": LAKES})
    [document] = document_ids(studio, dataset)
    assert found(studio_api, studio.add_knowledge_workflow([dataset]), "Constance")["outputList"] == [
        {"output": LAKES[1], "documentId": document}
    ]


def test_top_k_and_the_least_score_are_the_authors(emulator: Emulator, api: ApiClient, dataset: str) -> None:
    assert len(found(api, emulator.add_knowledge_workflow([dataset], 2), "lake France capital")["outputList"]) == 2
    strict = emulator.add_knowledge_workflow([dataset], min_score=0.99)
    assert found(api, strict, "lake France capital") == {"outputList": []}


def test_an_empty_recall_is_an_empty_list_or_null(emulator: Emulator, api: ApiClient, dataset: str) -> None:
    assert found(api, emulator.add_knowledge_workflow([dataset]), "Hamlet") == {"outputList": []}
    assert found(api, emulator.add_knowledge_workflow([dataset], empty="null"), "Hamlet") == {"outputList": None}
    assert found(api, emulator.add_knowledge_workflow([dataset]), "") == {"outputList": []}


def test_an_end_node_in_text_mode_loses_the_slices(emulator: Emulator, api: ApiClient, dataset: str) -> None:
    reply = run(api, emulator.add_knowledge_workflow([dataset], text=True), {"query": "Lake Geneva?"})
    assert json.loads(reply["data"])["data"] == "\n\n".join(LAKES)


def test_its_schema_tells_the_query_and_the_list(emulator: Emulator, api: ApiClient, dataset: str) -> None:
    workflow = emulator.add_knowledge_workflow([dataset], variable="facts")
    details = data(api.get(f"/v1/workflows/{workflow}", params={"include_input_output": "true"}))
    query = details["input"]["parameters"]["query"]
    assert (query["type"], query["required"]) == ("string", True)
    facts = details["output"]["parameters"]["facts"]
    assert facts["type"] == "array"
    assert list(facts["items"]["properties"]) == ["output", "documentId"]


def test_a_run_without_a_query_is_refused(emulator: Emulator, api: ApiClient, dataset: str) -> None:
    assert run(api, emulator.add_knowledge_workflow([dataset]))["code"] == 4000
    assert emulator.runs_started == 0

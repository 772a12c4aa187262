"""The text of documents that queries recall."""

from __future__ import annotations

import pytest

from coze_client import ConfigurationError
from coze_client.bridge.loading.recalled_text import RecalledText
from tests.support.loaders import LoadedDataset, content_of


def test_text_is_what_questions_recall(dataset: LoadedDataset) -> None:
    book = "Tea is made of leaves.\n\nRice is a grass.\n\nSalt is of the sea.\n\nHoney is made by bees."
    dataset.dataset_id = dataset.coze.emulator.add_dataset(
        "library", {"book.txt": book, "b.txt": "b"}, separator="\n\n"
    )
    workflow_id = dataset.coze.emulator.add_knowledge_workflow([dataset.dataset_id], top_k=1)

    [loaded] = dataset.load(
        recall_workflow_id=workflow_id, queries=["honey bees", "tea leaves", "bees"], on_missing="skip"
    )

    assert loaded.content == "Honey is made by bees.\n\nTea is made of leaves."
    assert [loaded.metadata[name] for name in ("text_source", "slices_found", "slice_count", "coverage")] == [
        "recall",
        2,
        4,
        0.5,
    ]


def test_a_workflow_is_asked_as_it_wants(dataset: LoadedDataset) -> None:
    dataset.fill("tea.txt")

    @dataset.coze.emulator.workflow()
    def look_up(question: str) -> dict[str, list[dict[str, str]]]:
        document_id = dataset.coze.emulator.documents(dataset.dataset_id)[0].id
        return {"odd": [{"output": "wrong"}], "found": [{"output": question.upper(), "documentId": document_id}]}

    [loaded] = dataset.load(
        recall_workflow_id=look_up.id,
        queries=["tea"],
        recall_options={"query_parameter": "question", "path": "found", "mode": "sync"},
    )

    assert loaded.content == "TEA"


def test_each_question_is_asked_once_whatever_the_pages(dataset: LoadedDataset) -> None:
    dataset.fill(*(f"tea {number}.txt" for number in range(4)))
    workflow_id = dataset.coze.emulator.add_knowledge_workflow([dataset.dataset_id], top_k=9)

    loaded = dataset.load(recall_workflow_id=workflow_id, queries=["text", "tea"], page_size=1)

    assert [each.content for each in loaded] == [f"Text of tea {number}.txt." for number in range(4)]
    assert {each.metadata["coverage"] for each in loaded} == {1.0}
    assert (
        len(dataset.coze.emulator.calls_to("/v1/workflow/run"))
        + len(dataset.coze.emulator.calls_to("/v1/workflow/stream_run"))
        == 2
    )


def test_content_goes_before_recall(dataset: LoadedDataset) -> None:
    dataset.fill("a.txt", "b.txt")
    workflow_id = dataset.coze.emulator.add_knowledge_workflow([dataset.dataset_id])

    loaded = dataset.load(content=content_of("a.txt"), recall_workflow_id=workflow_id, queries=["text"])

    assert [(each.content, each.metadata["text_source"]) for each in loaded] == [
        ("known", "content"),
        ("Text of b.txt.", "recall"),
    ]


def test_a_recall_without_document_ids_is_refused(dataset: LoadedDataset) -> None:
    dataset.fill("a.txt")
    workflow_id = dataset.coze.emulator.add_knowledge_workflow([dataset.dataset_id], text=True)

    with pytest.raises(ConfigurationError, match="outputList"):
        dataset.load(recall_workflow_id=workflow_id, queries=["text"])


def test_questions_need_a_workflow(dataset: LoadedDataset) -> None:
    dataset.fill("a.txt")

    with pytest.raises(ConfigurationError, match="go together"):
        dataset.load(queries=["text"])


@pytest.mark.parametrize(
    ("slice_count", "coverage"),
    [(4, {"slices_found": 2, "coverage": 0.5}), (1, {"slices_found": 2, "coverage": 1.0}), (None, {"slices_found": 2})],
)
def test_coverage_is_returned_if_the_number_of_slices_is_known(
    slice_count: int | None, coverage: dict[str, float]
) -> None:
    assert RecalledText(("a", "b")).coverage(slice_count) == coverage

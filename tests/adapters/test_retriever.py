"""CozeRetriever of both frameworks: its documents, its settings, and its errors."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from coze_client import AsyncCozeClient, ConfigurationError, CozeClient, CozeError, NotFound, WorkflowFailed
from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer, Turn
from coze_client.emulator.workflows import WORKSPACE
from tests.support.frameworks import Framework
from tests.support.knowledge import AnimalKnowledge, MeetingWorkflow

Knowledge = AnimalKnowledge[Any]
Search = Callable[[Any, str], list[Any]]


@pytest.fixture
def knowledge(emulator: Emulator, framework: Framework) -> Knowledge:
    return AnimalKnowledge(emulator, framework.retriever)


@pytest.fixture(params=["search", "asearch"])
def search(request: pytest.FixtureRequest, framework: Framework) -> Search:
    """Each way to retrieve, one after the other: both must return the same documents."""

    async def asearch(retriever: Any, query: str) -> list[Any]:
        return await framework.asearch(retriever, query)

    return framework.search if request.param == "search" else lambda *given: asyncio.run(asearch(*given))


def test_a_workflow_finds_the_best_slices_without_scores(
    framework: Framework, knowledge: Knowledge, search: Search
) -> None:
    found = search(knowledge.by_workflow(), "Where does the cat sleep?")
    assert framework.text(found[0]) == "The cat sleeps on the warm stove."
    document_id = knowledge.documents["pets.txt"]
    assert found[0].metadata == {"document_id": document_id, "source": f"coze://documents/{document_id}"}
    assert [framework.score(each) for each in found] == [None] * 4


def test_a_bot_finds_them_with_scores_names_and_ids(framework: Framework, knowledge: Knowledge, search: Search) -> None:
    found = search(knowledge.by_bot(), "Where does the cat sleep?")
    scores = [framework.score(each) or 0 for each in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    document_id = knowledge.documents["pets.txt"]
    found[0].metadata.pop("score", None)  # LangChain's place for scores
    assert found[0].metadata == {
        "dataset_id": knowledge.dataset_id,
        "dataset_name": "animals",
        "document_id": document_id,
        "document_name": "pets.txt",
        "source": f"coze://datasets/{knowledge.dataset_id}/documents/{document_id}",
    }


def test_the_helper_bot_of_a_dataset_is_asked_as_a_draft(
    framework: Framework, knowledge: Knowledge, search: Search
) -> None:
    client = CozeClient(knowledge.emulator.token, base_url=knowledge.emulator.url)
    helper = client.recall.setup(knowledge.dataset_id, WORKSPACE)
    retriever = framework.retriever(bot_id=helper, client=client)
    assert framework.texts(search(retriever, "autumn")) == ["Swallows fly south in autumn."]
    assert (retriever.bot_id, retriever.publish_status) == (helper.bot_id, "unpublished_draft")
    with pytest.raises(CozeError, match="publish_status"):
        search(framework.retriever(bot_id=helper.bot_id, client=client), "autumn")


def test_a_slice_has_the_same_id_whoever_recalls_it(framework: Framework, knowledge: Knowledge, search: Search) -> None:
    by_workflow, by_bot = (search(each, "cat") for each in (knowledge.by_workflow(), knowledge.by_bot()))
    assert set(framework.ids(by_workflow)) == set(framework.ids(by_bot))
    assert len(set(framework.ids(by_workflow))) == 4


def test_the_limit_is_a_setting(framework: Framework, knowledge: Knowledge, search: Search) -> None:
    every = framework.texts(search(knowledge.by_workflow(**{framework.limit: 9}), "cat dog"))
    assert len(every) == 5
    assert framework.texts(search(knowledge.by_workflow(**{framework.limit: 2}), "cat dog")) == every[:2]


def test_filters_are_settings(framework: Framework, knowledge: Knowledge, search: Search) -> None:
    birds = knowledge.documents["birds.txt"]
    found = ["A parrot repeats what the cat says."]
    assert framework.texts(search(knowledge.by_workflow(document_ids=[birds]), "cat")) == found
    assert framework.texts(search(knowledge.by_bot(document_ids=[birds]), "cat")) == found
    assert framework.texts(search(knowledge.by_bot(dataset_ids=[knowledge.other_id]), "cat")) == ["A cat likes fish."]


def test_a_workflows_slices_are_filtered_by_dataset_and_get_their_names(
    framework: Framework, knowledge: Knowledge, search: Search
) -> None:
    (only,) = search(knowledge.by_workflow(dataset_ids=[knowledge.other_id]), "cat")
    (fish,) = knowledge.emulator.documents(knowledge.other_id)
    assert framework.text(only) == "A cat likes fish."
    assert only.metadata == {
        "dataset_id": knowledge.other_id,
        "document_id": fish.id,
        "document_name": "fish.txt",
        "source": f"coze://datasets/{knowledge.other_id}/documents/{fish.id}",
    }


def test_a_threshold_drops_what_a_bot_scores_lower(framework: Framework, knowledge: Knowledge, search: Search) -> None:
    found = search(knowledge.by_bot(), "cat dog")
    best, second = (framework.score(each) or 0 for each in found[:2])
    assert framework.texts(search(knowledge.by_bot(score_threshold=best), "cat dog")) == framework.texts(found[:1])
    assert best > second


def test_nothing_found_is_an_empty_list(knowledge: Knowledge, search: Search) -> None:
    assert search(knowledge.by_workflow(), "quantum chromodynamics") == []
    assert search(knowledge.by_bot(), "quantum chromodynamics") == []


def test_run_metadata_names_the_run_or_chat(framework: Framework, knowledge: Knowledge, search: Search) -> None:
    _, second = search(knowledge.by_workflow(**{framework.limit: 2, "run_metadata": True}), "cat")
    expected = {"rank": 2, "recalled_by": "workflow", "workflow_id": knowledge.workflow_id}
    assert expected.items() <= second.metadata.items()
    assert second.metadata["execute_id"] in second.metadata["debug_url"]
    (first,) = search(knowledge.by_bot(**{framework.limit: 1, "run_metadata": True}), "cat")
    assert {"rank": 1, "recalled_by": "bot", "bot_id": knowledge.bot_id}.items() <= first.metadata.items()
    assert {"chat_id", "conversation_id", "logid"} <= first.metadata.keys()


def test_a_recall_makes_nothing_and_leaves_nothing_behind(knowledge: Knowledge, search: Search) -> None:
    emulator = knowledge.emulator
    search(knowledge.by_bot(), "cat")
    search(knowledge.by_workflow(), "cat")
    emulator.wait_until(lambda: emulator.open_streams == 0)
    assert {call.path for call in emulator.calls} == {"/v3/chat", "/v1/workflow/stream_run"}
    body: Any = emulator.calls_to("/v3/chat")[0].body
    assert body["auto_save_history"] is False


def test_a_text_answer_is_one_document_of_the_workflow(
    framework: Framework, knowledge: Knowledge, search: Search
) -> None:
    workflow_id = knowledge.emulator.add_knowledge_workflow([knowledge.dataset_id], text=True)
    (only,) = search(knowledge.by_workflow(workflow_id=workflow_id), "autumn")
    assert framework.text(only) == "Swallows fly south in autumn."
    assert only.metadata == {"source": f"coze://workflows/{workflow_id}"}
    with pytest.raises(framework.error, match="outputList"):
        search(knowledge.by_workflow(workflow_id=workflow_id, document_ids=["1"]), "autumn")


def test_a_bots_own_settings_reach_it(knowledge: Knowledge, search: Search) -> None:
    def script(turn: Turn) -> Any:
        yield Answer("Nothing.")

    bot_id = knowledge.emulator.add_bot("variables", script)
    options: dict[str, Any] = {"user_id": "u7", "custom_variables": {"room": "A"}, "parameters": {"deep": True}}
    assert search(knowledge.by_bot(bot_id=bot_id, **options), "Which?") == []
    body: Any = knowledge.emulator.calls_to("/v3/chat")[0].body
    assert options.items() <= body.items()


def test_a_refusal_is_an_error_of_the_client_and_of_the_framework(
    framework: Framework, knowledge: Knowledge, search: Search
) -> None:
    for retriever in (knowledge.by_workflow(workflow_id="1"), knowledge.by_bot(bot_id="1")):
        with pytest.raises(NotFound) as caught:
            search(retriever, "cat")
        assert isinstance(caught.value, framework.error)
        assert isinstance(caught.value, framework.not_found)


def test_a_workflow_that_fails_is_an_error_of_the_client_and_of_the_framework(
    framework: Framework, knowledge: Knowledge, search: Search
) -> None:
    @knowledge.emulator.workflow(title="Broken")
    def broken(query: str) -> str:
        raise ValueError("no index")

    with pytest.raises(WorkflowFailed, match="no index") as caught:
        search(knowledge.by_workflow(workflow_id=broken.id), "cat")
    assert all(isinstance(caught.value, kind) for kind in (framework.error, *framework.workflow_failed))


@pytest.mark.parametrize("given", [{"top_k": 3}, {"bot_id": "1"}, {"until": "answer"}, {"client": "no client"}])
def test_settings_that_make_no_sense_are_refused(knowledge: Knowledge, given: dict[str, Any]) -> None:
    with pytest.raises((ValidationError, ConfigurationError)):
        knowledge.by_workflow(**given)


def test_the_limit_is_one_or_more(framework: Framework, knowledge: Knowledge) -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        knowledge.by_workflow(**{framework.limit: 0})


def test_a_workflow_and_a_bot_at_once_are_refused_by_name(knowledge: Knowledge) -> None:
    with pytest.raises(ConfigurationError, match="exactly one"):
        knowledge.by_workflow(bot_id="1")


def no_threads(*args: Any) -> None:
    raise AssertionError("a thread was requested")


def test_asyncio_needs_no_threads(framework: Framework, knowledge: Knowledge) -> None:
    async def search_all() -> list[str]:
        asyncio.get_running_loop().run_in_executor = no_threads  # type: ignore[assignment,method-assign]  # of this loop only
        limit = {framework.limit: 1}
        filtered = knowledge.by_workflow(**limit, dataset_ids=[knowledge.dataset_id])
        retrievers = (knowledge.by_workflow(**limit), knowledge.by_bot(**limit), filtered)
        found = [await framework.asearch(retriever, "autumn") for retriever in retrievers]
        return [text for documents in found for text in framework.texts(documents)]

    assert asyncio.run(search_all()) == ["Swallows fly south in autumn."] * 3


def test_queries_at_the_same_time_run_together_up_to_the_limit(
    framework: Framework, knowledge: Knowledge, emulator: Emulator
) -> None:
    meeting = MeetingWorkflow(emulator)
    retriever = knowledge.by_workflow(workflow_id=meeting.id, concurrency=2)
    queries = [f"query {number}" for number in range(6)]

    async def search_all() -> list[list[Any]]:
        return await asyncio.gather(*(framework.asearch(retriever, query) for query in queries))

    assert [framework.texts(each) for each in asyncio.run(search_all())] == [[query] for query in queries]
    assert meeting.most == 2


@pytest.mark.parametrize("kind", [CozeClient, AsyncCozeClient])
def test_either_client_serves_both_ways(
    framework: Framework, knowledge: Knowledge, search: Search, kind: type[Any]
) -> None:
    client = kind(knowledge.emulator.token, base_url=knowledge.emulator.url)
    retriever = framework.retriever(workflow_id=knowledge.workflow_id, client=client)
    assert framework.texts(search(retriever, "autumn"))


def by_pickle(retriever: Any) -> Any:
    return pickle.loads(pickle.dumps(retriever))


@pytest.mark.parametrize("copied", [by_pickle, copy.deepcopy])
def test_copies_find_the_same(framework: Framework, knowledge: Knowledge, search: Search, copied: Any) -> None:
    retriever = knowledge.by_workflow(**{framework.limit: 3, **framework.own_settings})
    before = search(retriever, "cat")
    again = copied(retriever)
    assert again.model_dump() == retriever.model_dump()
    assert search(again, "cat") == before


def test_no_text_form_contains_the_token(framework: Framework, knowledge: Knowledge) -> None:
    retriever = knowledge.by_workflow()
    forms = [repr(retriever), str(retriever), str(vars(retriever)), retriever.model_dump_json()]
    assert [form for form in (*forms, framework.to_json(retriever)) if knowledge.emulator.token in form] == []

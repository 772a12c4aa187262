"""Datasets: their requests and responses, and waiting until documents are processed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client import APIError, ConfigurationError, DocumentBase, InvalidRequest, NotFound, TimedOut
from coze_client.api.datasets.resource import Datasets, update_request
from coze_client.api.datasets.values import DocumentProgress
from coze_client.core.request import Kind, Request
from coze_client.core.response import RawResponse
from coze_client.emulator import Emulator, faults
from tests.support.clients import ConnectedClient, Driver
from tests.support.json_server import Body, JsonServer

WORKSPACE = "7340000000000000001"


def sent(request: Request[Any]) -> tuple[str, str, object, object, Kind]:
    return request.method, request.path, dict(request.query), request.body, request.kind


def test_requests_carry_what_was_set_and_nothing_else() -> None:
    create = Datasets.create(name="Library", workspace_id="7")
    assert sent(create) == (
        "POST",
        "/v1/datasets",
        {},
        {"name": "Library", "space_id": "7", "format_type": 0},
        Kind.START,
    )
    listing = Datasets.list(workspace_id="7", name="sh").page("2")
    query = {"space_id": "7", "name": "sh", "page_size": "300", "page_num": "2"}
    assert sent(listing) == ("GET", "/v1/datasets", query, None, Kind.READ)
    update = update_request("9", "New", icon_file_id="5")
    assert sent(update) == ("PUT", "/v1/datasets/9", {}, {"name": "New", "file_id": "5"}, Kind.READ)
    assert sent(Datasets.delete(dataset_id="9")) == ("DELETE", "/v1/datasets/9", {}, None, Kind.START)
    process = Datasets.process(dataset_id="9", document_ids=("1", "2"))
    assert sent(process) == ("POST", "/v1/datasets/9/process", {}, {"document_ids": ["1", "2"]}, Kind.READ)


@pytest.mark.parametrize("name", ["", "x" * 101])
def test_a_name_of_no_or_too_many_characters_is_not_sent(name: str) -> None:
    with pytest.raises(ConfigurationError, match="name of a dataset must have 1 to 100 characters"):
        Datasets.create(name=name, workspace_id="7")


def test_a_question_about_no_documents_is_not_sent() -> None:
    for nothing in ((), "7441000000000000001"):
        with pytest.raises(ConfigurationError, match="document_ids"):
            Datasets.process(dataset_id="9", document_ids=nothing)


def test_sizes_as_text_null_lists_and_empty_strategies_are_read() -> None:
    item = {"dataset_id": 7410000000000000001, "all_file_size": "104857", "file_list": None, "chunk_strategy": {}}
    content = json.dumps({"code": 0, "data": {"total_count": 1, "dataset_list": [item]}}).encode()
    (dataset,) = Datasets.list(workspace_id="7").page(None).read(RawResponse(200, {}, content)).items
    assert (dataset.dataset_id, dataset.all_file_size, dataset.file_list) == ("7410000000000000001", 104857, ())


@pytest.mark.parametrize("content", [b'{"code":0}', b'{"code":0,"data":{"total_count":0,"dataset_list":null}}'])
def test_an_empty_listing_may_lack_everything(content: bytes) -> None:
    assert Datasets.list(workspace_id="7").page(None).read(RawResponse(200, {}, content)).items == ()


@pytest.mark.parametrize("nested", [True, False])
def test_progress_is_read_wherever_it_stands(nested: bool) -> None:
    items = [{"document_id": 1, "status": 9, "status_descript": "no text in it", "progress": 63}]
    content = json.dumps({"code": 0, "data": {"data": items} if nested else items}).encode()
    (progress,) = Datasets.process(dataset_id="9", document_ids=["1"]).read(RawResponse(200, {}, content))
    facts = (progress.document_id, progress.failed, progress.status_descript, progress.progress)
    assert facts == ("1", True, "no text in it", 63)


def test_datasets_live_from_create_to_delete(coze: ConnectedClient) -> None:
    datasets = coze.client.datasets
    ids = [coze.run(datasets.create(name=f"Library {each}", workspace_id=WORKSPACE)) for each in range(3)]
    coze.run(datasets.delete(dataset_id=ids[0]))
    listed = coze.collect(datasets.list(workspace_id=WORKSPACE, page_size=1, concurrency=2))
    assert [dataset.dataset_id for dataset in listed] == ids[1:]


def test_update_clears_what_is_left_out_unless_it_is_read_first(coze: ConnectedClient) -> None:
    datasets = coze.client.datasets
    dataset_id = coze.run(datasets.create(name="Library", workspace_id=WORKSPACE, description="of books"))

    def description() -> str:
        (dataset,) = coze.collect(datasets.list(workspace_id=WORKSPACE))
        return str(dataset.description)

    coze.run(datasets.update(dataset_id=dataset_id, name="Kept", workspace_id=WORKSPACE))
    assert description() == "of books"
    coze.run(datasets.update(dataset_id=dataset_id, name="Cleared"))
    assert description() == ""


def test_update_of_a_dataset_that_the_workspace_lacks_is_not_sent(coze: ConnectedClient) -> None:
    with pytest.raises(NotFound, match="Workspace 7340000000000000001 has no dataset 7399"):
        coze.run(coze.client.datasets.update(dataset_id="7399", name="x", workspace_id=WORKSPACE))


def test_wait_tells_every_look_and_reports_failures(driver: Driver, sleeps: list[float]) -> None:
    with Emulator(processing_looks=2) as emulator:
        client = driver.client(emulator.token, base_url=emulator.url)
        dataset_id = driver.run(client.datasets.create(name="Library", workspace_id=WORKSPACE))
        bases = [DocumentBase.from_text("words", "a.txt"), DocumentBase.from_file(b"%PDF-broken", "b.pdf")]
        made = driver.run(client.datasets.documents.create(dataset_id=dataset_id, documents=bases))
        ids = [document.document_id for document in made]
        progress: list[tuple[DocumentProgress, ...]] = []
        good, bad = driver.run(
            client.datasets.wait(dataset_id=dataset_id, document_ids=ids, on_progress=progress.append)
        )
    assert (good.ready, bad.failed, bool(bad.status_descript)) == (True, True, True)
    assert progress[-1] == (good, bad)
    assert [each.busy for each in progress[0]] == [True, True]
    assert sleeps == [1.0, 1.5][: len(progress) - 1]


def answers(*looks: dict[str, int]) -> JsonServer:
    """A server that returns the next status of each id at each poll; it repeats the last one."""
    left = list(looks)

    def respond(body: Body) -> dict[str, object]:
        now = left.pop(0) if len(left) > 1 else left[0]
        items = [{"document_id": each, "status": now[each]} for each in body["document_ids"] if each in now]
        return {"code": 0, "data": {"data": items}}

    return JsonServer(respond)


def test_wait_asks_only_for_what_is_still_busy(driver: Driver, sleeps: list[float]) -> None:
    with answers({"1": 0, "2": 1}, {"1": 1}) as server:
        datasets = driver.client("t", base_url=server.url).datasets
        ended = driver.run(datasets.wait(dataset_id="9", document_ids=["1", "2", "1"]))
    assert [each.document_id for each in ended] == ["1", "2"]
    assert [body["document_ids"] for body in server.bodies] == [["1", "2"], ["1"]]
    assert sleeps == [1.0]


def test_wait_names_missing_documents_once_the_others_are_through(driver: Driver, sleeps: list[float]) -> None:
    progress: list[tuple[DocumentProgress, ...]] = []
    with answers({"1": 0}, {"1": 1}) as server:
        datasets = driver.client("t", base_url=server.url).datasets
        with pytest.raises(NotFound, match="Dataset 9 has no document 3"):
            driver.run(datasets.wait(dataset_id="9", document_ids=["1", "3"], on_progress=progress.append))
    assert progress[-1][0].ready
    assert sleeps == [1.0]


def test_wait_names_a_document_that_vanishes_under_way(driver: Driver, sleeps: list[float]) -> None:
    with answers({"1": 0, "2": 0}, {"2": 1}) as server:
        datasets = driver.client("t", base_url=server.url).datasets
        with pytest.raises(NotFound, match="Dataset 9 has no document 1"):
            driver.run(datasets.wait(dataset_id="9", document_ids=["1", "2"]))
    assert sleeps == [1.0]


def test_wait_takes_no_single_id_for_a_list_of_digits(driver: Driver) -> None:
    with answers({}) as server:
        datasets = driver.client("t", base_url=server.url).datasets
        with pytest.raises(ConfigurationError, match="document_ids"):
            driver.run(datasets.wait(dataset_id="9", document_ids="7441"))
    assert server.bodies == []


def test_wait_gives_up_at_its_deadline(driver: Driver, sleeps: list[float]) -> None:
    with answers({"1": 0}) as server:
        datasets = driver.client("t", base_url=server.url).datasets
        with pytest.raises(TimedOut, match=r"did not process 1 within 0\.5 s.*wait again"):
            driver.run(datasets.wait(dataset_id="9", document_ids=["1"], timeout=0.5))
    assert sleeps == []


def test_wait_gives_up_at_its_deadline_even_if_that_cuts_a_poll_short(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, sleeps: list[float]
) -> None:
    began = time.monotonic()
    monkeypatch.setattr("coze_client.api.datasets.resource.monotonic", lambda: began + sum(sleeps))

    def respond(_: httpx.Request) -> httpx.Response:
        sleeps.append(9.0)
        raise httpx.ReadTimeout("nothing arrived")

    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(respond))
    with pytest.raises(TimedOut, match=r"did not process 1 within 2\.5 s.*wait again"):
        driver.run(client.datasets.wait(dataset_id="9", document_ids=["1"], timeout=2.5))


def test_wait_looks_ever_more_seldom(driver: Driver, sleeps: list[float]) -> None:
    with answers(*[{"1": 0}] * 9, {"1": 1}) as server:
        driver.run(driver.client("t", base_url=server.url).datasets.wait(dataset_id="9", document_ids=["1"]))
    assert sleeps == [1.0, 1.5, 2.25, 3.375, 5.0625, 7.59375, 10.0, 10.0, 10.0]


def test_many_documents_are_asked_for_in_batches(driver: Driver) -> None:
    ids = [str(each) for each in range(250)]
    with answers(dict.fromkeys(ids, 1)) as server:
        datasets = driver.client("t", base_url=server.url).datasets
        assert len(driver.run(datasets.wait(dataset_id="9", document_ids=ids))) == 250
    assert [len(body["document_ids"]) for body in server.bodies] == [100, 100, 50]


# --- ids as numbers ---


def bodies_of(coze: ConnectedClient) -> list[Any]:
    """The ids in each request for progress so far."""
    bodies: list[Any] = [call.body for call in coze.emulator.calls if call.path.endswith("/process")]
    return [body["document_ids"] for body in bodies]


@pytest.fixture
def studio(driver: Driver) -> Iterator[ConnectedClient]:
    with Emulator("studio") as emulator:
        yield ConnectedClient(driver, emulator)


def owls(coze: ConnectedClient, count: int = 1) -> tuple[str, list[str]]:
    """Add a dataset; return its id, and those of its documents."""
    dataset_id = coze.emulator.add_dataset("Owls", {f"owl {number}": "hoot" for number in range(count)})
    return dataset_id, [document.id for document in coze.emulator.documents(dataset_id)]


def test_a_studio_is_asked_for_progress_in_numbers_once_it_has_refused_texts(studio: ConnectedClient) -> None:
    dataset_id, [owl] = owls(studio)
    datasets = studio.client.datasets
    for _ in range(3):
        [progress] = studio.run(datasets.process(dataset_id=dataset_id, document_ids=[owl]))
        assert (progress.document_id, progress.ready) == (owl, True)
    other = studio.client.options(timeout=9).datasets
    studio.run(other.process(dataset_id=dataset_id, document_ids=[owl]))
    answer = studio.run(studio.client.with_response(datasets.process, dataset_id=dataset_id, document_ids=[owl]))
    assert answer.value[0].document_id == owl
    assert bodies_of(studio) == [[owl], *[[int(owl)]] * 5]


def test_a_studio_is_waited_for(studio: ConnectedClient, sleeps: list[float]) -> None:
    dataset_id, ids = owls(studio, 120)
    ready = studio.run(studio.client.datasets.wait(dataset_id=dataset_id, document_ids=ids))
    assert [progress.document_id for progress in ready] == ids
    assert [len(body) for body in bodies_of(studio)] == [100, 100, 20]


def test_an_id_that_is_no_number_stays_a_text(studio: ConnectedClient) -> None:
    dataset_id, _ = owls(studio)
    with pytest.raises(InvalidRequest):
        studio.run(studio.client.datasets.process(dataset_id=dataset_id, document_ids=["owl"]))
    assert bodies_of(studio) == [["owl"]]


@pytest.mark.parametrize(
    "refusal", [faults.Coded(4000), faults.Coded(4000, http_status=400), faults.Coded(4200), faults.Html(400)]
)
def test_another_refusal_is_none_of_the_form(
    coze: ConnectedClient, sleeps: list[float], refusal: faults.Coded | faults.Html
) -> None:
    dataset_id, ids = owls(coze)
    coze.emulator.inject(refusal, "*/process")
    with pytest.raises(APIError):
        coze.run(coze.client.datasets.process(dataset_id=dataset_id, document_ids=ids))
    assert bodies_of(coze) == [ids]
    coze.run(coze.client.datasets.process(dataset_id=dataset_id, document_ids=ids))
    assert bodies_of(coze) == [ids, ids]


def test_a_refusal_of_both_forms_is_raised_and_nothing_is_remembered(coze: ConnectedClient) -> None:
    dataset_id, [owl] = owls(coze)
    coze.emulator.inject(faults.Coded(400, http_status=400), "*/process", times=2)
    with pytest.raises(InvalidRequest):
        coze.run(coze.client.datasets.process(dataset_id=dataset_id, document_ids=[owl]))
    coze.run(coze.client.datasets.process(dataset_id=dataset_id, document_ids=[owl]))
    assert bodies_of(coze) == [[owl], [int(owl)], [owl]]


ID = st.one_of(st.text(max_size=20), st.integers(0, 2**70).map(str), st.from_regex(r"[0-9]{1,21}"))


@given(st.lists(ID.map(str.strip).filter(bool), min_size=1, max_size=3))
def test_a_number_says_the_same_as_its_text(ids: list[str]) -> None:
    other = Datasets.process(dataset_id="9", document_ids=ids).other_form
    numbers = other.body["document_ids"] if other else ids
    assert isinstance(numbers, list)
    assert [str(each) for each in numbers] == ids
    assert all(type(each) is str or each < 2**63 for each in numbers)

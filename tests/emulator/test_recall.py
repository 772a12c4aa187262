"""Bots that search their datasets before they answer, and report the slices."""

# ruff: noqa: RUF001 - Chinese is written with Chinese punctuation

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from coze_client.emulator import Emulator
from coze_client.emulator.scripting.bot import RecallStyle
from coze_client.emulator.scripting.quoting_bot import quote
from coze_client.emulator.scripts import Answer, AskClient, Item, Turn
from coze_client.emulator.state.dataset_records import StoredSlice
from tests.support.api_calls import ApiClient, Json, chat_ids, data, events, message_texts, question
from tests.support.slices import CITIES, LAKES, add_dataset, backend_of, document_ids


def completed(response: httpx.Response) -> list[Json]:
    return [item for name, item in events(response) if name == "conversation.message.completed"]


def recalls(response: httpx.Response) -> list[Json]:
    """Return the JSON texts that report a recall, of messages of any type."""
    contents = [json.loads(each["content"]) for each in completed(response) if each["type"] in ("verbose", "knowledge")]
    return [content for content in contents if content["msg_type"] == "knowledge_recall"]


def chunks(response: httpx.Response) -> list[Any]:
    [recall] = recalls(response)
    return list(json.loads(recall["data"])["chunks"] or ())


def test_a_bot_tells_what_it_recalled_before_it_answers(emulator: Emulator, api: ApiClient) -> None:
    dataset = add_dataset(emulator, "Lakes", {"lakes.txt": LAKES})
    response = api.ask(emulator.add_bot("guide", dataset_ids=[dataset]), "Where is Lake Geneva?")
    assert [message["type"] for message in completed(response)] == ["verbose", "answer", "verbose"]
    content = json.loads(completed(response)[0]["content"])
    assert list(content) == ["msg_type", "data"]
    recall = json.loads(content["data"])
    assert (recall["ori_req"], recall["status_code"]) == ("Where is Lake Geneva?", 0)
    first, second = recall["chunks"]
    assert 1 > first.pop("score") > second["score"] > 0
    assert first == {
        "slice": LAKES[0],
        "meta": {
            "dataset": {"id": dataset, "name": "Lakes"},
            "document": {
                "id": document_ids(emulator, dataset)[0],
                "name": "lakes.txt",
                "format_type": 0,
                "source_type": 0,
            },
            "link": {"title": "", "url": ""},
            "card": {"title": "", "con": "", "index": ""},
        },
    }


def test_a_web_page_is_recalled_with_its_link(emulator: Emulator, api: ApiClient) -> None:
    dataset = add_dataset(emulator, "Web", {"Lakes": LAKES}, url="https://example.com/lakes")
    [chunk, _] = chunks(api.ask(emulator.add_bot("guide", dataset_ids=[dataset]), "Lake Geneva?"))
    assert chunk["meta"]["link"] == {"title": "Lakes", "url": "https://example.com/lakes"}
    assert chunk["meta"]["document"]["source_type"] == 1


def test_a_saved_chat_lists_the_recall_and_an_unsaved_one_has_it_all_the_same(
    emulator: Emulator, api: ApiClient
) -> None:
    dataset = add_dataset(emulator, "Lakes", {"lakes.txt": LAKES})
    bot = emulator.add_bot("guide", dataset_ids=[dataset])
    chat = api.finish(api.start(bot, "Lake Geneva?"))
    listed = data(api.get("/v3/chat/message/list", params=chat_ids(chat)))
    assert [message["type"] for message in listed] == ["verbose", "verbose", "answer"]
    assert json.loads(listed[0]["content"])["msg_type"] == "knowledge_recall"
    assert len(chunks(api.ask(bot, "Lake Geneva?", auto_save_history=False))) == 2


def test_a_bot_without_a_script_quotes_the_sentence_that_answers_and_names_its_document(
    emulator: Emulator, api: ApiClient
) -> None:
    dataset = add_dataset(emulator, "World", {"lakes.txt": LAKES, "cities.txt": CITIES})
    bot = emulator.add_bot("guide", dataset_ids=[dataset])
    expected = "The capital of France is Paris. [1]\n\nSources: [1] cities.txt"
    assert message_texts(api.ask(bot, "What is the capital of France?")) == [expected]
    assert message_texts(api.ask(bot, "法国的首都是什么？")) == ["法国的首都是巴黎。 [1]\n\nSources: [1] cities.txt"]


def test_several_documents_are_cited_by_number() -> None:
    with Emulator() as emulator, ApiClient(emulator) as api:
        documents = {"a.txt": ["Ducks swim on the lake."], "b.txt": ["Swans swim on the lake, too."]}
        bot = emulator.add_bot("guide", dataset_ids=[add_dataset(emulator, "Birds", documents)])
        [answer] = message_texts(api.ask(bot, "Who does swim on the lake?"))
    assert answer.endswith("Sources: [1] a.txt, [2] b.txt")
    assert "[1]" in answer.splitlines()[0]
    assert "Swans swim on the lake, too. [2]" in answer


def test_nothing_found_is_said_so(emulator: Emulator, api: ApiClient) -> None:
    dataset = add_dataset(emulator, "Lakes", {"lakes.txt": LAKES})
    response = api.ask(emulator.add_bot("guide", dataset_ids=[dataset]), "Who wrote Hamlet?")
    assert message_texts(response) == ["I found nothing about this in my documents."]
    [message] = recalls(response)
    assert json.loads(message["data"]) == {"chunks": None, "ori_req": "Who wrote Hamlet?", "status_code": 0}


@pytest.mark.parametrize("asked", ["🙂", '"', "NOT (*", "x" * 100_000, "猫" * 50_000, "Hamlet? " * 12_000])
def test_any_question_may_be_asked(emulator: Emulator, api: ApiClient, asked: str) -> None:
    bot = emulator.add_bot("guide", dataset_ids=[add_dataset(emulator, "Lakes", {"lakes.txt": LAKES})])
    assert message_texts(api.ask(bot, asked)) == ["I found nothing about this in my documents."]
    assert LAKES[0] in message_texts(api.ask(bot, f"{asked[:50]} Geneva"))[0]


def test_a_bot_without_datasets_recalls_nothing(api: ApiClient) -> None:
    assert recalls(api.ask("echo", "Lake Geneva?")) == []


def test_the_same_json_may_come_as_type_knowledge(emulator: Emulator, api: ApiClient) -> None:
    dataset = add_dataset(emulator, "Lakes", {"lakes.txt": LAKES})
    bot = emulator.add_bot("guide", dataset_ids=[dataset], recall=RecallStyle("knowledge"))
    response = api.ask(bot, "Lake Geneva?")
    assert [message["type"] for message in completed(response)] == ["knowledge", "answer", "verbose"]
    assert [chunk["slice"] for chunk in chunks(response)] == list(LAKES)


def test_or_as_plain_text(emulator: Emulator, api: ApiClient) -> None:
    dataset = add_dataset(emulator, "Lakes", {"lakes.txt": LAKES})
    bot = emulator.add_bot("guide", dataset_ids=[dataset], recall=RecallStyle("text"))
    found = message_texts(api.ask(bot, "Lake Geneva?"), "knowledge")
    assert found == [f"---\nrecall slice 1:{LAKES[0]}\nrecall slice 2:{LAKES[1]}"]


@pytest.mark.parametrize("encoding", ["verbose", "knowledge"])
def test_the_data_may_be_null_or_broken(emulator: Emulator, api: ApiClient, encoding: Any) -> None:
    dataset = add_dataset(emulator, "Lakes", {"lakes.txt": LAKES})
    null = emulator.add_bot("null", dataset_ids=[dataset], recall=RecallStyle(encoding, "null"))
    [message] = recalls(api.ask(null, "Lake Geneva?"))
    assert message["data"] is None
    broken = emulator.add_bot("broken", dataset_ids=[dataset], recall=RecallStyle(encoding, "broken"))
    [message] = recalls(api.ask(broken, "Lake Geneva?"))
    with pytest.raises(json.JSONDecodeError):
        json.loads(message["data"])
    assert "Lake Geneva" in message_texts(api.ask(broken, "Lake Geneva?"))[0]


def test_each_dataset_may_have_its_own_message(emulator: Emulator, api: ApiClient) -> None:
    datasets = [add_dataset(emulator, name, {f"{name}.txt": LAKES}) for name in ("one", "two")]
    style = RecallStyle(per_dataset=True)
    response = api.ask(emulator.add_bot("guide", dataset_ids=datasets, recall=style), "Lake Geneva?")
    names = [json.loads(message["data"])["chunks"][0]["meta"]["dataset"]["name"] for message in recalls(response)]
    assert names == ["one", "two"]
    assert "[1] one.txt, [2] two.txt" in message_texts(response)[0]


def test_the_studio_tells_it_as_knowledge_without_details(studio: Emulator, studio_api: ApiClient) -> None:
    dataset = add_dataset(studio, "Web", {"Lakes": LAKES}, url="https://example.com/lakes")
    response = studio_api.ask(studio.add_bot("guide", dataset_ids=[dataset]), "Lake Geneva?")
    assert completed(response)[0]["type"] == "knowledge"
    [message] = recalls(response)
    assert json.loads(message["data"])["ori_req"] == ""
    [chunk, _] = chunks(response)
    assert chunk["meta"]["link"] == {"title": "", "url": ""}
    assert chunk["meta"]["document"]["name"] == "Lakes"


def test_a_script_gets_what_was_recalled_also_after_tool_outputs(emulator: Emulator, api: ApiClient) -> None:
    def script(turn: Turn) -> Iterator[Item]:
        seen.append(turn)
        yield Answer("done") if turn.outputs else AskClient((("get_weather", {"city": "Geneva"}),))

    seen: list[Turn] = []
    dataset = add_dataset(emulator, "Lakes", {"lakes.txt": LAKES})
    chat = api.finish(api.start(emulator.add_bot("guide", script, dataset_ids=[dataset]), "Lake Geneva?"))
    [call] = chat["required_action"]["submit_tool_outputs"]["tool_calls"]
    body = {"tool_outputs": [{"tool_call_id": call["id"], "output": "rain"}], "stream": True}
    answered = api.post("/v3/chat/submit_tool_outputs", params=chat_ids(chat), json=body)
    assert recalls(answered) == []
    first, second = seen
    assert first.recalled == second.recalled
    assert first.recalled is not None
    assert (first.recalled[0].text, first.recalled[0].document_name) == (LAKES[0], "lakes.txt")


def test_the_question_of_the_turn_is_what_is_looked_up(emulator: Emulator, api: ApiClient) -> None:
    dataset = add_dataset(emulator, "World", {"lakes.txt": LAKES, "cities.txt": CITIES})
    bot = emulator.add_bot("guide", dataset_ids=[dataset])
    history = [question("Lake Geneva?"), question("Yes.", "assistant", type="answer"), question("Capital of France?")]
    response = api.post("/v3/chat", json={**api.chat_body(bot, ""), "additional_messages": history, "stream": True})
    assert [chunk["slice"] for chunk in chunks(response)] == [CITIES[0]]


def test_what_was_recalled_is_not_billed_as_written(emulator: Emulator, api: ApiClient) -> None:
    dataset = add_dataset(emulator, "Long", {"long.txt": ["lake " * 2000]})
    for encoding in ("verbose", "knowledge", "text"):
        style = replace(RecallStyle(), encoding=encoding)
        bot = emulator.add_bot("guide", lambda _: [Answer("yes")], dataset_ids=[dataset], recall=style)
        assert api.finish(api.start(bot, "lake"))["usage"]["output_count"] == 1


def test_recalls_raise_hit_counts(emulator: Emulator, api: ApiClient) -> None:
    dataset = add_dataset(emulator, "Lakes", {"lakes.txt": LAKES})
    api.ask(emulator.add_bot("guide", dataset_ids=[dataset]), "Constance?")
    [document] = document_ids(emulator, dataset)
    assert [each.hit_count for each in backend_of(emulator).state.owned(StoredSlice, document)] == [0, 1]


def test_a_quote_has_the_best_sentences_in_their_order() -> None:
    text = "Bern is old. A bear lives in Bern. The bear eats fish! Nobody knows why.\nFish swim"
    assert quote("What does the bear in Bern eat?", text) == "A bear lives in Bern. The bear eats fish!"
    assert quote("Where does the bear live?", text) == "A bear lives in Bern."
    assert quote("猫吃什么？", "狗吃肉。猫吃鱼。") == "猫吃鱼。"
    assert quote("bear", "") == ""

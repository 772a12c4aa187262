"""A batch: what is stored of each prompt, what the next run asks, and what ends a run."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from coze_client import Chat, ChatResult, Message, NotFound, Usage, WorkflowResult
from coze_client.batch import Answered, Batch
from coze_client.errors import ConfigurationError


@pytest.fixture
def batch(tmp_path: Path) -> Batch:
    return Batch(tmp_path / "new folder" / "answers.jsonl")


def results(batch: Batch) -> dict[int, dict[str, object]]:
    """The stored results by number, without the seconds, which differ."""
    lines = [json.loads(line) for line in batch.path.read_text("utf-8").splitlines()]
    assert all(line.pop("seconds") >= 0 for line in lines)
    found = {line.pop("number"): line for line in lines}
    assert len(found) == len(lines)
    return found


async def shout_later(prompt: str) -> str:
    await asyncio.sleep(0)
    return prompt.upper()


ANSWERS: dict[str, Callable[[str], object]] = {
    "function": str.upper,
    "coroutine function": shout_later,
    "function that returns a coroutine": lambda prompt: shout_later(prompt),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_every_prompt_is_answered_and_its_result_is_stored(batch: Batch, answer: Callable[[str], object]) -> None:
    summary = batch.run((f"é{number}" for number in range(70)), answer, max_concurrency=7)
    assert (summary.completed, summary.failed, summary.earlier, summary.unknown) == (70, 0, 0, [])
    assert results(batch) == {
        number: {"status": "completed", "prompt": f"é{number}", "answer": f"É{number}", "tokens": None}
        for number in range(70)
    }


@pytest.mark.parametrize("is_async", [False, True])
def test_at_most_so_many_prompts_are_answered_at_once_and_so_many_are(batch: Batch, is_async: bool) -> None:
    all_here, both = threading.Barrier(8), asyncio.Event()
    running: set[int] = set()
    most: list[int] = []

    def meet(number: int) -> None:
        running.add(number)
        most.append(len(running))
        all_here.wait(30)
        running.discard(number)

    async def meet_later(number: int) -> None:
        running.add(number)
        most.append(len(running))
        if len(running) == 8:
            both.set()
        await both.wait()
        running.discard(number)

    assert batch.run(range(24), meet_later if is_async else meet, max_concurrency=8).completed == 24
    assert max(most) == 8


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ({"a": [1, None]}, {"answer": {"a": [1, None]}, "tokens": None}),
        (Answered("x", 3, "c", "h", "e", "l"), {
            "answer": "x", "tokens": 3, "conversation_id": "c", "chat_id": "h", "execute_id": "e", "logid": "l"
        }),
        (
            ChatResult(
                Chat(id="h", conversation_id="c", usage=Usage(token_count=5)), (Message.assistant("a"),)
            ),
            {"answer": "a", "tokens": 5, "conversation_id": "c", "chat_id": "h"},
        ),
        (
            WorkflowResult(output={"o": 1}, text="t", execute_id="e", usage=Usage(token_count=2)),
            {"answer": {"o": 1}, "tokens": 2, "execute_id": "e"},
        ),
        (Usage(token_count=1), {"answer": Usage(token_count=1).model_dump(mode="json"), "tokens": None}),
        (1 + 2j, {"answer": "(1+2j)", "tokens": None}),
        (float("nan"), {"answer": "nan", "tokens": None}),
        ("half \ud83d", {"answer": "half \ud83d", "tokens": None}),
    ],
)  # fmt: skip
def test_an_answer_of_any_kind_is_stored(batch: Batch, value: object, stored: dict[str, object]) -> None:
    summary = batch.run(["p"], lambda prompt: value)
    assert results(batch) == {0: {"status": "completed", "prompt": "p", **stored}}
    assert summary.tokens == (stored["tokens"] or 0)


def test_an_error_is_the_result_of_its_prompt_alone_and_is_not_asked_again(batch: Batch) -> None:
    def fail(prompt: str) -> str:
        if prompt == "bad":
            raise NotFound("No such bot", code=4200, logid="log1")
        return prompt if prompt == "good" else str(1 / 0)

    summary = batch.run(["bad", "good", "ugly"], fail)
    assert (summary.completed, summary.failed) == (1, 2)
    assert results(batch)[0] == {
        "status": "failed",
        "prompt": "bad",
        "error": "NotFound: No such bot (code 4200, logid log1)",
        "code": 4200,
        "logid": "log1",
    }
    assert results(batch)[2]["error"] == "ZeroDivisionError: division by zero"
    again = batch.run(["bad", "good", "ugly"], fail)
    assert (again.completed, again.failed, again.earlier) == (0, 0, 3)


def test_prompts_that_were_added_at_the_end_are_asked_alone(batch: Batch) -> None:
    asked: list[int] = []
    batch.run(range(3), asked.append)
    assert batch.run(range(5), asked.append).earlier == 3
    assert sorted(asked) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("prompts", [["b", "a"], ["a", {"b": 1}]])
def test_other_prompts_than_those_of_the_journal_are_refused(batch: Batch, prompts: list[object]) -> None:
    batch.run(["a", "b"], str)
    asked: list[object] = []
    with pytest.raises(ConfigurationError, match="is not the one that an earlier run of this batch started"):
        batch.run(prompts, asked.append)
    assert asked == []


@pytest.mark.parametrize("is_async", [False, True])
def test_what_was_running_at_ctrl_c_is_unknown_to_the_next_run_and_not_started_again(
    batch: Batch, is_async: bool
) -> None:
    def stop(prompt: int) -> int:
        if prompt == 3:
            raise KeyboardInterrupt
        return prompt

    async def stop_later(prompt: int) -> int:
        return stop(prompt)

    with pytest.raises(KeyboardInterrupt):
        batch.run(range(6), stop_later if is_async else stop, max_concurrency=1)
    asked: list[int] = []
    summary = batch.run(range(6), asked.append)
    assert (summary.earlier, [(each.number, each.prompt) for each in summary.unknown]) == (3, [(3, 3)])
    assert sorted(asked) == [4, 5]
    assert [each.number for each in batch.run(range(6), asked.append).unknown] == [3]


def test_nothing_is_asked_before_its_start_mark_is_on_the_disk(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: set[object] = set()
    flush = os.fsync

    def remember(file: int) -> None:
        flush(file)
        flushed.update(line["number"] for line in marks(batch))

    monkeypatch.setattr(os, "fsync", remember)
    batch.run(range(40), lambda number: number in flushed, max_concurrency=9)
    assert [result["answer"] for result in results(batch).values()] == [True] * 40


def marks(batch: Batch) -> list[dict[str, object]]:
    path = batch.path.with_name(batch.path.name + ".journal")
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


@pytest.mark.parametrize("max_concurrency", [1, 4])
def test_a_full_disk_ends_the_run_and_nothing_more_is_asked(
    batch: Batch, max_concurrency: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    flush = os.fsync

    def fill(file: int) -> None:
        flush(file)
        if asked:
            raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fill)
    with pytest.raises(OSError, match="disk full"):
        batch.run(range(1000), asked.append, max_concurrency=max_concurrency)
    assert 0 < len(asked) <= 2 * max_concurrency
    monkeypatch.undo()
    again: list[int] = []
    batch.run(range(1000), again.append)
    assert set(again).isdisjoint(asked)


def test_an_error_of_the_iterator_ends_the_run(batch: Batch) -> None:
    with pytest.raises(ZeroDivisionError):
        batch.run((1 / number for number in (1, 0)), str)


def test_another_run_of_the_same_batch_is_refused_while_one_is_under_way(batch: Batch) -> None:
    def again(prompt: str) -> None:
        Batch(batch.path).run(["b"], str)

    assert batch.run(["a"], again).failed == 1
    assert "Another run of the batch" in str(results(batch)[0]["error"])


@pytest.mark.parametrize(
    ("prompts", "max_concurrency", "error"),
    [
        ("a text", 50, "A text is no list of prompts"),
        (["a"], 0, "max_concurrency must be at least 1"),
        ([object()], 50, "cannot be converted to JSON"),
        (Path("a.parquet"), 50, r"neither \.jsonl nor \.csv"),
    ],
)
def test_arguments_that_cannot_work_are_refused(
    batch: Batch, prompts: list[object], max_concurrency: int, error: str
) -> None:
    with pytest.raises(ConfigurationError, match=error):
        batch.run(prompts, str, max_concurrency)


async def test_inside_an_event_loop_the_error_says_how_to_run_it(batch: Batch) -> None:
    with pytest.raises(ConfigurationError, match=r"asyncio\.to_thread"):
        batch.run(["a"], str)
    assert (await asyncio.to_thread(batch.run, ["a"], str)).completed == 1


def test_a_file_of_something_else_is_no_batch(batch: Batch) -> None:
    batch.path.parent.mkdir()
    batch.path.write_text('{"my": "data"}\n')
    with pytest.raises(ConfigurationError, match="is no file of a batch"):
        batch.run(["a"], str)
    assert batch.path.read_text() == '{"my": "data"}\n'

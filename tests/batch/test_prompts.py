"""Prompts from files and iterators."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from coze_client.batch import read_prompts
from coze_client.batch.prompts import Prompts
from coze_client.errors import ConfigurationError


@pytest.mark.parametrize(
    ("name", "text", "prompts"),
    [
        ("a.jsonl", '"hello"\n\n{"n": 1}\n', ["hello", {"n": 1}]),
        ("a.JSONL", '\ufeff"né\\n"', ["né\n"]),
        (
            "a.csv",
            '\ufeffq,lang\r\nwhy?,en\r\n"two\nlines",é\r\n',
            [{"q": "why?", "lang": "en"}, {"q": "two\nlines", "lang": "é"}],
        ),
    ],
)
def test_a_file_is_read_prompt_by_prompt(tmp_path: Path, name: str, text: str, prompts: list[object]) -> None:
    (tmp_path / name).write_bytes(text.encode())
    assert list(read_prompts(tmp_path / name)) == prompts


def test_a_line_that_is_no_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('"one"\ntwo\n')
    with pytest.raises(ConfigurationError, match=r"a\.jsonl, line 2 is not JSON"):
        list(read_prompts(tmp_path / "a.jsonl"))


@pytest.mark.parametrize("name", ["a.parquet", "a.txt", "a"])
def test_another_kind_of_file_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"neither \.jsonl nor \.csv"):
        read_prompts(name)


async def test_an_iterator_is_read_no_further_ahead_than_the_workers_need() -> None:
    read: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(10_000):
            read.append(number)
            yield number

    prompts = Prompts(numbers(), ahead=5)
    taken = await asyncio.gather(*(prompts.take() for _ in range(12)))
    assert [prompt.number for prompt in taken if prompt] == list(range(12))
    assert len(read) == 15


async def test_after_the_last_prompt_there_is_none_for_anybody() -> None:
    prompts = Prompts(["one"], ahead=3)
    assert [await prompts.take() is None for _ in range(3)] == [False, True, True]

"""Splitting documents by the API's chunk strategies, in Chinese and in English."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.request import Fields
from coze_client.emulator.text.chunking import (
    AUTOMATIC_TOKENS,
    ChunkRule,
    count_tokens,
    read_chunk_rule,
    split,
)


def custom(separator: str = "\n", max_tokens: int = 100, **more: bool) -> ChunkRule:
    return ChunkRule(1, separator, max_tokens, **more)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("the cat sat", 3),
        ("internationalisation", 4),
        ("床前明月光", 5),
        ("Python语言。好!", 6),
        ("かな漢字", 4),
    ],
)
def test_tokens_are_counted_in_chinese_and_english(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens


def test_a_custom_separator_always_parts() -> None:
    assert split("one\n\ntwo\nthree\n\n\n\nfour", custom("\n\n")) == ["one", "two\nthree", "four"]
    assert split("甲###乙", custom("###")) == ["甲", "乙"]


def test_automatic_slices_hold_whole_lines_together() -> None:
    lines = [f"Line {number} says nothing new." for number in range(200)]
    slices = split("\n".join(lines), ChunkRule())
    assert "\n".join(slices).split("\n") == lines
    assert len(slices) == 8
    assert all(count_tokens(each) <= AUTOMATIC_TOKENS for each in slices)


def test_what_is_too_long_is_cut_at_sentences() -> None:
    chinese = "".join(f"第{number}句话说完了。" for number in "一二三四五六七八九十" * 5)
    slices = split(chinese, custom())
    assert "".join(slices) == chinese
    assert all(each.endswith("。") for each in slices)
    english = " ".join(f"This is sentence number {number}." for number in range(40))
    assert all(each.endswith(".") for each in split(english, custom()))
    assert len(split(english, custom())) == 3


def test_a_sentence_without_end_is_cut_by_tokens() -> None:
    assert [len(each) for each in split("字" * 250, custom())] == [100, 100, 50]


def test_spaces_urls_and_emails_are_removed_on_demand_alone() -> None:
    text = "See  https://coze.com/docs?q=1#a, or\twww.coze.cn/x了解; mail me@coze.com"
    assert split(text, custom()) == [text]
    assert split(text, custom(remove_extra_spaces=True)) == [text.replace("  ", " ").replace("\t", " ")]
    assert split(text, custom(remove_urls_emails=True)) == ["See  , or\t了解; mail"]
    assert split("a\n b\n\nc", custom("\n\n", remove_extra_spaces=True)) == ["a b", "c"]


@pytest.mark.parametrize("strategy", [ChunkRule(), custom(" ", remove_urls_emails=True)])
@pytest.mark.parametrize("text", ["a" + "\n" * 300_000 + "b", "a" * 500_000], ids=["lines", "letters"])
def test_a_large_document_of_nearly_nothing_takes_no_longer_than_others(text: str, strategy: ChunkRule) -> None:
    assert sum(map(len, split(text, strategy))) == len(text)


@given(st.text(st.sampled_from("ab字。. \n!😀é"), max_size=2000), st.sampled_from([ChunkRule(), custom(), custom("b")]))
def test_no_slice_is_empty_or_too_long_and_no_character_is_lost(text: str, strategy: ChunkRule) -> None:
    slices = split(text, strategy)
    most = strategy.max_tokens or AUTOMATIC_TOKENS
    assert all(each.strip() == each != "" and count_tokens(each) <= most for each in slices)
    kept = text.replace(strategy.separator, "") if strategy.separator else text
    assert "".join("".join(slices).split()) == "".join(kept.split())


@pytest.mark.parametrize(
    "wrong",
    [
        {"chunk_type": 2},
        {"chunk_type": 1, "max_tokens": 800},
        {"chunk_type": 1, "separator": "\n"},
        {"chunk_type": 1, "separator": "\n", "max_tokens": 99},
        {"chunk_type": 1, "separator": "\n", "max_tokens": 2001},
        {"chunk_type": 1, "separator": "\n", "max_tokens": 800, "remove_extra_spaces": "yes"},
    ],
)
def test_a_strategy_that_the_api_refuses_is_4000(wrong: dict[str, object]) -> None:
    with pytest.raises(ApiError) as refused:
        read_chunk_rule(Fields(wrong))
    assert refused.value.code == 4000


def test_an_automatic_strategy_ignores_what_is_for_custom_ones() -> None:
    given = {"chunk_type": 0, "max_tokens": 5, "separator": "x", "remove_urls_emails": True}
    assert read_chunk_rule(Fields(given)) == ChunkRule()
    assert read_chunk_rule(Fields({})) == ChunkRule()

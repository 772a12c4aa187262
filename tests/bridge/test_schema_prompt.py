"""Structured output by prompt: the prompt, and the JSON in the answer."""

from __future__ import annotations

import pytest

from coze_client.bridge.chat.schema_prompt import extract_json, repair_prompt, schema_prompt

SCHEMA = {"type": "object", "properties": {"città": {"type": "string"}}}


def test_the_schema_stands_in_the_prompt_readably() -> None:
    assert "JSON schema" in schema_prompt(SCHEMA)
    assert '```json\n{"type": "object", "properties": {"città": {"type": "string"}}}\n```' in schema_prompt(SCHEMA)


def test_a_repair_stands_by_itself() -> None:
    prompt = repair_prompt(SCHEMA, "città: Roma", "no JSON")
    assert schema_prompt(SCHEMA) in prompt
    assert prompt.endswith("città: Roma")


@pytest.mark.parametrize(
    "answer",
    [
        '{"a": [1]}',
        '  {"a": [1]}\n',
        '```json\n{"a": [1]}\n```',
        '```\n{"a": [1]}\n```',
        'Of course {really}:\n```JSON\r\n{"a": [1]}\n```\nAnything else?',
        'Here: {"a": [1]} is it, {"b": 2} is not.',
    ],
)
def test_the_json_is_found_whatever_stands_around_it(answer: str) -> None:
    assert extract_json(answer) == {"a": [1]}


@pytest.mark.parametrize("answer", ["", "I would rather not.", '{"a": [1', "{" * 100_000])
def test_an_answer_without_json_says_so(answer: str) -> None:
    with pytest.raises(ValueError, match="no JSON"):
        extract_json(answer)

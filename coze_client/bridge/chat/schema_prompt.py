"""Structured output by prompt, since Coze has no parameter for it: the words that ask, and the JSON in the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import cast

_FENCE = re.compile(r"```[ \t]*\w*[ \t]*\r?\n(.*?)```", re.DOTALL)
_MOST_STARTS = 100  # braces to try in an answer; more are no JSON but an essay about it


def schema_prompt(schema: Mapping[str, object]) -> str:
    """The instruction to answer with JSON that fits `schema`."""
    return (
        "Answer with one JSON value that fits this JSON schema, and with nothing else "
        f"(no explanation, and not the schema itself):\n{_fenced(schema)}"
    )


def repair_prompt(schema: Mapping[str, object], answer: str, problem: str) -> str:
    """The instruction to mend an `answer` that does not fit `schema`; understandable in a chat of its own."""
    return (
        f"The text below was to be a JSON value, but: {problem}\n"
        f"Mend it, keeping what it says.\n{schema_prompt(schema)}\n\nThe text:\n{answer}"
    )


def extract_json(answer: str) -> object:
    """The JSON value in an answer: all of it, else the first fenced block, else the first object or list in the prose.

    Raises ValueError if there is none.
    """
    for candidate in (answer, *_FENCE.findall(answer)):
        with suppress(ValueError):
            return cast("object", json.loads(candidate))
    for value in _embedded(answer):
        return value
    raise ValueError("there is no JSON in the answer")


def _embedded(text: str) -> Iterator[object]:
    decoder = json.JSONDecoder()
    for found in list(re.finditer(r"[{\[]", text))[:_MOST_STARTS]:
        with suppress(ValueError):
            yield decoder.raw_decode(text, found.start())[0]


def _fenced(schema: Mapping[str, object]) -> str:
    return f"```json\n{json.dumps(schema, ensure_ascii=False)}\n```"

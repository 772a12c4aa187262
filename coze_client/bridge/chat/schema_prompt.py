"""Structured output by prompt, because Coze has no parameter for it: write the prompt, find the JSON in the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice

from coze_client.core.json_text import checked_depth, load_json

_FENCE = re.compile(r"```[ \t]*(?:\w+[ \t]*)?\r?\n(.*?)```", re.DOTALL)
_FIRST_WORDS = "Answer with one JSON value that fits this JSON schema, and with nothing else"
_MAX_STARTS = 100  # braces to try in an answer; a text with more is not JSON


def schema_prompt(schema: Mapping[str, object]) -> str:
    """The instruction to answer with JSON that matches `schema`."""
    return f"{_FIRST_WORDS} (no explanation, and not the schema itself):\n{_fenced(schema)}"


def without_prompt(question: str) -> str:
    """The question in a text that may end with ``schema_prompt`` and what follows it; "" if it is the prompt alone."""
    return question.partition(_FIRST_WORDS)[0].rstrip()


def repair_prompt(schema: Mapping[str, object], answer: str, problem: str) -> str:
    """The instruction to repair an `answer` that does not match `schema`; it also works in a new chat."""
    return (
        f"The text below should be a JSON value, but: {problem}\n"
        f"Correct it and keep its content.\n{schema_prompt(schema)}\n\nThe text:\n{answer}"
    )


def outside_conversation(*, is_chatflow: bool) -> dict[str, object]:
    """The options of a chat for a repair: it belongs to no conversation, and a bot does not save it."""
    return {"conversation_id": None, **({} if is_chatflow else {"auto_save_history": False})}


def extract_json(answer: str) -> object:
    """Find the JSON value in an answer; raises ValueError if there is none.

    It is the whole answer, else the first fenced block that is JSON, else the first object or list inside the text.
    """
    for candidate in (answer, *_FENCE.findall(answer)):
        with suppress(ValueError):
            return load_json(candidate)
    for value in _embedded(answer):
        return value
    raise ValueError("there is no JSON in the answer")


def _embedded(text: str) -> Iterator[object]:
    decoder = json.JSONDecoder()
    for found in islice(re.finditer(r"[{\[]", text), _MAX_STARTS):
        with suppress(ValueError, RecursionError):
            yield checked_depth(decoder.raw_decode(text, found.start())[0])


def _fenced(schema: Mapping[str, object]) -> str:
    return f"```json\n{json.dumps(schema, ensure_ascii=False)}\n```"

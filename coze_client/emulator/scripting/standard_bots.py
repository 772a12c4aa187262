"""The bots that every emulator has; each has the name of its script."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType

from coze_client.emulator.scripting.bot import CREATED_AT, FIRST_BOT_ID, ScriptedBot
from coze_client.emulator.scripting.quoting_bot import librarian
from coze_client.emulator.scripting.rule_bot import assistant, fill, requested_schema
from coze_client.emulator.scripts import (
    Answer,
    AskClient,
    Audio,
    Fail,
    FollowUps,
    FunctionCall,
    Item,
    Part,
    Reasoning,
    Script,
    ToolResponse,
    Turn,
)

FIRST_VERSION = f"{CREATED_AT}000"
"""The version of each standard bot that the API has not changed."""


def echo(turn: Turn) -> Iterator[Item]:
    """Repeat the question with `{{name}}` replaced from custom_variables; audio in the question adds audio."""
    text = re.sub(r"\{\{(\w+)\}\}", lambda found: turn.variables.get(found[1], found[0]), turn.question)
    yield Answer(text or describe(turn.parts))
    if any(part.kind == "audio" for part in turn.parts):
        yield Audio(bytes(range(256)))
        yield Audio(bytes(range(128)))


def reasoner(turn: Turn) -> Iterator[Item]:
    """Send reasoning before the answer."""
    yield Reasoning(f"The user says {turn.question!r}. I should think before I answer. ")
    yield Reasoning("Done thinking.")
    yield Answer(f"After some thought: {turn.question}")


PLUGINS = (
    {
        "name": "get_weather",
        "description": "The weather in a city now.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
    {
        "name": "get_time",
        "description": "The time in a time zone now.",
        "parameters": {"type": "object", "properties": {"timezone": {"type": "string"}}, "required": ["timezone"]},
    },
    {
        "name": "book_table",
        "description": "Books a table in a restaurant.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "guests": {"type": "integer"}},
            "required": ["city"],
        },
    },
)


_WITH_SCHEMA = re.compile(r"\n\n[^\n]*JSON schema")


def plugins(turn: Turn) -> Iterator[Item]:
    """Call client plugins for weather and time, one call for each city, or for booking a table; report the outputs.

    With a JSON schema in the question, the report is JSON of this schema.
    """
    asked, schema = _WITH_SCHEMA.split(turn.question)[0], requested_schema(turn.question)
    if turn.outputs:
        report = " ".join(f"{done.name} says: {done.output}." for done in turn.outputs)
        yield Answer(report if schema is None else json.dumps(fill(schema, schema, f"{asked} {report}")))
        return
    question = asked.lower()
    places = re.findall(r"\b[A-Z][a-zü]+\b", re.sub(r"^\W*\w+", "", asked)) or ["Zurich"]
    calls: list[tuple[str, Mapping[str, object]]] = []
    if "weather" in question:
        calls += [("get_weather", {"city": place}) for place in places]
    if "time" in question:
        calls += [("get_time", {"timezone": f"Europe/{places[0]}"})]
    if "book" in question:
        guests = re.search(r"\d+", question)
        calls += [("book_table", {"city": places[0], "guests": int(guests[0]) if guests else 2})]
    yield AskClient(tuple(calls)) if calls else Answer("Ask me about the weather or the time.")


def vision(turn: Turn) -> Iterator[Item]:
    """List the images and files of the question."""
    yield Answer(describe(turn.parts))


def describe(parts: tuple[Part, ...]) -> str:
    """Describe images and files by their number for each kind, and their names."""
    if not parts:
        return "I see nothing but text."
    kinds = [part.kind for part in parts]
    counts = ", ".join(f"{kinds.count(kind)} {kind}(s)" for kind in dict.fromkeys(kinds))
    return f"I see {counts}: {', '.join(part.name for part in parts)}."


def follow_ups(turn: Turn) -> Iterator[Item]:
    """Send three suggested questions after the answer."""
    yield Answer(f"You asked: {turn.question}")
    yield FollowUps(("Why?", "How much?", "What comes next?"))


def several_answers(turn: Turn) -> Iterator[Item]:
    """Send two answers, with a server-side plugin call between them."""
    yield Answer("Let me look that up. ")
    yield FunctionCall("search-web", {"query": turn.question})
    yield ToolResponse(json.dumps({"content_type": 1, "response_for_model": "42", "type_for_model": 1}))
    yield Answer("I found it: 42.")


def slow(turn: Turn) -> Iterator[Item]:
    """Send two hundred words, one every `pace` seconds, or every 50 ms if the pace is 0."""
    yield Answer(" ".join(f"word{n}" for n in range(1, 201)), pace=turn.pace or 0.05)


def failing(_turn: Turn) -> Iterator[Item]:
    """Fail after half of an answer."""
    yield Answer("This goes well until ", pieces=("This goes ", "well until "))
    yield Fail(5000, "model unavailable")


SCRIPTS: Mapping[str, Script] = MappingProxyType(
    {
        script.__name__: script
        for script in (echo, reasoner, plugins, vision, follow_ups, several_answers, slow, failing, assistant)
    }
)


def default_script(dataset_ids: Collection[str]) -> Script:
    """Return the script of a bot that was created without one."""
    return librarian if dataset_ids else assistant


def standard_bots() -> list[ScriptedBot]:
    """Return the standard bots; their ids are always the same, so that conversations in a file keep their bot."""
    return [
        ScriptedBot(str(FIRST_BOT_ID + n), name, script, plugins=PLUGINS if name == "plugins" else ())
        for n, (name, script) in enumerate(SCRIPTS.items())
    ]

"""The bot "assistant": simple rules for tool calls, structured output, and remembering the user's name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from coze_client.emulator.scripts import Answer, AskClient, Item, Turn

Schema = Mapping[str, object]
GENERIC = frozenset({"tool", "tools", "plugin", "plugins", "function"})


def assistant(turn: Turn) -> Iterator[Item]:
    """Fill in the JSON schema of the prompt, or call the client plugin that fits the question, or chat."""
    schema = requested_schema(turn.question)
    if schema is not None:
        prompt = re.sub(r"```json.*?```", "", turn.question, flags=re.DOTALL)
        yield Answer("```json\n" + json.dumps(fill(schema, schema, prompt), ensure_ascii=False) + "\n```")
    elif turn.outputs:
        yield Answer("The tools say: " + "; ".join(f"{done.name} → {done.output}" for done in turn.outputs))
    elif plugin := suitable_plugin(turn):
        yield AskClient(((str(plugin["name"]), arguments_for(plugin, turn.question)),))
    else:
        yield Answer(small_talk(turn))


def small_talk(turn: Turn) -> str:
    """Repeat the question, or answer about the user's name, which is searched in the history."""
    messages = [line.text for line in turn.history if line.role == "user"]
    if re.search(r"what(?:'s| is) my name", turn.question, re.IGNORECASE):
        names = [found[1] for text in messages if (found := re.search(r"my name is (\w+)", text, re.IGNORECASE))]
        return f"Your name is {names[-1]}." if names else "You have not told me your name."
    if found := re.search(r"my name is (\w+)", turn.question, re.IGNORECASE):
        return f"Nice to meet you, {found[1]}."
    return f"You said: {turn.question}"


def requested_schema(question: str) -> Schema | None:
    """Return the fenced JSON after the words "JSON schema"; None if there is none."""
    found = re.search(r"JSON schema.*?```json\s*(.*?)```", question, re.DOTALL | re.IGNORECASE)
    schema = json.loads(found[1]) if found else None
    return schema if isinstance(schema, dict) else None


def function_of(schema: Schema) -> Schema:
    """Return the function schema, also if it is wrapped as `{"type": "function", "function": …}`."""
    inner = schema.get("function", schema)
    return inner if isinstance(inner, dict) else schema


def suitable_plugin(turn: Turn) -> Schema | None:
    """Return the plugin that the question names or shares a word with, or the first if it asks for any tool."""
    plugins = [function_of(plugin) for plugin in turn.plugins]
    question = turn.question.lower()
    words = set(re.findall(r"\w{4,}", question))
    for plugin in plugins:
        if re.search(rf"\b{re.escape(str(plugin['name']).lower())}\b", question):
            return plugin
    for plugin in plugins:
        if (words - GENERIC) & set(re.split(r"[_\W]+", str(plugin["name"]).lower())):
            return plugin
    return plugins[0] if plugins and words & GENERIC else None


def arguments_for(plugin: Schema, question: str) -> dict[str, object]:
    """Fill in the required parameters of a plugin from the question."""
    parameters = plugin.get("parameters")
    if not isinstance(parameters, dict):
        return {}
    filled = fill(parameters, parameters, question)
    return filled if isinstance(filled, dict) else {}


def fill(schema: Schema, root: Schema, prompt: str, name: str = "") -> object:
    """Make up a value: numbers and quoted strings come from the prompt, choices are those it names, or the first."""
    schema = resolve_reference(schema, root)
    if "const" in schema:
        return schema["const"]
    if isinstance(choices := schema.get("enum"), list):
        return next((choice for choice in choices if str(choice).lower() in prompt.lower()), choices[0])
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties")
        members = properties if isinstance(properties, dict) else {}
        required = schema.get("required", list(members))
        names = required if isinstance(required, list) else []
        return {key: fill(members[key], root, prompt, key) for key in members if key in names}
    if kind == "array":
        items = schema.get("items")
        return [fill(items if isinstance(items, dict) else {"type": "string"}, root, prompt, name)]
    if kind in ("integer", "number"):
        number = re.search(r"-?\d+(?:\.\d+)?", prompt)
        value = float(number[0]) if number else 1.0
        return int(value) if kind == "integer" or value.is_integer() else value
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    return quoted(prompt)


def resolve_reference(schema: Schema, root: Schema) -> Schema:
    """Resolve `$ref`, and the first alternative of `anyOf`, `oneOf` or `allOf`."""
    while True:
        reference = schema.get("$ref")
        if isinstance(reference, str):
            target: object = root
            for step in reference.lstrip("#/").split("/"):
                target = target.get(step) if isinstance(target, dict) else None
            schema = target if isinstance(target, dict) else {}
            continue
        alternatives = next((schema[key] for key in ("anyOf", "oneOf", "allOf") if schema.get(key)), None)
        if not isinstance(alternatives, list):
            return schema
        schema = alternatives[0]


def quoted(prompt: str) -> str:
    """Return the first quoted text of the prompt, or else the prompt on one line."""
    found = re.search(r"(?<!\w)'([^']+)'(?!\w)|\"([^\"]+)\"|“([^”]+)”|「([^」]+)」", prompt)
    return next(group for group in found.groups() if group) if found else " ".join(prompt.split())

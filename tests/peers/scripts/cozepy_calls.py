"""Makes the calls of its input with cozepy, through either of its clients."""

from __future__ import annotations

import asyncio
import base64
import inspect
from functools import reduce
from typing import Any

from cozepy import (
    AsyncCoze,
    AsyncTokenAuth,
    Coze,
    DocumentBase,
    DocumentChunkStrategy,
    DocumentFormatType,
    DocumentSourceInfo,
    DocumentUpdateRule,
    Message,
    MessageObjectString,
    TokenAuth,
    ToolOutput,
    VariableValue,
    WorkspaceMember,
)
from cozepy.model import FileHTTPResponse
from pydantic import BaseModel

from tests.peers.scripts.cozepy_methods import methods, names, typed_arguments
from tests.peers.scripts.serve import serve

SOUNDS = (".wav", ".mp3")


def answer(request: dict[str, Any]) -> object:
    if request["call"] == "names":
        return names()
    if request["call"] == "methods":
        return list(methods(client_of({**request, "url": "https://example.com"})))  # its websockets refuse http
    if request["call"] == "answer_in_the_loop":
        return asyncio.run(answer_in_the_async_loop(request)) if request["asyncio"] else answer_in_the_loop(request)
    if request["asyncio"]:
        return asyncio.run(call_async(request))
    return plain(started(client_of(request), request))


def client_of(request: dict[str, Any]) -> Any:
    if request["asyncio"]:
        return AsyncCoze(auth=AsyncTokenAuth(request["token"]), base_url=request["url"])
    return Coze(auth=TokenAuth(request["token"]), base_url=request["url"])


def started(client: object, request: dict[str, Any]) -> Any:
    """Call the method with the request's arguments, or with those that send its `wire`."""
    called, given = method(client, request["call"]), request["given"]
    return called(**(typed_arguments(called, given["wire"]) if "wire" in given else arguments(given)))


async def call_async(request: dict[str, Any]) -> object:
    result = started(client_of(request), request)
    if inspect.isawaitable(result):
        result = await result
    if hasattr(result, "__aiter__"):
        result = [item async for item in result]
    return plain(result)


def answer_in_the_loop(request: dict[str, Any]) -> object:
    """Run a workflow as cozepy's own example does: resume it inside the loop over the events of the stream."""
    client = Coze(auth=TokenAuth(request["token"]), base_url=request["url"])
    seen: list[object] = []

    def handle(stream: Any) -> None:
        for event in stream:
            seen.append(plain(event))
            if event.interrupt is not None:
                handle(client.workflows.runs.resume(**resumption(event, request["given"])))

    handle(client.workflows.runs.stream(workflow_id=request["given"]["workflow_id"]))
    return seen


async def answer_in_the_async_loop(request: dict[str, Any]) -> object:
    client = AsyncCoze(auth=AsyncTokenAuth(request["token"]), base_url=request["url"])
    seen: list[object] = []

    async def handle(stream: Any) -> None:
        async for event in stream:
            seen.append(plain(event))
            if event.interrupt is not None:
                await handle(client.workflows.runs.resume(**resumption(event, request["given"])))

    await handle(client.workflows.runs.stream(workflow_id=request["given"]["workflow_id"]))
    return seen


def resumption(event: Any, given: dict[str, Any]) -> dict[str, Any]:
    asked = event.interrupt.interrupt_data
    return {**given, "event_id": asked.event_id, "interrupt_type": asked.type}


def method(client: object, path: str) -> Any:
    return reduce(getattr, path.split("."), client)


def arguments(given: dict[str, Any]) -> dict[str, Any]:
    """Convert JSON to cozepy's types, with its builders."""
    for name in ("additional_messages", "messages"):
        if name in given:
            given[name] = [message(item) for item in given[name]]
    if "tool_outputs" in given:
        given["tool_outputs"] = [ToolOutput(**item) for item in given["tool_outputs"]]
    if "file" in given:
        name, text = given["file"]
        given["file"] = (name, base64.b64decode(text) if name.endswith(SOUNDS) else text.encode())
    if "users" in given:
        given["users"] = [WorkspaceMember(**each) for each in given["users"]]
    if "data" in given:
        given["data"] = [VariableValue(**each) for each in given["data"]]
    if "document_bases" in given:
        given["document_bases"] = [document(**item) for item in given["document_bases"]]
    builders = {"chunk_strategy": DocumentChunkStrategy, "update_rule": DocumentUpdateRule}
    for name in builders.keys() & given.keys():
        given[name] = built(builders[name], given[name])
    if "format_type" in given:
        given["format_type"] = DocumentFormatType(given["format_type"])
    return given


def document(name: str, source: list[Any], rule: list[Any] | None = None) -> DocumentBase:
    update_rule = built(DocumentUpdateRule, rule) if rule else None
    return DocumentBase(name=name, source_info=built(DocumentSourceInfo, source), update_rule=update_rule)


def built(kind: Any, call: list[Any]) -> Any:
    """Call a builder: `["auto_update", 24]`."""
    return getattr(kind, f"build_{call[0]}")(*call[1:])


def message(given: str | list[dict[str, Any]] | dict[str, Any]) -> Any:
    """Convert a text or a list of parts to a question, an object to any message."""
    if isinstance(given, str):
        return Message.build_user_question_text(given)
    if isinstance(given, list):
        return Message.build_user_question_objects([MessageObjectString(**part) for part in given])
    return Message(**given)


def plain(result: object) -> object:
    if isinstance(result, BaseModel):
        return result.model_dump(mode="json", exclude_none=True, fallback=list)
    if isinstance(result, FileHTTPResponse):
        return base64.b64encode(b"".join(result._raw_response.iter_bytes())).decode()
    if hasattr(result, "__iter__"):
        return [plain(item) for item in result]
    return result


if __name__ == "__main__":
    serve(answer)

"""Recall slices from a bot's datasets before it answers, and build the messages that report them.

There are three forms: a verbose message (the official best practice), the same JSON in a message of type knowledge
(coze-studio), and plain text in a message of type knowledge (an old page of chat v3).
"""

from __future__ import annotations

from dataclasses import dataclass

from coze_client.emulator.protocol.stream import to_json
from coze_client.emulator.scripting.bot import RecallStyle, ScriptedBot
from coze_client.emulator.scripts import Extra, Recalled
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.dataset_records import StoredDataset, StoredDocument
from coze_client.emulator.state.knowledge_search import Hit

TOP_K = 5
MIN_SCORE = 0.2


@dataclass(frozen=True)
class BotRecall:
    """The recalled slices, best first, and the messages that report them."""

    slices: tuple[Recalled, ...]
    messages: tuple[Extra, ...]


def recall(backend: Backend, bot: ScriptedBot, question: str) -> BotRecall | None:
    """Search the bot's datasets for the question; None if the bot has none, or does not search automatically."""
    if not bot.dataset_ids or not bot.auto_call:
        return None
    groups = [(each,) for each in bot.dataset_ids] if bot.recall.per_dataset else [bot.dataset_ids]
    found = [backend.knowledge.search(group, question, TOP_K, MIN_SCORE) for group in groups]
    best = sorted((hit for hits in found for hit in hits), key=lambda hit: -hit.score)[:TOP_K]
    slices = tuple(Recalled(hit.slice.text, hit.score, _document_name(backend, hit)) for hit in best)
    return BotRecall(slices, tuple(_message(backend, bot.recall, question, hits) for hits in found))


def _message(backend: Backend, style: RecallStyle, question: str, hits: list[Hit]) -> Extra:
    encoding = style.encoding or backend.dialect.recall_encoding
    if encoding == "text":
        lines = [f"recall slice {number}:{hit.slice.text}" for number, hit in enumerate(hits, 1)]
        return Extra("knowledge", "\n".join(["---", *lines]))
    return Extra(encoding, to_json({"msg_type": "knowledge_recall", "data": _data(backend, style, question, hits)}))


def _data(backend: Backend, style: RecallStyle, question: str, hits: list[Hit]) -> str | None:
    """Return the slices as JSON text; without slices `chunks` is null, as in coze-studio."""
    chunks = [_chunk(backend, hit) for hit in hits] or None
    shown = question if backend.dialect.recall_details else ""
    text = to_json({"chunks": chunks, "ori_req": shown, "status_code": 0})
    return {"chunks": text, "null": None, "broken": text[: len(text) // 2]}[style.data]


def _chunk(backend: Backend, hit: Hit) -> dict[str, object]:
    dataset = backend.state.get(StoredDataset, hit.slice.dataset_id)
    document = backend.state.get(StoredDocument, hit.slice.owner)
    details = document if backend.dialect.recall_details else None
    url = details.url if details else ""
    return {
        "slice": hit.slice.text,
        "score": hit.score,
        "meta": {
            "dataset": {"id": hit.slice.dataset_id, "name": dataset.name if dataset else ""},
            "document": {
                "id": hit.slice.owner,
                "name": document.name if document else "",
                "format_type": details.format_type if details else 0,
                "source_type": details.source_type if details else 0,
            },
            "link": {"title": details.name if details and url else "", "url": url},
            "card": {"title": "", "con": "", "index": ""},
        },
    }


def _document_name(backend: Backend, hit: Hit) -> str:
    document = backend.state.get(StoredDocument, hit.slice.owner)
    return document.name if document else ""

"""Routes of callback apps and their events; the emulator asks whether a URL is theirs, and sends no events."""

from __future__ import annotations

import asyncio
import json
import secrets
import urllib.request
from dataclasses import replace
from http.client import HTTPException

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import MANY, Fields, IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.api_app_records import FIRST_API_APP_ID, StoredApiApp
from coze_client.emulator.state.backend import Backend

LARGEST_PAGE = 50
LONGEST_NAME = 128
PATIENCE = 3.0  # seconds
APP_TYPES = ("normal", "connector")
EVENTS = {
    "bot.published": "The bot was published",
    "bot.deleted": "The bot was deleted by its owner",
    "bot.unpublished": "The bot was taken offline",
    "benefit.usage": "A benefit was used",
    "benefit.plugin.scale.requested": "More plugin calls were requested",
    "benefit.plugin.scale.expired": "More plugin calls have expired",
}


def _app_of(backend: Backend, request: IncomingRequest) -> StoredApiApp:
    """Return the caller's app; 4200 if there is none."""
    app = backend.state.get(StoredApiApp, request.values["api_app_id"])
    if app is None or app.account != request.account:
        raise ApiError(4200, "the callback app does not exist")
    return app


async def create(backend: Backend, request: IncomingRequest) -> Reply:
    body = request.body
    app_type = body.choice("app_type", APP_TYPES, "")
    name, connector_id = body.limited("name", LONGEST_NAME) or "", body.optional("connector_id") or ""
    body.text("name" if app_type == "normal" else "connector_id")
    app_id, token = backend.state.new_id(StoredApiApp, FIRST_API_APP_ID), secrets.token_urlsafe(48)
    app = StoredApiApp(app_id, request.account, app_type, token, name, connector_id)
    backend.state.save(app)
    return JsonReply(_describe(app))


async def update(backend: Backend, request: IncomingRequest) -> Reply:
    """Change what is given and not empty; a URL must answer a challenge first."""
    app, name = _app_of(backend, request), request.body.limited("name", LONGEST_NAME)
    url = request.body.optional("callback_url")
    if url:
        await _challenge(url)
    backend.state.save(replace(app, name=name or app.name, callback_url=url or app.callback_url))
    return JsonReply()


async def _challenge(url: str) -> None:
    """Send a challenge; 4000 unless it is sent back in time."""
    challenge = secrets.token_hex(16)
    try:
        answer = await asyncio.wait_for(asyncio.to_thread(_post, url, {"challenge": challenge}), PATIENCE)
    except (OSError, ValueError, HTTPException, asyncio.TimeoutError) as error:
        raise ApiError(4000, f"callback_url did not answer the challenge: {type(error).__name__}") from None
    if not isinstance(answer, dict) or answer.get("challenge") != challenge:
        raise ApiError(4000, "callback_url did not send the challenge back")


def _post(url: str, body: object) -> object:
    if not url.startswith(("http://", "https://")):
        raise ValueError("the URL has another scheme")
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - the scheme is checked
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:  # noqa: S310 - as above
        return json.loads(response.read(LONGEST_NAME * 1024))


async def delete(backend: Backend, request: IncomingRequest) -> Reply:
    backend.state.delete(_app_of(backend, request))
    return JsonReply()


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    """List the caller's apps, oldest first."""
    app_type = request.query.choice("app_type", (*APP_TYPES, ""), "")
    apps = backend.state.owned(StoredApiApp, request.account)
    return _page(request.query, [_describe(app) for app in apps if app_type in ("", app.app_type)])


def _describe(app: StoredApiApp) -> dict[str, object]:
    optional = {"name": app.name, "connector_id": app.connector_id, "callback_url": app.callback_url}
    present = {name: value for name, value in optional.items() if value}
    return {"id": app.id, "app_type": app.app_type, "verify_token": app.verify_token, **present}


def _page(query: Fields, found: list[dict[str, object]]) -> Reply:
    """Return the page that a token names, and the token of the next one."""
    size = query.number("page_size", LARGEST_PAGE, 1, LARGEST_PAGE)
    start = Fields({"page_token": query.optional("page_token") or "0"}).number("page_token", 0, 0, MANY)
    has_more = start + size < len(found)
    token = str(start + size) if has_more else ""
    return JsonReply({"items": found[start : start + size], "has_more": has_more, "next_page_token": token})


async def list_events(backend: Backend, request: IncomingRequest) -> Reply:
    app = _app_of(backend, request)
    events: list[dict[str, object]] = [
        {"api_app_id": app.id, "name": app.name, "description": EVENTS[each], "event_type": each}
        for each in app.event_types
    ]
    return _page(request.query, events)


async def subscribe(backend: Backend, request: IncomingRequest) -> Reply:
    app, added = _app_of(backend, request), _read_types(request)
    backend.state.save(replace(app, event_types=list(dict.fromkeys([*app.event_types, *added]))))
    return JsonReply()


async def unsubscribe(backend: Backend, request: IncomingRequest) -> Reply:
    app, removed = _app_of(backend, request), _read_types(request)
    backend.state.save(replace(app, event_types=[each for each in app.event_types if each not in removed]))
    return JsonReply()


def _read_types(request: IncomingRequest) -> list[str]:
    types = request.body.texts("event_types")
    if not types or not EVENTS.keys() >= set(types):
        raise ApiError(4000, f"event_types must be some of {', '.join(EVENTS)}")
    return types


ONE = "/v1/api_apps/{api_app_id}"
ENDPOINTS = (
    Endpoint("POST", "/v1/api_apps", ("createApiApp",), create),
    Endpoint("GET", "/v1/api_apps", ("listApiApp",), list_),
    Endpoint("PUT", ONE, ("updateApiApp",), update),
    Endpoint("DELETE", ONE, ("deleteApiApp",), delete),
    Endpoint("POST", f"{ONE}/events", ("subscribeApiAppEvent",), subscribe),
    Endpoint("DELETE", f"{ONE}/events", ("unsubscribeApiAppEvent",), unsubscribe),
    Endpoint("GET", f"{ONE}/events", ("listApiApp",), list_events),
)

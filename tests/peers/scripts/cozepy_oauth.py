"""Logs in with the app of a config file, through either of cozepy's clients; sleeps are recorded, not slept."""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import Any, SupportsIndex

import cozepy
from cozepy import AsyncCoze, AsyncJWTAuth, Coze, JWTAuth, Scope, load_oauth_app_from_config

from tests.peers.scripts.serve import serve

sleeps: list[SupportsIndex | float] = []
time.sleep = sleeps.append


def answer(request: dict[str, Any]) -> object:
    if request["call"] == "sleeps":
        taken, sleeps[:] = sleeps[:], []
        return taken
    config, given = request["config"], request["given"]
    if "scope" in given:
        given["scope"] = Scope(**given["scope"])
    if request["asyncio"]:
        return asyncio.run(call_async(async_app(config), request["call"], given))
    app: Any = load_oauth_app_from_config(config)
    if request["call"] == "me":
        return plain(Coze(JWTAuth(oauth_app=app), base_url=config["coze_api_base"]).users.me())
    return plain(getattr(app, request["call"])(**given))


async def call_async(app: Any, call: str, given: dict[str, Any]) -> object:
    if call == "me":
        return plain(await AsyncCoze(AsyncJWTAuth(oauth_app=app), base_url=app._base_url).users.me())
    result = getattr(app, call)(**given)
    return plain(await result if inspect.isawaitable(result) else result)


def async_app(config: dict[str, str]) -> Any:
    """Make an asyncio app, which `load_oauth_app_from_config` does not."""
    kind: Any = getattr(cozepy, f"Async{type(load_oauth_app_from_config(config)).__name__}")
    named = {**config, "base_url": config["coze_api_base"], "www_base_url": config["coze_www_base"]}
    return kind(**{name: named[name] for name in inspect.signature(kind).parameters})


def plain(result: Any) -> object:
    return result if isinstance(result, str) else result.model_dump(mode="json")


if __name__ == "__main__":
    serve(answer)

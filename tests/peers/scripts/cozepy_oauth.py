"""Signs in with the app of a config file, by either of cozepy's clients; naps are counted, not taken."""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import Any, SupportsIndex

import cozepy
from cozepy import AsyncCoze, AsyncJWTAuth, Coze, JWTAuth, Scope, load_oauth_app_from_config

from tests.peers.scripts.serve import serve

naps: list[SupportsIndex | float] = []
time.sleep = naps.append


def answer(told: dict[str, Any]) -> object:
    if told["call"] == "naps":
        taken, naps[:] = naps[:], []
        return taken
    config, given = told["config"], told["given"]
    if "scope" in given:
        given["scope"] = Scope(**given["scope"])
    if told["asyncio"]:
        return asyncio.run(call_async(async_app(config), told["call"], given))
    app: Any = load_oauth_app_from_config(config)
    if told["call"] == "me":
        return plain(Coze(JWTAuth(oauth_app=app), base_url=config["coze_api_base"]).users.me())
    return plain(getattr(app, told["call"])(**given))


async def call_async(app: Any, call: str, given: dict[str, Any]) -> object:
    if call == "me":
        return plain(await AsyncCoze(AsyncJWTAuth(oauth_app=app), base_url=app._base_url).users.me())
    result = getattr(app, call)(**given)
    return plain(await result if inspect.isawaitable(result) else result)


def async_app(config: dict[str, str]) -> Any:
    """What `load_oauth_app_from_config` does not make."""
    kind: Any = getattr(cozepy, f"Async{type(load_oauth_app_from_config(config)).__name__}")
    named = {**config, "base_url": config["coze_api_base"], "www_base_url": config["coze_www_base"]}
    return kind(**{name: named[name] for name in inspect.signature(kind).parameters})


def plain(result: Any) -> object:
    return result if isinstance(result, str) else result.model_dump(mode="json")


if __name__ == "__main__":
    serve(answer)

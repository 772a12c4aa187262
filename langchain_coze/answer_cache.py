"""Keep answers that wait on the server out of LangChain's cache: a cached one would name a chat that is over."""

from __future__ import annotations

from typing import Any

from langchain_core.caches import RETURN_VAL_TYPE, BaseCache
from langchain_core.outputs import ChatGeneration, Generation

from coze_client.api.chats.values import REQUIRES_ACTION


class AnswerCache(BaseCache):
    """Another cache, without the answers that wait for tool outputs or for a reply."""

    def __init__(self, cache: BaseCache) -> None:
        self._cache = cache

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        return _only_final(self._cache.lookup(prompt, llm_string))

    async def alookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        return _only_final(await self._cache.alookup(prompt, llm_string))

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        if _only_final(return_val) is not None:
            self._cache.update(prompt, llm_string, return_val)

    async def aupdate(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        if _only_final(return_val) is not None:
            await self._cache.aupdate(prompt, llm_string, return_val)

    def clear(self, **kwargs: Any) -> None:
        self._cache.clear(**kwargs)

    async def aclear(self, **kwargs: Any) -> None:
        await self._cache.aclear(**kwargs)


def _only_final(found: RETURN_VAL_TYPE | None) -> RETURN_VAL_TYPE | None:
    return None if found is None or any(map(_waits, found)) else found


def _waits(generation: Generation) -> bool:
    metadata = generation.message.response_metadata if isinstance(generation, ChatGeneration) else {}
    return metadata.get("status") in REQUIRES_ACTION

"""Chats with tools: calls of client plugins, and forced calls by prompt."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.core.llms import ChatMessage, ChatResponse, ChatResponseAsyncGen, ChatResponseGen
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools import BaseTool
from pydantic import Field

from coze_client.bridge.chat.tool_options import TOOL_OPTIONS
from coze_client.core.concurrency import Blocking
from llama_index_coze.forced_tools import ForcedTools, forced_tools
from llama_index_coze.structured_prediction import Ask

_FORCED = "forced_tools"  # the option by which LlamaIndex's chat_with_tools hands forced tools to chat


class ToolCallingLLM(FunctionCallingLLM):
    """The part of an LLM that gives tools to a bot, and reads its calls.

    LlamaIndex's ``chat_with_tools`` prepares the tools as options, and then chats. Forced tools (``tool_required``, a
    ``tool_choice``, or the schema of a program) are called by prompt: the bot is asked for the arguments as JSON, which
    are validated and repaired as in structured prediction. In a stream they arrive at once.
    """

    repairs: int = Field(default=1, ge=0)
    """How often a structured prediction or a forced call asks the bot to repair an invalid answer; each is billed."""

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Return the bot's answer; chat options in `kwargs` override the LLM's own."""
        return Blocking.run(self._call_or_answer(self._ask, messages, kwargs))

    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """As ``chat``, on asyncio."""
        return await self._call_or_answer(self._achat, messages, kwargs)

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Stream the bot's answer: each response contains all text so far, and the new text as ``delta``."""
        if _FORCED in kwargs:
            return (self.chat(messages, **kwargs) for _ in range(1))
        return self._stream_chat(messages, **kwargs)

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """As ``stream_chat``, on asyncio: await it for the generator."""

        async def one() -> AsyncGenerator[ChatResponse, None]:
            yield await self.achat(messages, **kwargs)

        return one() if _FORCED in kwargs else await self._astream_chat(messages, **kwargs)

    def get_tool_calls_from_response(
        self,
        response: ChatResponse,
        error_on_no_tool_call: bool = True,  # noqa: FBT001, FBT002 - LlamaIndex's signature
        **kwargs: Any,
    ) -> list[ToolSelection]:
        """Return the client plugins that the bot calls.

        Raises ValueError if there are none, unless `error_on_no_tool_call` is false.
        """
        blocks = [block for block in response.message.blocks if isinstance(block, ToolCallBlock)]
        if not blocks and error_on_no_tool_call:
            raise ValueError(
                "The bot called no tool. Bots call only the client plugins declared on them, and cannot be forced to"
            )
        return [
            ToolSelection(tool_id=block.tool_call_id or "", tool_name=block.tool_name, tool_kwargs=block.tool_kwargs)  # type: ignore[arg-type]  # its validator converts text to no arguments
            for block in blocks
        ]

    def _prepare_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,  # noqa: FBT001, FBT002 - LlamaIndex's signature
        allow_parallel_tool_calls: bool = False,  # noqa: FBT001, FBT002 - LlamaIndex's signature
        tool_required: bool = False,  # noqa: FBT001, FBT002 - LlamaIndex's signature
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Coze accepts no tools with a chat, so only their names are used: to check the bot's calls."""
        question = [ChatMessage(content=user_msg)] if isinstance(user_msg, str) else [user_msg] if user_msg else []
        options = {
            "messages": [*(chat_history or []), *question],
            "tools": [tool.metadata.get_name() for tool in tools],
        }
        choice = kwargs.get("tool_choice")
        forced = forced_tools(tools, choice, required=tool_required, several=allow_parallel_tool_calls)
        if forced is None:
            return {**options, **kwargs}
        left = {name: value for name, value in kwargs.items() if name not in TOOL_OPTIONS}
        return {**options, **left, "check_plugins": False, _FORCED: forced}

    async def _call_or_answer(
        self, ask: Ask, messages: Sequence[ChatMessage], options: Mapping[str, Any]
    ) -> ChatResponse:
        forced: ForcedTools | None = options.get(_FORCED)
        if forced is None:
            return await ask(messages, **options)
        own = {name: value for name, value in options.items() if name != _FORCED}
        return await forced.call(ask, messages, own, repairs=self.repairs)

    async def _ask(self, messages: Sequence[ChatMessage], **options: Any) -> ChatResponse:
        """``_chat`` as a coroutine that never suspends."""
        return self._chat(messages, **options)

    def _chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """One chat, without forced tools."""
        raise NotImplementedError

    async def _achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        raise NotImplementedError

    def _stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        raise NotImplementedError

    async def _astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        raise NotImplementedError

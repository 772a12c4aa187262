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

from coze_client.core.concurrency import Blocking
from llama_index_coze.forced_tools import ForcedTools, forced_tools


class ToolCallingLLM(FunctionCallingLLM):
    """The part of an LLM that gives tools to a bot, and reads its calls."""

    repairs: int = Field(default=1, ge=0)
    """How often a structured prediction or a forced call asks the bot to repair an invalid answer; each is billed."""

    def chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,  # noqa: FBT001, FBT002 - LlamaIndex's signature
        allow_parallel_tool_calls: bool = False,  # noqa: FBT001, FBT002 - LlamaIndex's signature
        tool_required: bool = False,  # noqa: FBT001, FBT002 - LlamaIndex's signature
        **kwargs: Any,
    ) -> ChatResponse:
        """Chat with client plugins. Forced ones (`tool_required`, or a ``tool_choice``) are called by prompt.

        Then the bot is asked for the arguments as JSON, which are validated and repaired as in structured prediction.
        """
        forced = _forced(tools, kwargs, tool_required=tool_required, several=allow_parallel_tool_calls)
        options = self._prepare_chat_with_tools(tools, user_msg, chat_history, **kwargs)
        if forced is None:
            answer: ChatResponse = self.chat(**options)
            return answer
        return Blocking.run(forced.call(self._ask, options.pop("messages"), options, repairs=self.repairs))

    async def achat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,  # noqa: FBT001, FBT002 - LlamaIndex's signature
        allow_parallel_tool_calls: bool = False,  # noqa: FBT001, FBT002 - LlamaIndex's signature
        tool_required: bool = False,  # noqa: FBT001, FBT002 - LlamaIndex's signature
        **kwargs: Any,
    ) -> ChatResponse:
        """As ``chat_with_tools``, on asyncio."""
        forced = _forced(tools, kwargs, tool_required=tool_required, several=allow_parallel_tool_calls)
        options = self._prepare_chat_with_tools(tools, user_msg, chat_history, **kwargs)
        if forced is None:
            answer: ChatResponse = await self.achat(**options)
            return answer
        return await forced.call(self.achat, options.pop("messages"), options, repairs=self.repairs)

    def stream_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,  # noqa: FBT001, FBT002 - LlamaIndex's signature
        allow_parallel_tool_calls: bool = False,  # noqa: FBT001, FBT002 - LlamaIndex's signature
        tool_required: bool = False,  # noqa: FBT001, FBT002 - LlamaIndex's signature
        **kwargs: Any,
    ) -> ChatResponseGen:
        """As ``chat_with_tools``, as a stream; forced calls arrive at once."""
        forced = _forced(tools, kwargs, tool_required=tool_required, several=allow_parallel_tool_calls)
        options = self._prepare_chat_with_tools(tools, user_msg, chat_history, **kwargs)
        if forced is None:
            stream: ChatResponseGen = self.stream_chat(**options)
            return stream
        messages = options.pop("messages")
        return (Blocking.run(forced.call(self._ask, messages, options, repairs=self.repairs)) for _ in range(1))

    async def astream_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,  # noqa: FBT001, FBT002 - LlamaIndex's signature
        allow_parallel_tool_calls: bool = False,  # noqa: FBT001, FBT002 - LlamaIndex's signature
        tool_required: bool = False,  # noqa: FBT001, FBT002 - LlamaIndex's signature
        **kwargs: Any,
    ) -> ChatResponseAsyncGen:
        """As ``stream_chat_with_tools``, on asyncio: await it for the generator."""
        forced = _forced(tools, kwargs, tool_required=tool_required, several=allow_parallel_tool_calls)
        options = self._prepare_chat_with_tools(tools, user_msg, chat_history, **kwargs)
        if forced is None:
            stream: ChatResponseAsyncGen = await self.astream_chat(**options)
            return stream
        messages = options.pop("messages")

        async def one() -> AsyncGenerator[ChatResponse, None]:
            yield await forced.call(self.achat, messages, options, repairs=self.repairs)

        return one()

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
        kwargs.pop("tool_choice", None)
        return {
            "messages": [*(chat_history or []), *question],
            "tools": [tool.metadata.get_name() for tool in tools],
            **kwargs,
        }

    async def _ask(self, messages: Sequence[ChatMessage], **options: Any) -> ChatResponse:
        """``chat`` as a coroutine that never suspends."""
        answer: ChatResponse = self.chat(messages, **options)
        return answer


def _forced(
    tools: Sequence[BaseTool], options: Mapping[str, Any], *, tool_required: bool, several: bool
) -> ForcedTools | None:
    return forced_tools(tools, options.get("tool_choice"), required=tool_required, several=several)

"""ChatCoze: a Coze bot as a LangChain chat model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from coze_client.core.concurrency import Blocking
from langchain_coze.bot_model import OTHER_NAMES, BotModel
from langchain_coze.chunk_builder import ChunkBuilder
from langchain_coze.errors import langchain_errors
from langchain_coze.messages import convert_to_dialogue
from langchain_coze.response_format import (
    ANSWER_TOOLS,
    FORM_OPTIONS,
    AnswerForm,
    convert_to_one_chunk,
    fulfilled_options,
    read_response_format,
    split_answer_tools,
)
from langchain_coze.structured_output import OutputSchema, answer_structured

_IGNORED = frozenset({"stream", "stream_usage", *FORM_OPTIONS})


class ChatCoze(BotModel):
    """A bot built in Coze, published to the API channel, as a chat model.

    ```python
    from langchain_coze import ChatCoze

    model = ChatCoze(bot_id="7350000000000000001")  # token: COZE_API_TOKEN
    for chunk in model.stream("Hello"):
        print(chunk.text, end="")
    ```

    A call is one HTTP request, also with ``invoke``. ``token``, ``base_url``, ``region`` and ``timeout`` (seconds, or a
    Timeout) are those of ``coze_client.CozeClient``; or pass your own blocking or asyncio ``client``. The names of
    langchain-community's ChatCoze work, too (``coze_api_key``, ``coze_api_base``, ``user``, ``request_timeout``).

    ``ChatCoze(bot_name="Support", workspace_id="…")`` takes the bot's name instead: the first call looks its id up.

    The settings of the bot decide its prompt, model, temperature and tools. System messages are joined to the first
    question, or become the prompt variable that ``system_variable`` names. ``user_id`` separates the memories of users;
    its default is a random id for each instance. With a ``conversation_id`` (from ``client.conversations.create``),
    Coze stores the history, only new messages are sent, and answers are not cached. ``read_variables`` and
    ``write_variables`` are what the bot remembers of its user.

    With a ``workflow_id``, a chatflow answers instead: text only, at most 50 messages, no tools. Its start node takes
    ``parameters`` instead of prompt variables. It belongs to a bot or an app: give exactly one of ``bot_id`` and
    ``app_id``. If it asks the user something, the next message is the reply.

    Coze does not tell how much text the bot's model takes. Where something needs it, such as SummarizationMiddleware
    with ``("fraction", 0.8)``, tell it in tokens: ``profile={"max_input_tokens": 128_000}``.

    ``response_metadata`` has ``chat_id``, ``conversation_id``, ``logid``, ``status``, ``follow_ups`` and more.
    ``content_blocks`` has reasoning, citations, the bot's plugin calls, cards and audio. Every error is one of both
    ``coze_client`` and ``langchain_core.exceptions``. A pickle contains a literal token in clear text. Chat options can
    also be given with each call: ``model.invoke(…, custom_variables={…})``.
    """

    streaming: bool = False
    """True: ``invoke`` streams, too, for callbacks. False, if set explicitly: ``stream`` returns one chunk."""

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with langchain_errors():
            form = AnswerForm.of_options(kwargs)
            if form is None:
                return self._answer(messages, stop, kwargs)

            async def ask(asked: Sequence[BaseMessage], more: Mapping[str, object]) -> ChatResult:
                return self._answer(asked, stop, {**kwargs, **more})

            return Blocking.run(form.answer(ask, messages, is_chatflow=bool(self.workflow_id)))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with langchain_errors():
            form = AnswerForm.of_options(kwargs)
            if form is None:
                return await self._aanswer(messages, stop, kwargs)

            async def ask(asked: Sequence[BaseMessage], more: Mapping[str, object]) -> ChatResult:
                return await self._aanswer(asked, stop, {**kwargs, **more})

            return await form.answer(ask, messages, is_chatflow=bool(self.workflow_id))

    def _answer(
        self, messages: Sequence[BaseMessage], stop: Sequence[str] | None, given: Mapping[str, object]
    ) -> ChatResult:
        builder = self._chunk_builder(messages, stop, given)
        with builder.answer.open(self._blocking) as stream:
            for event in stream:
                builder.keep(event)
                if builder.answer.stopped:
                    break
        return builder.result(stream)

    async def _aanswer(
        self, messages: Sequence[BaseMessage], stop: Sequence[str] | None, given: Mapping[str, object]
    ) -> ChatResult:
        builder = self._chunk_builder(messages, stop, given)
        async with await builder.answer.aopen(self._asyncio) as stream:
            async for event in stream:
                builder.keep(event)
                if builder.answer.stopped:
                    break
        return builder.result(stream)

    # LangChain itself passes every chunk to the callbacks: doing it here, too, would pass them twice.
    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with langchain_errors():
            if AnswerForm.of_options(kwargs) is not None:
                yield convert_to_one_chunk(self._generate(messages, stop, None, **kwargs))
                return
            builder = self._chunk_builder(messages, stop, kwargs)
            with builder.answer.open(self._blocking) as stream:
                for event in stream:
                    if (chunk := builder.chunk(event)) is not None:
                        yield chunk
                    if builder.answer.stopped:
                        break
            yield from builder.end(stream)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        with langchain_errors():
            if AnswerForm.of_options(kwargs) is not None:
                yield convert_to_one_chunk(await self._agenerate(messages, stop, None, **kwargs))
                return
            builder = self._chunk_builder(messages, stop, kwargs)
            async with await builder.answer.aopen(self._asyncio) as stream:
                async for event in stream:
                    if (chunk := builder.chunk(event)) is not None:
                        yield chunk
                    if builder.answer.stopped:
                        break
            for chunk in builder.end(stream):
                yield chunk

    def _chunk_builder(
        self, messages: Sequence[BaseMessage], stop: Sequence[str] | None, given: Mapping[str, object]
    ) -> ChunkBuilder:
        left = given.keys() - _IGNORED - fulfilled_options(given)
        options = {OTHER_NAMES.get(name, name): value for name, value in given.items() if name in left}
        tools = cast("list[dict[str, Any]] | None", options.pop("tools", None))
        options["tools"] = list(map(openai_tool_name, tools)) if tools else None
        if stop is not None:
            options["stop"] = stop
        return ChunkBuilder(self._answer_builder(convert_to_dialogue(messages), options))

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Bind the tools that run the client plugins of the bot.

        The bot calls only client plugins that are **declared on the bot**, with the names, descriptions and parameters
        that are set there. `tools` are not sent. A call of a tool that is not bound raises CozeConfigurationError. The
        bot decides which tools it calls, so `tool_choice` has no effect, with a warning.

        With a `response_format` (a pydantic class, or OpenAI's ``{"type": "json_schema", …}``), the content of the
        answer is bare JSON that fits the schema, in a stream one chunk. LangChain's ``create_agent`` uses it for a
        ``response_format``, too. The schemas of a ``ToolStrategy`` become a call in the same way. The schema is added
        to the question, and an answer that does not fit is repaired in a new chat, which is billed and not saved.
        Raises CozeConfigurationError for a `response_format` without a schema.
        """
        with langchain_errors():
            read_response_format(kwargs.get("response_format"))
        own, schemas = split_answer_tools(tools, tool_choice)
        if schemas:
            kwargs[ANSWER_TOOLS] = [convert_to_openai_tool(tool) for tool in schemas]
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in own], tool_choice=tool_choice, **kwargs)

    def with_structured_output(
        self,
        schema: OutputSchema,
        *,
        include_raw: bool = False,
        repairs: int = 1,
        method: str = "json_schema",
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Return answers that match `schema`: instances of a pydantic model, or dicts for a TypedDict or JSON schema.

        Coze has no parameter for this, so the schema is added to the question, and the answer is validated. The bot
        repairs an invalid answer up to `repairs` times, each in a new chat that is billed and not saved. If the answer
        is still invalid, OutputParserException is raised. With `include_raw`, every result is a dict of ``raw``,
        ``parsed`` and ``parsing_error``, which holds that exception. `method` (json_schema, function_calling or
        json_mode) and `strict` exist for compatibility and have no effect.
        """
        if kwargs:
            raise TypeError(f"with_structured_output takes no {', '.join(sorted(kwargs))}")
        return answer_structured(
            self, schema, repairs=repairs, include_raw=include_raw, method=method, is_chatflow=bool(self.workflow_id)
        )


def openai_tool_name(tool: Mapping[str, Any]) -> str:  # JSON of many shapes
    """The name in an OpenAI-style tool, wrapped as a function or not."""
    function = tool.get("function", tool)
    return str(function.get("name") or function.get("type"))

"""ChatCoze: a Coze bot as a LangChain chat model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, model_validator
from typing_extensions import Self

from coze_client.bridge.chat.settings import BotSettings
from coze_client.version import __version__
from langchain_coze.chunks import ChunkBuilder
from langchain_coze.errors import langchain_errors
from langchain_coze.messages import convert_to_dialogue
from langchain_coze.structured_output import Schema, answer_structured

SPELLINGS: Mapping[str, str] = {
    "model": "bot_id",
    "user": "user_id",
    "api_key": "token",
    "coze_api_key": "token",
    "coze_api_base": "base_url",
    "request_timeout": "timeout",
    "stop_sequences": "stop",
}
"""Other names that are understood, LangChain's and langchain-community's, and what they are here."""

_WITHOUT_EFFECT = frozenset({"stream", "stream_usage", "strict", "parallel_tool_calls", "tool_choice"})


class ChatCoze(BotSettings, BaseChatModel):
    """A bot built in Coze, published to the API channel, as a chat model.

    ```python
    from langchain_coze import ChatCoze

    model = ChatCoze(bot_id="7350000000000000001")  # token: COZE_API_TOKEN
    for chunk in model.stream("Hello"):
        print(chunk.text, end="")
    ```

    One HTTP request a call, ``invoke`` included. ``token``, ``base_url``, ``region``, ``timeout`` (seconds, or a
    Timeout) are those of ``coze_client.CozeClient``; or give a ``client`` of yours, of either face. The names of
    langchain-community's ChatCoze work too (``coze_api_key``, ``coze_api_base``, ``user``, ``request_timeout``).

    The bot decides its prompt, model, temperature and tools. System messages are joined to the first question, or go
    into the prompt variable that ``system_variable`` names. ``user_id`` separates users' memories: without one, every
    instance is a user of its own. With a ``conversation_id`` (made by ``client.conversations.create``) Coze keeps the
    history, only what is new is sent, and answers are not cached.

    With a ``workflow_id``, a chatflow answers: text only, at most 50 messages, no tools, and instead of prompt
    variables ``parameters`` of its start node. It belongs to a bot or an app (``bot_id`` or ``app_id``, exactly one).
    What it asks the user is answered by the next message.

    Answers tell ``chat_id``, ``conversation_id``, ``logid``, ``status``, ``follow_ups`` and more in
    ``response_metadata``; thoughts, citations, the bot's plugin calls, cards and audio are in ``content_blocks``. What
    fails is both an error of ``coze_client`` and of ``langchain_core.exceptions``. A pickle holds a literal token in
    clear text. Chat options can be given with each call: ``model.invoke(…, custom_variables={…})``.
    """

    streaming: bool = False
    """True: ``invoke`` streams too, for callbacks; explicitly False: ``stream`` gives one chunk."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _read_spellings(cls, given: Mapping[str, object]) -> dict[str, object]:
        read: dict[str, object] = {}
        for spelling, value in given.items():
            name = SPELLINGS.get(spelling, spelling)
            if name in read:
                other = next(each for each in given if SPELLINGS.get(each, each) == name and each != spelling)
                raise ValueError(f"{other} and {spelling} mean the same: give one of them")
            read[name] = value
        return read

    @model_validator(mode="after")
    def _set_coze_version(self) -> Self:
        self._add_version("langchain-coze", __version__)
        if self.conversation_id and self.cache is None:
            self.cache = False
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with langchain_errors():
            reply = self._reply(messages, stop, kwargs)
            with reply.answering.open(self._blocking) as stream:
                for event in stream:
                    reply.keep(event)
                    if reply.answering.stopped:
                        break
            return reply.whole(stream)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with langchain_errors():
            reply = self._reply(messages, stop, kwargs)
            async with await reply.answering.aopen(self._asyncio) as stream:
                async for event in stream:
                    reply.keep(event)
                    if reply.answering.stopped:
                        break
            return reply.whole(stream)

    # LangChain tells its callbacks of every chunk itself: telling them here would do it twice.
    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with langchain_errors():
            reply = self._reply(messages, stop, kwargs)
            with reply.answering.open(self._blocking) as stream:
                for event in stream:
                    if (chunk := reply.chunk(event)) is not None:
                        yield chunk
                    if reply.answering.stopped:
                        break
            yield from reply.end(stream)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        with langchain_errors():
            reply = self._reply(messages, stop, kwargs)
            async with await reply.answering.aopen(self._asyncio) as stream:
                async for event in stream:
                    if (chunk := reply.chunk(event)) is not None:
                        yield chunk
                    if reply.answering.stopped:
                        break
            for chunk in reply.end(stream):
                yield chunk

    def _reply(
        self, messages: Sequence[BaseMessage], stop: Sequence[str] | None, given: Mapping[str, object]
    ) -> ChunkBuilder:
        rest = {SPELLINGS.get(name, name): value for name, value in given.items() if name not in _WITHOUT_EFFECT}
        tools = cast("list[dict[str, Any]] | None", rest.pop("tools", None))
        rest["tools"] = list(map(openai_tool_name, tools)) if tools else None
        if stop is not None:
            rest["stop"] = stop
        return ChunkBuilder(self._answering(convert_to_dialogue(messages), rest))

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Say which tools will answer the bot's calls.

        Coze runs only the client plugins that are **declared on the bot**: their names, descriptions and parameters are
        set there, and nothing of `tools` is sent. A call to a name that is not bound raises CozeConfigurationError. The
        bot decides by itself what to call, so `tool_choice` is taken and has no effect.
        """
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], tool_choice=tool_choice, **kwargs)

    def with_structured_output(
        self,
        schema: Schema,
        *,
        include_raw: bool = False,
        repairs: int = 1,
        method: str = "json_schema",
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Answers that fit `schema`: a pydantic model gives instances, a TypedDict or JSON schema gives dicts.

        Coze has no parameter for this: the schema is put into the question, and the answer is validated. An answer that
        does not fit is given back for repair up to `repairs` times, each a chat of its own, billed and not saved. Then
        OutputParserException is raised, or with `include_raw` told as ``parsing_error`` beside ``raw`` and ``parsed``.
        `method` and `strict` are taken for other models' sake, and change nothing.
        """
        if kwargs:
            raise TypeError(f"with_structured_output takes no {', '.join(sorted(kwargs))}")
        return answer_structured(self, schema, repairs=repairs, include_raw=include_raw, method=method)

    def get_num_tokens(self, text: str) -> int:
        """About how many tokens: Coze tells neither the bot's tokenizer nor its model."""
        if self.custom_get_token_ids is not None:
            return super().get_num_tokens(text)
        return self.get_num_tokens_from_messages([HumanMessage(text)])

    def get_num_tokens_from_messages(
        self,
        messages: Sequence[BaseMessage],
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool] | None = None,
    ) -> int:
        """About how many tokens, four characters each; tools are not counted, since they are not sent."""
        if self.custom_get_token_ids is not None:
            return super().get_num_tokens_from_messages(list(messages))
        return count_tokens_approximately(messages)

    @property
    def lc_secrets(self) -> dict[str, str]:
        return {"token": "COZE_API_TOKEN"}

    @property
    def _llm_type(self) -> str:
        return "coze"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        """What answers depend on: LangChain's cache key, and what traces show."""
        ours = {"system_variable": self.system_variable, "trim": self.trim, "default_stop": self.stop}
        return {
            **self._options({}),
            **ours,
            "base_url": self._coze.base_url,
            "model_name": self.workflow_id or self.bot_id,
        }

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_provider"] = "coze"
        params["ls_model_name"] = str(kwargs.get("model") or kwargs.get("bot_id") or self.workflow_id or self.bot_id)
        return params


def openai_tool_name(tool: Mapping[str, Any]) -> str:  # JSON of many shapes
    """The name in an OpenAI-style tool, wrapped as a function or not."""
    function = tool.get("function", tool)
    return str(function.get("name") or function.get("type"))

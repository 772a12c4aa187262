"""CozeLLM: a LlamaIndex LLM whose answers come from a Coze bot."""

from __future__ import annotations

import pickle
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from typing import Any, TypeVar

from llama_index.core.base.llms.types import LLMMetadata
from llama_index.core.instrumentation.events.llm import LLMStructuredPredictEndEvent, LLMStructuredPredictStartEvent
from llama_index.core.llms import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.types import Model, PydanticProgramMode
from llama_index_instrumentation import get_dispatcher
from pydantic import (
    ConfigDict,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from coze_client.bridge.chat.answer_builder import AnswerBuilder
from coze_client.bridge.chat.settings import rename_fields
from coze_client.bridge.chat.variables import BotVariables
from coze_client.core.concurrency import Blocking
from llama_index_coze.messages import convert_to_dialogue
from llama_index_coze.responses import ChatResponseBuilder, CompletionResponseBuilder, ResponseBuilder
from llama_index_coze.structured_prediction import Ask, predict
from llama_index_coze.tool_calling import ToolCallingLLM

R = TypeVar("R", bound="ChatResponse | CompletionResponse")

dispatcher = get_dispatcher(__name__)


class CozeLLM(BotVariables, ToolCallingLLM):
    """A bot built in Coze, published to the API channel, as an LLM.

    ```python
    from llama_index_coze import CozeLLM

    llm = CozeLLM(bot_id="7350000000000000001")  # token: COZE_API_TOKEN
    for response in llm.stream_complete("Hello"):
        print(response.delta, end="")
    ```

    Each call sends one HTTP request, and a chat is never started twice. ``token``, ``base_url``, ``region`` and
    ``timeout`` (seconds, or a Timeout) are those of ``coze_client.CozeClient``; or give your own ``client``, blocking
    or asyncio.

    ``CozeLLM(bot_name="Support", workspace_id="…")`` takes the bot's name instead: the first call looks its id up.

    The bot's settings decide its prompt, model, temperature and tools. System messages are joined to the first
    question, or sent as the prompt variable ``system_variable``. ``user_id`` separates users' memories: without one,
    every instance is a new user. With a ``conversation_id`` (from ``client.conversations.create``), Coze stores the
    history, and only new messages are sent. Each call accepts chat options: ``llm.chat(…, user_id="…")``.
    ``read_variables`` and ``write_variables`` are what the bot remembers of its user.

    A message's ``additional_kwargs`` contain ``chat_id``, ``conversation_id``, ``logid``, ``status``, ``message_ids``
    and ``follow_ups``. A response's also contain token counts, ``plugin_calls``, ``plugin_outputs`` and ``cards``; its
    ``raw`` is Coze's chat with its ``usage``. Thoughts, citations and audio are blocks. Errors are those of
    ``coze_client``. A pickle contains a literal token in clear text.
    """

    client_plugins: bool = False
    """True: the bot has client plugins, so an agent (``FunctionAgent``) may give it tools with the same names."""
    context_window: int = 32_768
    """Tokens that the bot's model accepts. LlamaIndex shortens prompts and memories to it; Coze does not return it."""
    num_output: int = 1_024
    """Tokens of the context window that are reserved for the answer."""
    pydantic_program_mode: PydanticProgramMode = PydanticProgramMode.LLM
    """LLM: programs put the schema into the prompt. Coze runs only the bot's own tools, so a schema cannot be one."""

    model_config = ConfigDict(extra="forbid")

    def __getstate__(self) -> dict[str, Any]:
        """Raise if the client or token cannot be pickled: LlamaIndex would drop it and then use another one."""
        pickle.dumps((self.client, self.token))
        return super().__getstate__()

    @model_validator(mode="before")
    @classmethod
    def _rename_model(cls, given: Mapping[str, object]) -> dict[str, object]:
        return rename_fields(given, {"model": "bot_id", "model_name": "bot_id"})

    @model_serializer(mode="wrap")
    def custom_model_dump(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        """As LlamaIndex, which makes keys of caches from it, but without a random ``user_id``."""
        fields = {**handler(self), "class_name": self.class_name()}
        return {name: value for name, value in fields.items() if name != "user_id" or self._user_is_known}

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex stores and traces this LLM."""
        return "CozeLLM"

    @property
    def metadata(self) -> LLMMetadata:
        """The model's limits and abilities, which LlamaIndex's agents, prompts and programs read."""
        return LLMMetadata(
            context_window=self.context_window,
            num_output=self.num_output,
            is_chat_model=True,
            is_function_calling_model=self.client_plugins,
            model_name=self.model_name,
        )

    @llm_chat_callback()
    def _chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return self._answer(ChatResponseBuilder(self._answer_builder(convert_to_dialogue(messages), kwargs)))

    @llm_chat_callback()
    def _stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        return self._stream(ChatResponseBuilder(self._answer_builder(convert_to_dialogue(messages), kwargs)))

    @llm_chat_callback()
    async def _achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return await self._aanswer(ChatResponseBuilder(self._answer_builder(convert_to_dialogue(messages), kwargs)))

    @llm_chat_callback()
    async def _astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        return self._astream(ChatResponseBuilder(self._answer_builder(convert_to_dialogue(messages), kwargs)))

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: FBT001, FBT002 - LlamaIndex's signature
        """Return the bot's answer to one question."""
        return self._answer(CompletionResponseBuilder(self._completion_builder(prompt, kwargs, formatted=formatted)))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:  # noqa: FBT001, FBT002 - LlamaIndex's signature
        """Stream the bot's answer to one question."""
        return self._stream(CompletionResponseBuilder(self._completion_builder(prompt, kwargs, formatted=formatted)))

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: FBT001, FBT002 - LlamaIndex's signature
        """As ``complete``, on asyncio."""
        return await self._aanswer(
            CompletionResponseBuilder(self._completion_builder(prompt, kwargs, formatted=formatted))
        )

    @llm_completion_callback()
    async def astream_complete(
        self,
        prompt: str,
        formatted: bool = False,  # noqa: FBT001, FBT002 - LlamaIndex's signature
        **kwargs: Any,
    ) -> CompletionResponseAsyncGen:
        """As ``stream_complete``, on asyncio: await it for the generator."""
        return self._astream(CompletionResponseBuilder(self._completion_builder(prompt, kwargs, formatted=formatted)))

    def structured_predict(
        self,
        output_cls: type[Model],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Model:
        """Return an instance of `output_cls`; its schema is put into the question, as Coze has no parameter for it.

        Raises ValueError if the answer is still invalid after all ``repairs``.
        """
        return Blocking.run(self._predict(self._ask, output_cls, prompt, llm_kwargs, prompt_args))

    async def astructured_predict(
        self,
        output_cls: type[Model],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Model:
        """As ``structured_predict``, on asyncio."""
        return await self._predict(self.achat, output_cls, prompt, llm_kwargs, prompt_args)

    def stream_structured_predict(
        self,
        output_cls: type[Model],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Generator[Model, None, None]:
        """As ``structured_predict``: yields one instance, once it is complete and valid."""
        yield self.structured_predict(output_cls, prompt, llm_kwargs, **prompt_args)

    async def astream_structured_predict(
        self,
        output_cls: type[Model],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> AsyncGenerator[Model, None]:
        """As ``stream_structured_predict``, on asyncio: await it for the generator."""

        async def one() -> AsyncGenerator[Model, None]:
            yield await self.astructured_predict(output_cls, prompt, llm_kwargs, **prompt_args)

        return one()

    async def _predict(
        self,
        ask: Ask,
        output_cls: type[Model],
        prompt: BasePromptTemplate,
        options: Mapping[str, Any] | None,
        prompt_args: Mapping[str, Any],
    ) -> Model:
        dispatcher.event(
            LLMStructuredPredictStartEvent(output_cls=output_cls, template=prompt, template_args=dict(prompt_args))
        )
        messages = self._extend_messages(prompt.format_messages(llm=self, **prompt_args))
        output = await predict(
            ask, output_cls, messages, options or {}, repairs=self.repairs, is_chatflow=bool(self.workflow_id)
        )
        dispatcher.event(LLMStructuredPredictEndEvent(output=output))
        return output

    def _completion_builder(self, prompt: str, options: Mapping[str, Any], *, formatted: bool) -> AnswerBuilder:
        wrap = self.completion_to_prompt
        question = prompt if formatted or wrap is None else wrap(prompt)
        return self._answer_builder(convert_to_dialogue([ChatMessage(content=question)]), options)

    def _answer(self, builder: ResponseBuilder[R]) -> R:
        with builder.answer.open(self._blocking) as stream:
            for event in stream:
                builder.add(event)
                if builder.answer.stopped:
                    break
        return builder.final(stream)

    async def _aanswer(self, builder: ResponseBuilder[R]) -> R:
        async with await builder.answer.aopen(self._asyncio) as stream:
            async for event in stream:
                builder.add(event)
                if builder.answer.stopped:
                    break
        return builder.final(stream)

    def _stream(self, builder: ResponseBuilder[R]) -> Generator[R, None, None]:
        with builder.answer.open(self._blocking) as stream:
            for event in stream:
                if piece := builder.add(event):
                    yield builder.partial(piece)
                if builder.answer.stopped:
                    break
        yield builder.final(stream, streamed=True)

    async def _astream(self, builder: ResponseBuilder[R]) -> AsyncGenerator[R, None]:
        async with await builder.answer.aopen(self._asyncio) as stream:
            async for event in stream:
                if piece := builder.add(event):
                    yield builder.partial(piece)
                if builder.answer.stopped:
                    break
        yield builder.final(stream, streamed=True)

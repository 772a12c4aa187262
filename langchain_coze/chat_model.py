"""ChatCoze: a Coze bot as a LangChain chat model."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

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
from pydantic import ConfigDict, Field, PrivateAttr, SecretStr, model_validator
from typing_extensions import Self

from coze_client.api.chat_stream import AsyncChatStream, ChatStream
from coze_client.api.chats import PublishStatus
from coze_client.auth import Credentials
from coze_client.client import AsyncCozeClient, CozeClient
from coze_client.config import Region, Timeout
from coze_client.dialogue import CHAT_OPTIONS
from coze_client.retry import Retry
from coze_client.version import __version__
from langchain_coze.chunks import Answering, Piece, convert_to_chunk
from langchain_coze.errors import langchain_errors
from langchain_coze.structured_output import Schema, answer_structured
from langchain_coze.turn import DECIDED_BY_THE_BOT, SPELLINGS, Turn, plan_turn

_SETTINGS = (*sorted(CHAT_OPTIONS), "conversation_id", "system_variable", "trim")


class ChatCoze(BaseChatModel):
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

    Answers tell ``chat_id``, ``conversation_id``, ``logid``, ``status``, ``follow_ups`` and more in
    ``response_metadata``; thoughts, citations, the bot's plugin calls, cards and audio are in ``content_blocks``. What
    fails is both an error of ``coze_client`` and of ``langchain_core.exceptions``. A pickle holds a literal token in
    clear text. Chat options can be given with each call: ``model.invoke(…, custom_variables={…})``.
    """

    bot_id: str
    """The bot; ``model`` is understood too, also with a call."""
    user_id: str = Field(default_factory=lambda: uuid4().hex)
    """Whose memory the bot uses; the same for the same user. Empty or not given: random for this instance."""
    conversation_id: str | None = None
    """Where Coze keeps the history; an unknown one raises CozeNotFound (4002)."""
    custom_variables: dict[str, str] | None = None
    """Values of the bot's prompt variables."""
    parameters: dict[str, Any] | None = None
    """Inputs of a chatflow's start node; JSON of any kind."""
    auto_save_history: bool = True
    """False: Coze forgets the chat, which then can neither heal a broken stream nor wait for tool outputs."""
    meta_data: dict[str, str] | None = None
    """At most 16 pairs, kept with the chat."""
    extra_params: dict[str, str] | None = None
    """Latitude and longitude."""
    shortcut_command: dict[str, Any] | None = None
    """The shortcut that was clicked; JSON of its own shape."""
    enable_card: bool | None = None
    """True: answers may be cards."""
    publish_status: PublishStatus | None = None
    """``unpublished_draft`` runs the draft."""
    bot_version: str | None = None
    """An older version of the bot."""
    connector_id: str | None = None
    """The channel that the bot is published to."""
    cancel_on_close: bool = True
    """True: a stream that is left early cancels its chat on the server."""

    system_variable: str | None = None
    """The prompt variable that takes system messages; not given, they are joined to the first question."""
    trim: bool = False
    """True: of more than 100 messages the last 100 are sent; else more raise an error."""
    stop: list[str] | str | None = None
    """Where to cut the answer, on our side; the chat is then cancelled."""
    streaming: bool = False
    """True: ``invoke`` streams too, for callbacks; explicitly False: ``stream`` gives one chunk."""

    token: SecretStr | str | Callable[[], str | Awaitable[str]] | Credentials | None = Field(default=None, exclude=True)
    """Text, a function (sync or async), or credentials; default ``COZE_API_TOKEN``, then ``COZE_API_KEY``."""
    base_url: str | None = None
    """Default ``COZE_API_BASE``, then https://api.coze.com."""
    region: Region | None = None
    """``com`` or ``cn``, instead of a base URL."""
    timeout: float | Timeout | None = 600.0
    """Seconds between two pieces of an answer (connecting: 5); ``None`` waits for ever."""
    max_retries: int = 2
    """Tries after the first; a chat is tried again only if it surely did not begin."""
    client: CozeClient | AsyncCozeClient | None = Field(default=None, exclude=True, repr=False)
    """A client of yours; its twin of the other face is made when needed."""

    temperature: float | None = Field(default=None, exclude=True)
    """Not sent (with a warning): the bot decides."""
    max_tokens: int | None = Field(default=None, exclude=True)
    """Not sent (with a warning): the bot decides."""
    top_p: float | None = Field(default=None, exclude=True)
    """Not sent (with a warning): the bot decides."""

    model_config = ConfigDict(extra="forbid")

    _client: CozeClient = PrivateAttr()
    _aclient: AsyncCozeClient | None = PrivateAttr(default=None)
    _warned: bool = PrivateAttr(default=False)

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
        if isinstance(token := read.get("token"), str):
            read["token"] = SecretStr(token)
        if not read.get("user_id"):
            read.pop("user_id", None)
        for name in ("conversation_id", "base_url"):
            read[name] = read.get(name) or None
        return read

    @model_validator(mode="after")
    def _set_up_coze(self) -> Self:
        self._add_version("langchain-coze", __version__)
        with langchain_errors():
            self._connect()
        if self.conversation_id and self.cache is None:
            self.cache = False
        self._warn(frozenset(name for name in DECIDED_BY_THE_BOT if getattr(self, name) is not None))
        return self

    def _connect(self) -> None:
        if self.client is None:
            token = self.token.get_secret_value() if isinstance(self.token, SecretStr) else self.token
            retry = Retry(attempts=self.max_retries + 1) if self.max_retries > 0 else None
            self._client = CozeClient(
                token, base_url=self.base_url, region=self.region, timeout=self.timeout, retry=retry
            )
        elif self.token or self.base_url or self.region:
            raise ValueError("Give a client, or token, base_url and region to make one of")
        elif isinstance(self.client, AsyncCozeClient):
            self._client, self._aclient = self.client.blocking, self.client
        else:
            self._client = self.client

    def _warn(self, names: frozenset[str]) -> None:
        if names and not self._warned:
            self._warned = True
            told = ", ".join(sorted(names))
            warnings.warn(f"{told}: not sent, since in Coze the bot's settings decide it", stacklevel=2)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with langchain_errors():
            answering = self._answering(messages, stop, kwargs)
            pieces: list[Piece] = []
            with self._open(answering.turn) as stream:
                for event in stream:
                    pieces += answering.take(event)
                    if answering.stopped:
                        break
            return answering.result(pieces, stream)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with langchain_errors():
            answering = self._answering(messages, stop, kwargs)
            pieces: list[Piece] = []
            async with await self._aopen(answering.turn) as stream:
                async for event in stream:
                    pieces += answering.take(event)
                    if answering.stopped:
                        break
            return answering.result(pieces, stream)

    # LangChain tells its callbacks of every chunk itself: telling them here would do it twice.
    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with langchain_errors():
            answering = self._answering(messages, stop, kwargs)
            with self._open(answering.turn) as stream:
                for event in stream:
                    for piece in answering.take(event):
                        yield convert_to_chunk(piece, answering.id)
                    if answering.stopped:
                        break
            yield from answering.end(stream)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        with langchain_errors():
            answering = self._answering(messages, stop, kwargs)
            async with await self._aopen(answering.turn) as stream:
                async for event in stream:
                    for piece in answering.take(event):
                        yield convert_to_chunk(piece, answering.id)
                    if answering.stopped:
                        break
            for chunk in answering.end(stream):
                yield chunk

    def _open(self, turn: Turn) -> ChatStream:
        client = self._client
        return turn.step.ask(client.chats, client.files.attach(turn.step.drafts), turn.options)

    async def _aopen(self, turn: Turn) -> AsyncChatStream:
        client = self._aclient = self._aclient or self._client.aio
        return turn.step.ask(client.chats, await client.files.attach(turn.step.drafts), turn.options)

    def _answering(
        self, messages: Sequence[BaseMessage], stop: Sequence[str] | None, given: Mapping[str, object]
    ) -> Answering:
        self._warn(DECIDED_BY_THE_BOT & given.keys())
        turn = plan_turn(
            messages,
            settings={name: getattr(self, name) for name in _SETTINGS},
            given=given,
            stop=self.stop if stop is None else stop,
        )
        return Answering(turn)

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
        settings = {name: getattr(self, name) for name in _SETTINGS}
        return {**settings, "base_url": self._client.base_url, "model_name": self.bot_id, "default_stop": self.stop}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_provider"] = "coze"
        params["ls_model_name"] = str(kwargs.get("model") or kwargs.get("bot_id") or self.bot_id)
        return params

"""What LangChain stores, caches and traces of a bot as a chat model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any, cast

from langchain_core.caches import BaseCache
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.globals import get_llm_cache
from langchain_core.language_models import ModelProfile
from langchain_core.language_models.base import LangSmithParams
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.load.serializable import SerializedConstructor, SerializedNotImplemented
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.outputs import ChatResult
from langchain_core.tools import BaseTool
from pydantic import ConfigDict, model_validator
from typing_extensions import Self

from coze_client.bridge.chat.settings import rename_fields
from coze_client.bridge.chat.variables import BotVariables
from coze_client.core.config import Timeout
from coze_client.version import __version__
from langchain_coze.answer_cache import AnswerCache
from langchain_coze.errors import langchain_errors

OTHER_NAMES: Mapping[str, str] = {
    "model": "bot_id",
    "model_name": "bot_id",
    "user": "user_id",
    "api_key": "token",
    "coze_api_key": "token",
    "coze_api_base": "base_url",
    "request_timeout": "timeout",
    "stop_sequences": "stop",
}
"""Other names of fields, from LangChain and langchain-community, and the fields that they mean."""

_MEDIA = ("image_inputs", "image_url_inputs", "pdf_inputs", "audio_inputs", "video_inputs")


class BotModel(BotVariables, BaseChatModel):
    """The part of ``ChatCoze`` around its chats: names of fields, profile, storage, cache, token counts, traces."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _rename_fields(cls, given: Mapping[str, object]) -> dict[str, object]:
        return rename_fields(given, OTHER_NAMES)

    @model_validator(mode="after")
    def _set_coze_version(self) -> Self:
        self._add_version("langchain-coze", __version__)
        if self.conversation_id and self.cache is None:
            self.cache = False
        media = dict.fromkeys(_MEDIA, not self.workflow_id)
        known = {**media, "tool_calling": not self.workflow_id, "tool_choice": False, "structured_output": True}
        self.profile = cast("ModelProfile", {**known, **(self.profile or {})})
        return self

    def _framework_errors(self) -> AbstractContextManager[None]:
        return langchain_errors()

    @classmethod
    def is_lc_serializable(cls) -> bool:
        return True

    def to_json(self) -> SerializedConstructor | SerializedNotImplemented:
        """As LangChain stores it: the token by its name, the server by its address, no random ``user_id``."""
        stored = super().to_json()
        if stored["type"] == "constructor":
            kwargs = {**stored["kwargs"], "base_url": self._coze.base_url}
            left_out = {"region", *(() if self._user_is_known else ("user_id",))}
            stored["kwargs"] = {name: value for name, value in kwargs.items() if name not in left_out}
            if isinstance(self.timeout, Timeout):
                stored["kwargs"]["timeout"] = asdict(self.timeout)
            if self.rate_limit is not None:
                stored["kwargs"]["rate_limit"] = asdict(self.rate_limit.without_password())
        return stored

    def _generate_with_cache(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        model = self._with_answer_cache(kwargs)
        return super(BotModel, model)._generate_with_cache(messages, stop=stop, run_manager=run_manager, **kwargs)

    async def _agenerate_with_cache(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        model = self._with_answer_cache(kwargs)
        generate = super(BotModel, model)._agenerate_with_cache
        return await generate(messages, stop=stop, run_manager=run_manager, **kwargs)

    def _with_answer_cache(self, options: Mapping[str, object]) -> Self:
        """This model, or a copy if there is a cache: without one in a conversation, else one without waiting answers.

        A conversation must get every question, so an answer from a cache would leave a gap in it.
        """
        if options.get("conversation_id"):
            return self.model_copy(update={"cache": False})
        given = get_llm_cache() if self.cache in (None, True) else self.cache
        return self.model_copy(update={"cache": AnswerCache(given)}) if isinstance(given, BaseCache) else self

    def get_num_tokens(self, text: str) -> int:
        """The approximate number of tokens: Coze reveals neither the tokenizer nor the model of a bot."""
        if self.custom_get_token_ids is not None:
            return super().get_num_tokens(text)
        return self.get_num_tokens_from_messages([HumanMessage(text)])

    def get_num_tokens_from_messages(
        self,
        messages: Sequence[BaseMessage],
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool] | None = None,
    ) -> int:
        """The approximate number of tokens, at four characters each; tools are not sent, so they are not counted."""
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
        """The values that answers depend on, for LangChain's cache key and for traces."""
        own = {"system_variable": self.system_variable, "trim": self.trim, "default_stop": self.stop}
        options = {name: value for name, value in self._options({}).items() if name != "user_id" or self._user_is_known}
        return {**options, **own, "base_url": self._coze.base_url, "model_name": self.model_name}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_provider"] = "coze"
        given = (kwargs.get(name) for name in ("model", "bot_id", "bot_name"))
        params["ls_model_name"] = str(next(filter(None, given), self.model_name))
        return params

"""CozeSpeech: the sound of an answer, as a step of a LangChain chain."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig, RunnableSerializable
from pydantic import ConfigDict

from coze_client.bridge.sound.speech import SpeechSettings
from coze_client.core.concurrency import Blocking
from langchain_coze.errors import langchain_errors


class CozeSpeech(SpeechSettings, RunnableSerializable[AIMessage | str, bytes]):
    """Speaks an answer or a text with a voice of Coze; returns the bytes of a sound, mp3 by default.

    ```python
    from pathlib import Path

    from langchain_coze import ChatCoze, CozeSpeech

    chain = ChatCoze(bot_id="7350000000000000001") | CozeSpeech(voice_id="7468512265134799901")
    Path("answer.mp3").write_bytes(chain.invoke("Hello"))
    ```

    EACH CALL IS BILLED, AND SO IS EACH PART of a text that is split. Coze takes at most 1024 bytes in UTF-8 at once: a
    longer text raises ConfigurationError before anything is sent, unless ``split=True``. An answer without text, such
    as one with tool calls only, is an error, too. The settings may change with each call: ``speech.bind(speed=1.2)``.

    Errors are errors of ``coze_client`` and of ``langchain_core.exceptions`` at once. ``with_retry()`` would repeat
    calls that are billed: give it ``retry_if_exception_type=(ModelRateLimitError,)``. Permission: createSpeech.
    A pickle contains a literal token in clear text.
    """

    model_config = ConfigDict(extra="forbid")

    def invoke(self, input: AIMessage | str, config: RunnableConfig | None = None, **kwargs: Any) -> bytes:  # noqa: A002 - LangChain's name
        """The whole sound of an answer or a text."""
        return self._call_with_config(self._sound, input, config, **kwargs)

    async def ainvoke(self, input: AIMessage | str, config: RunnableConfig | None = None, **kwargs: Any) -> bytes:  # noqa: A002 - LangChain's name
        """As ``invoke``, on asyncio."""
        return await self._acall_with_config(self._asound, input, config, **kwargs)

    def _sound(self, spoken: AIMessage | str, **options: Any) -> bytes:
        with langchain_errors():
            return Blocking.run(self._speak(self._blocking._session, _text(spoken), options))

    async def _asound(self, spoken: AIMessage | str, **options: Any) -> bytes:
        with langchain_errors():
            return await self._speak(self._asyncio._session, _text(spoken), options)


def _text(spoken: AIMessage | str) -> str:
    return spoken if isinstance(spoken, str) else str(spoken.text)

"""CozeSpeech: the sound of an answer of LlamaIndex."""

from __future__ import annotations

from typing import Any

from llama_index.core.agent.workflow import AgentOutput
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse
from llama_index.core.base.response.schema import Response

from coze_client.bridge.sound.speech import SpeechSettings
from coze_client.core.concurrency import Blocking

Spoken = str | ChatMessage | ChatResponse | CompletionResponse | Response | AgentOutput
"""What can be spoken: a text, or an answer of an LLM, a query engine or an agent."""


class CozeSpeech(SpeechSettings):
    """Speaks an answer or a text with a voice of Coze; returns the bytes of a sound, mp3 by default.

    ```python
    from pathlib import Path

    from llama_index_coze import CozeLLM, CozeSpeech

    speech = CozeSpeech(voice_id="7468512265134799901")  # token: COZE_API_TOKEN
    answer = CozeLLM(bot_id="7350000000000000001").complete("Hello")
    Path("answer.mp3").write_bytes(speech.speak(answer))
    ```

    EACH CALL IS BILLED, AND SO IS EACH PART of a text that is split. Coze takes at most 1024 bytes in UTF-8 at once: a
    longer text raises ConfigurationError before anything is sent, unless ``split=True``. An answer without text, such
    as one with tool calls only, is an error, too. Every setting may change with a call: ``speak(answer, speed=1.2)``.
    Errors are those of ``coze_client``. Permission: createSpeech. A pickle contains a literal token in clear text.
    """

    def speak(self, answer: Spoken, **options: Any) -> bytes:
        """The whole sound of an answer or a text; `options` override the settings."""
        return Blocking.run(self._speak(self._blocking._session, convert_to_text(answer), options))

    async def aspeak(self, answer: Spoken, **options: Any) -> bytes:
        """As ``speak``, on asyncio."""
        return await self._speak(self._asyncio._session, convert_to_text(answer), options)


def convert_to_text(answer: Spoken) -> str:
    """The text of an answer, "" if it has none; pure."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, CompletionResponse):
        return answer.text
    if isinstance(answer, Response):
        return answer.response or ""
    if isinstance(answer, ChatResponse):
        answer = answer.message
    message = answer.response if isinstance(answer, AgentOutput) else answer
    return message.content or ""

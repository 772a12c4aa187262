"""Speech of an answer, in both frameworks, blocking and on asyncio."""

from __future__ import annotations

import asyncio
import io
import json
import pickle
import wave
from typing import Any, NamedTuple

import httpx
import pytest
from langchain_core.exceptions import ModelInvalidRequestError
from langchain_core.messages import AIMessage, AIMessageChunk
from llama_index.core.agent.workflow import AgentOutput
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse
from llama_index.core.base.response.schema import Response

import langchain_coze
import llama_index_coze
from coze_client import AsyncCozeClient, ConfigurationError, CozeClient, CozeError
from coze_client.emulator import Emulator
from langchain_coze import ChatCoze

SPEECH = "/v1/audio/speech"
VOICE = "7468512265134799901"
LONG = "This sentence has 30 letters. " * 70  # 2,100 bytes


class Way(NamedTuple):
    """A framework's speech, blocking or on asyncio."""

    kind: Any
    method: str

    def speak(self, speech: Any, spoken: Any, **options: Any) -> bytes:
        """Speak."""
        result = getattr(speech, self.method)(spoken, **options)
        return bytes(asyncio.run(result) if self.method.startswith("a") else result)


WAYS = [
    *(Way(langchain_coze.CozeSpeech, method) for method in ("invoke", "ainvoke")),
    *(Way(llama_index_coze.CozeSpeech, method) for method in ("speak", "aspeak")),
]


@pytest.fixture(params=WAYS, ids=lambda way: way.method)
def way(request: pytest.FixtureRequest) -> Way:
    """Each framework, blocking and on asyncio."""
    found: Way = request.param
    return found


def settings(emulator: Emulator, **options: Any) -> dict[str, Any]:
    return {"voice_id": VOICE, "token": emulator.token, "base_url": emulator.url, **options}


def sent(emulator: Emulator) -> list[dict[str, Any]]:
    return [dict(call.body) for call in emulator.calls_to(SPEECH) if isinstance(call.body, dict)]


def spoken_texts(emulator: Emulator) -> list[str]:
    return [str(body["input"]) for body in sent(emulator)]


def seconds(sound: bytes) -> float:
    with wave.open(io.BytesIO(sound)) as reader:
        return float(reader.getnframes() / reader.getframerate())


def test_a_text_becomes_a_sound(emulator: Emulator, way: Way) -> None:
    sound = way.speak(way.kind(**settings(emulator)), "Hello")
    client = CozeClient(emulator.token, base_url=emulator.url)
    assert sound == client.audio.speech.create(input="Hello", voice_id=VOICE).read()
    assert sound.startswith(b"ID3")  # mp3


def test_the_settings_of_the_voice_may_change_with_a_call(emulator: Emulator, way: Way) -> None:
    speech = way.kind(**settings(emulator, response_format="wav", speed=1.0))
    assert seconds(way.speak(speech, "Hello", speed=0.5)) == pytest.approx(2 * seconds(way.speak(speech, "Hello")))
    assert sent(emulator)[0] == {"input": "Hello", "voice_id": VOICE, "response_format": "wav", "speed": 0.5}
    with pytest.raises(TypeError, match="volume"):
        way.speak(speech, "Hello", volume=3)


def test_a_long_text_is_refused_before_anything_is_sent(emulator: Emulator, way: Way) -> None:
    for text in ("a" * 1025, "é" * 513):
        with pytest.raises(ConfigurationError, match="1024"):
            way.speak(way.kind(**settings(emulator)), text)
    assert emulator.calls == []


def test_a_long_text_is_split_if_asked(emulator: Emulator, way: Way) -> None:
    speech = way.kind(**settings(emulator, response_format="wav", split=True))
    sound = way.speak(speech, LONG)
    assert " ".join(spoken_texts(emulator)) == LONG.strip()
    assert len(spoken_texts(emulator)) == 3
    assert seconds(sound) == pytest.approx(sum(len(text) for text in spoken_texts(emulator)) * 0.06)
    assert way.speak(speech, LONG, split=True, response_format="pcm") == sound[44:]
    way.speak(speech, "short")
    assert spoken_texts(emulator)[6:] == ["short"]


def test_a_part_that_fails_fails_the_whole_and_says_what_is_billed(way: Way) -> None:
    heard: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request.content)
        if len(heard) == 2:
            return httpx.Response(200, json={"code": 4000, "msg": "voice gone"})
        return httpx.Response(200, content=b"\xff\xfb", headers={"content-type": "audio/mpeg"})

    kind: Any = AsyncCozeClient if way.method.startswith("a") else CozeClient
    client = kind("t", base_url="http://coze", transport=httpx.MockTransport(answer))
    with pytest.raises(CozeError, match=r"^Part 2 of 3 failed; Coze bills the parts before it\."):
        way.speak(way.kind(voice_id=VOICE, client=client, split=True), LONG)
    assert len(heard) == 2
    heard.pop()
    with pytest.raises(CozeError, match=r"^(?!Part)"):
        way.speak(way.kind(voice_id=VOICE, client=client, split=True), "short")


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"split": True, "response_format": "ogg_opus"}, "joined"),
        ({"speed": 9}, "speed"),
        ({"loudness_rate": 200}, "loudness_rate"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_once(way: Way, given: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigurationError, match=what):
        way.kind(voice_id=VOICE, token="t", **given)


def test_a_copy_and_a_pickle_speak(emulator: Emulator, way: Way) -> None:
    speech = way.kind(**settings(emulator))
    assert emulator.token not in repr(speech)
    for again in (pickle.loads(pickle.dumps(speech)), speech.model_copy()):
        assert way.speak(again, "Hello") == way.speak(speech, "Hello")
    assert emulator.token not in json.dumps(speech.model_dump(mode="json"))


CALL = AIMessage("", tool_calls=[{"name": "add", "args": {}, "id": "1"}])
EMPTY: list[tuple[type, list[Any]]] = [
    (langchain_coze.CozeSpeech, ["", "  \n", AIMessage(""), CALL]),
    (llama_index_coze.CozeSpeech, ["", ChatMessage(content=None), Response(None), CompletionResponse(text=" ")]),
]


@pytest.mark.parametrize(("kind", "spoken"), [(kind, each) for kind, texts in EMPTY for each in texts])
def test_an_answer_without_text_is_an_error(emulator: Emulator, kind: Any, spoken: Any) -> None:
    way = next(way for way in WAYS if way.kind is kind)
    with pytest.raises(ConfigurationError, match="no text"):
        way.speak(kind(**settings(emulator)), spoken)
    assert emulator.calls == []


MESSAGE = ChatMessage("Hello", role="assistant")
ANSWERS: list[tuple[type, list[Any]]] = [
    (
        langchain_coze.CozeSpeech,
        [AIMessage("Hello"), AIMessageChunk(content="Hello"), AIMessage([{"type": "text", "text": "Hello"}])],
    ),
    (
        llama_index_coze.CozeSpeech,
        [
            MESSAGE,
            ChatResponse(message=MESSAGE),
            CompletionResponse(text="Hello"),
            Response("Hello"),
            AgentOutput(response=MESSAGE, current_agent_name="Agent"),
        ],
    ),
]


@pytest.mark.parametrize(("kind", "spoken"), [(kind, each) for kind, texts in ANSWERS for each in texts])
def test_every_answer_of_the_framework_is_spoken(emulator: Emulator, kind: Any, spoken: Any) -> None:
    next(way for way in WAYS if way.kind is kind).speak(kind(**settings(emulator)), spoken)
    assert spoken_texts(emulator) == ["Hello"]


async def test_a_chain_speaks_the_answer_of_a_bot(emulator: Emulator) -> None:
    speech = langchain_coze.CozeSpeech(**settings(emulator))
    model = ChatCoze(bot_id=emulator.bots["echo"], token=emulator.token, base_url=emulator.url)
    chain = model | speech.bind(speed=2.0)
    whole = await chain.ainvoke("Hello")
    assert b"".join([piece async for piece in chain.astream("Hello")]) == whole
    assert speech.batch(["Hello", "Hello"]) == [speech.invoke("Hello")] * 2
    assert set(spoken_texts(emulator)) == {"Hello"}


def test_an_error_is_one_of_langchain(emulator: Emulator) -> None:
    with pytest.raises(ModelInvalidRequestError):
        langchain_coze.CozeSpeech(**settings(emulator)).invoke("a" * 1025)

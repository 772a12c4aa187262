"""A conversation of Coze as the message history of a framework: read, added to, cleared; blocking and on asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables.history import RunnableWithMessageHistory
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer

from coze_client import ConfigurationError, CozeClient, CozeError, Message
from coze_client.emulator import Emulator
from langchain_coze import ChatCoze, CozeChatMessageHistory
from llama_index_coze import CozeChatStore

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # LangChain has deprecated its histories
Run = Callable[[Any], Any]


class LangChain:
    """Calls a history by its blocking methods, or by those on asyncio."""

    def __init__(self, emulator: Emulator, key: str, *, on_asyncio: bool) -> None:
        self.history = CozeChatMessageHistory(key, token=emulator.token, base_url=emulator.url)
        self.on_asyncio = on_asyncio

    def read(self) -> list[tuple[str, str]]:
        return [(str(each.id), str(each.text)) for each in self.messages()]

    def messages(self) -> list[BaseMessage]:
        return asyncio.run(self.history.aget_messages()) if self.on_asyncio else self.history.messages

    def add(self, *texts: str) -> None:
        messages = [[HumanMessage, AIMessage][n % 2](text) for n, text in enumerate(texts)]
        if self.on_asyncio:
            asyncio.run(self.history.aadd_messages(messages))
        else:
            self.history.add_messages(messages)

    def clear(self) -> None:
        if self.on_asyncio:
            asyncio.run(self.history.aclear())
        else:
            self.history.clear()


class LlamaIndex:
    """Calls a store by its blocking methods, or by those on asyncio."""

    def __init__(self, emulator: Emulator, key: str, *, on_asyncio: bool) -> None:
        self.store = CozeChatStore(token=emulator.token, base_url=emulator.url)
        self.key = key
        self.on_asyncio = on_asyncio

    def call(self, name: str, *arguments: Any) -> Any:
        if not self.on_asyncio:
            return getattr(self.store, name)(*arguments)
        name = "async_add_message" if name == "add_message" else f"a{name}"
        return asyncio.run(getattr(self.store, name)(*arguments))

    def read(self) -> list[tuple[str, str]]:
        return [(each.additional_kwargs["id"], each.content or "") for each in self.call("get_messages", self.key)]

    def add(self, *texts: str) -> None:
        for n, text in enumerate(texts):
            self.call("add_message", self.key, ChatMessage(text, role=["user", "assistant"][n % 2]))

    def clear(self) -> None:
        self.call("delete_messages", self.key)


@pytest.fixture
def key(client: CozeClient) -> str:
    return client.conversations.create().id


@pytest.fixture(params=[False, True], ids=["blocking", "asyncio"])
def on_asyncio(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(params=[LangChain, LlamaIndex], ids=lambda kind: kind.__name__)
def history(request: pytest.FixtureRequest, emulator: Emulator, key: str, on_asyncio: bool) -> Any:
    return request.param(emulator, key, on_asyncio=on_asyncio)


def texts(history: Any) -> list[str]:
    return [text for _, text in history.read()]


def test_what_a_chat_left_is_read_with_ids(history: Any, client: CozeClient, emulator: Emulator, key: str) -> None:
    asked: Any = {"bot_id": emulator.bots["reasoner"], "user_id": "me", "conversation_id": key}
    client.chats.create_and_poll(**asked, additional_messages=[Message.user("Why?")])
    kept = list(client.conversations.messages.list(conversation_id=key, order="asc"))
    assert history.read() == [(each.id, each.content) for each in kept if each.type in ("question", "answer")]
    assert texts(history) == ["Why?", "After some thought: Why?"]


def test_messages_are_added_at_the_end(history: Any) -> None:
    history.add("One", "Two", "Three")
    history.add("Four")
    assert texts(history) == ["One", "Two", "Three", "Four"]
    assert len({number for number, _ in history.read()}) == 4


def test_what_was_cleared_is_gone(history: Any) -> None:
    history.add("One", "Two")
    history.clear()
    assert texts(history) == []
    history.add("Three")
    assert texts(history) == ["Three"]


def test_a_long_history_is_read_whole_and_in_order(history: Any) -> None:
    said = [str(n) for n in range(120)]
    history.add(*said)
    assert texts(history) == said


def test_the_history_of_a_studio_is_read(on_asyncio: bool) -> None:
    with Emulator("studio") as emulator, CozeClient(emulator.token, base_url=emulator.url) as client:
        bot_id = emulator.bots["echo"]
        key = client.conversations.create(bot_id=bot_id).id
        client.chats.stream(
            bot_id=bot_id, user_id="me", conversation_id=key, additional_messages=[Message.user("Hi")]
        ).read()
        for kind in (LangChain, LlamaIndex):
            history = kind(emulator, key, on_asyncio=on_asyncio)
            assert texts(history) == ["Hi", "Hi"]
            with pytest.raises(CozeError):
                history.add("Hello")
        history.clear()
        assert texts(history) == []


# --- LangChain ---


def test_a_model_in_the_same_conversation_has_each_message_once(emulator: Emulator, key: str) -> None:
    options: Any = {"token": emulator.token, "base_url": emulator.url}
    model = ChatCoze(bot_id=emulator.bots["assistant"], conversation_id=key, **options)
    chain = RunnableWithMessageHistory(model, lambda session_id: CozeChatMessageHistory(session_id, **options))
    session: Any = {"configurable": {"session_id": key}}
    chain.invoke([HumanMessage("My name is Ada.")], session)
    assert chain.invoke([HumanMessage("What is my name?")], session).text == "Your name is Ada."
    assert [each.text for each in CozeChatMessageHistory(key, **options).messages] == [
        "My name is Ada.",
        "Nice to meet you, Ada.",
        "What is my name?",
        "Your name is Ada.",
    ]
    bodies: list[Any] = [call.body for call in emulator.calls_to("/v3/chat")]
    assert [len(body["additional_messages"]) for body in bodies] == [1, 1]


def test_pictures_of_a_question_are_read_as_blocks(emulator: Emulator, key: str) -> None:
    history = CozeChatMessageHistory(key, token=emulator.token, base_url=emulator.url)
    blocks: Any = [{"type": "text", "text": "Look"}, {"type": "image", "url": "https://example.com/a.png"}]
    history.add_messages([HumanMessage(blocks)])
    assert history.messages[0].content == blocks


def test_system_messages_are_refused_before_anything_is_added(emulator: Emulator, key: str) -> None:
    history = CozeChatMessageHistory(key, token=emulator.token, base_url=emulator.url)
    with pytest.raises(ConfigurationError, match="no system messages"):
        history.add_messages([HumanMessage("Hi"), SystemMessage("Be brief")])
    assert history.messages == []


def test_tool_calls_are_kept_as_words(emulator: Emulator, key: str) -> None:
    history = CozeChatMessageHistory(key, token=emulator.token, base_url=emulator.url)
    call = AIMessage("", tool_calls=[{"name": "count", "args": {"what": "eggs"}, "id": "1"}])
    history.add_messages([HumanMessage("How many?"), call, ToolMessage("six", tool_call_id="1")])
    assert [each.text for each in history.messages][1:] == ['[called count({"what": "eggs"})]', "Result of count:\nsix"]


# --- LlamaIndex ---


def test_messages_are_deleted_by_index(emulator: Emulator, key: str, on_asyncio: bool) -> None:
    store = LlamaIndex(emulator, key, on_asyncio=on_asyncio)
    store.add("One", "Two", "Three")
    assert store.call("delete_message", key, 1).content == "Two"
    assert store.call("delete_last_message", key).content == "Three"
    assert store.call("delete_message", key, 5) is None
    assert texts(store) == ["One"]


def test_messages_that_are_set_replace_the_others(emulator: Emulator, key: str, on_asyncio: bool) -> None:
    store = LlamaIndex(emulator, key, on_asyncio=on_asyncio)
    store.add("One", "Two")
    kept = store.call("get_messages", key)
    store.call("set_messages", key, [*kept, ChatMessage("Three")])
    assert texts(store) == ["One", "Two", "Three"]
    assert not emulator.calls_to(f"/v1/conversations/{key}/clear")
    store.call("set_messages", key, [kept[1], ChatMessage("Four")])
    assert texts(store) == ["Two", "Four"]


def test_the_keys_are_the_conversations_of_a_bot(emulator: Emulator, client: CozeClient, on_asyncio: bool) -> None:
    key = client.conversations.create(bot_id=emulator.bots["echo"]).id
    store = LlamaIndex(emulator, key, on_asyncio=on_asyncio)
    with pytest.raises(ConfigurationError, match="by bot"):
        store.call("get_keys")
    store.store = CozeChatStore(token=emulator.token, base_url=emulator.url, bot_id=emulator.bots["echo"])
    assert store.call("get_keys") == [key]


def test_a_memory_reads_and_writes_the_conversation(emulator: Emulator, key: str) -> None:
    store = CozeChatStore(token=emulator.token, base_url=emulator.url)
    memory = ChatMemoryBuffer.from_defaults(chat_store=store, chat_store_key=key)
    memory.put(ChatMessage("My name is Ada."))
    assert [each.content for each in memory.get()] == ["My name is Ada."]

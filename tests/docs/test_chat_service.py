"""The example chat service over a real port: many browsers, of which some leave while the bot answers."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType

import anyio
import httpx
import pytest

from coze_client import JWT, AsyncCozeClient, from_config
from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer, Hold, Item, Turn
from tests.support.chromium import Chromium, open_chromium
from tests.support.ports import free_port

uvicorn = pytest.importorskip("uvicorn")
pytest.importorskip("fastapi")

FOLDER = Path(__file__).parents[2] / "examples" / "chat_service"
MODULES = ("service", "bots", "own_task")
CANCEL = "/v3/chat/cancel"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module of the example, imported as if its folder were the current one."""
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module("service")
    for name in MODULES:
        sys.modules.pop(name, None)


class Site:
    """The running service, and the bots behind it. A slow bot says one word, then waits until `released`."""

    def __init__(self, emulator: Emulator, service: ModuleType) -> None:
        self.emulator = emulator
        self.released = self.first_word = False
        self.words_sent = 0
        credentials = from_config(emulator.oauth_apps["jwt"].config(emulator.url))
        assert isinstance(credentials, JWT)
        self.client = AsyncCozeClient(credentials)
        names = {
            "slow": emulator.add_bot("waiting", self._wait),
            "mute": emulator.add_bot("mute", self._start_late),
            "echo": emulator.bots["echo"],
        }
        self.bots = {**names, "memory": emulator.bots["assistant"], "failing": emulator.bots["failing"]}
        app = service.create_app(self.client, self.bots, credentials)
        self.server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))

    def _wait(self, turn: Turn) -> Iterator[Item]:
        yield Answer(f"first: {turn.question} ", pieces=(f"first: {turn.question} ",))
        self.words_sent += 1
        yield Hold(lambda: self.released)
        yield Answer("and last")

    def _start_late(self, turn: Turn) -> Iterator[Item]:
        yield Hold(lambda: self.first_word)
        yield from self._wait(turn)

    @property
    def url(self) -> str:
        port: int = self.server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"


@asynccontextmanager
async def running(service: ModuleType) -> AsyncIterator[Site]:
    with Emulator() as emulator:
        site = Site(emulator, service)
        serving = asyncio.create_task(site.server.serve())
        await until(lambda: site.server.started)
        try:
            yield site
        finally:
            site.released = True
            site.server.should_exit = True
            await serving


async def until(predicate: Callable[[], object], seconds: float = 30) -> None:
    """Wait until the predicate is true; TimeoutError after `seconds`."""
    with anyio.fail_after(seconds):
        while not predicate():
            await asyncio.sleep(0.01)


class Browser:
    """A visitor with cookies of its own."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.http = httpx.AsyncClient(base_url=site.url, timeout=60)

    async def ask(self, text: str, bot: str = "slow", *, leave: bool = False, dialogue: str = "one") -> list[list[str]]:
        """The events of the answer, or those until the first word, after which the browser leaves."""
        if "session" not in self.http.cookies:
            await self.http.get("/")
        question = {"text": text, "bot": bot, "dialogue": dialogue}
        events: list[list[str]] = []
        async with self.http.stream("POST", "/ask", json=question) as response:
            assert response.status_code == 200, await response.aread()
            async for line in response.aiter_lines():
                if line.startswith("event: "):
                    events.append([line[7:]])
                elif line.startswith("data: "):
                    events[-1].append(json.loads(line[6:]))
                    if leave:
                        break
        return events

    async def messages(self, dialogue: str = "one") -> list[str]:
        found = (await self.http.get(f"/dialogues/{dialogue}")).json()
        return [f"{each['who']}: {each['text']}" for each in found]


@asynccontextmanager
async def browsers(site: Site, count: int) -> AsyncIterator[list[Browser]]:
    opened = [Browser(site) for _ in range(count)]
    try:
        yield opened
    finally:
        for browser in opened:
            await browser.http.aclose()


def text_of(events: list[list[str]]) -> str:
    assert events[-1] == ["end", ""]
    return "".join(event[1] for event in events)


def sent(site: Site, number: int) -> list[str]:
    """The texts of the messages that one chat got."""
    body = site.emulator.calls_to("/v3/chat")[number].body
    assert isinstance(body, dict)
    return [message["content"] for message in body["additional_messages"]]


def cancelled_chats(site: Site) -> set[str]:
    bodies = [call.body for call in site.emulator.calls_to(CANCEL)]
    return {body["chat_id"] for body in bodies if isinstance(body, dict)}


async def test_of_twenty_browsers_eight_leave_and_nothing_of_theirs_runs_on(service: ModuleType) -> None:
    async with running(service) as site:
        coze = site.emulator
        async with browsers(site, 20) as opened:
            leaving, staying = opened[:8], opened[8:]
            asking = [asyncio.create_task(browser.ask(f"q{n}")) for n, browser in enumerate(staying)]
            left = await asyncio.gather(*(browser.ask("bye", leave=True) for browser in leaving))
            assert left == [[["delta", "first: bye "]]] * 8
            await until(lambda: len(coze.calls_to(CANCEL)) == 8)
            await until(lambda: coze.chats_started == 20 and coze.open_streams == 12)
            site.released = True
            answers = await asyncio.gather(*asking)
            assert list(map(text_of, answers)) == [f"first: q{n} and last" for n in range(12)]
            assert coze.open_streams == 0
            assert len(coze.calls_to(CANCEL)) == 8
            assert {coze.chat_status(chat_id) for chat_id in cancelled_chats(site)} == {"canceled"}
        await until(lambda: not site.server.server_state.connections)
        assert not importlib.import_module("own_task").running
        await until(lambda: not site.server.server_state.tasks)
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_each_bot_of_the_graph_has_a_conversation_of_its_own(service: ModuleType) -> None:
    async with running(service) as site, browsers(site, 1) as (ann,):
        assert "Nice to meet you, Ada" in text_of(await ann.ask("My name is Ada.", "memory"))
        assert text_of(await ann.ask("Hello", "echo")) == "Hello"
        assert "Your name is Ada" in text_of(await ann.ask("What is my name?", "memory"))
        assert len(site.emulator.calls_to("/v1/conversation/create")) == 2
        assert len({call.query["conversation_id"] for call in site.emulator.calls_to("/v3/chat")}) == 2
        assert sent(site, 1) == ["My name is Ada.", "Nice to meet you, Ada.", "Hello"]
        assert sent(site, 2) == ["Hello", "Hello", "What is my name?"]


async def test_a_question_that_a_browser_left_is_not_sent_again(service: ModuleType) -> None:
    async with running(service) as site, browsers(site, 1) as (ann,):
        await ann.ask("One?", leave=True)
        await until(lambda: len(site.emulator.calls_to(CANCEL)) == 1)
        site.released = True
        assert text_of(await ann.ask("Two?")) == "first: Two? and last"
        assert [sent(site, 0), sent(site, 1)] == [["One?"], ["Two?"]]
        assert len(site.emulator.calls_to(CANCEL)) == 1
        assert await ann.messages() == ["you: One?", "you: Two?", "bot: first: Two? and last"]


async def test_visitors_and_their_dialogues_are_kept_apart(service: ModuleType) -> None:
    async with running(service) as site, browsers(site, 2) as (ann, bob):
        await ann.ask("My name is Ada.", "memory")
        assert "Ada" not in text_of(await bob.ask("What is my name?", "memory"))
        assert "Ada" not in text_of(await ann.ask("What is my name?", "memory", dialogue="two"))
        assert await bob.messages("two") == []
        tokens = {call.headers["authorization"] for call in site.emulator.calls_to("/v3/chat")}
        assert len(tokens) == 2


async def test_an_answer_that_fails_ends_with_the_reason(service: ModuleType) -> None:
    async with running(service) as site, browsers(site, 1) as (ann,):
        *deltas, last = await ann.ask("Hello", "failing")
        assert "".join(delta[1] for delta in deltas) == "This goes well until "
        assert last[0] == "failed"
        assert "model unavailable" in last[1]
        assert (await ann.http.post("/ask", json={"text": "Hi", "bot": "nobody", "dialogue": "1"})).status_code == 404
        assert "<option>memory" in (await ann.http.get("/")).text


async def test_a_service_that_stops_cancels_the_chats(service: ModuleType) -> None:
    async with running(service) as site, browsers(site, 3) as opened:
        asking = [asyncio.create_task(browser.ask("Hello")) for browser in opened]
        await until(lambda: site.words_sent == 3)
        site.server.should_exit = True
        await until(lambda: len(site.emulator.calls_to(CANCEL)) == 3)
        await asyncio.gather(*asking, return_exceptions=True)
        await until(lambda: site.emulator.open_streams == 0)


async def test_a_browser_that_leaves_before_the_first_word_ends_the_chat_too(service: ModuleType) -> None:
    async with running(service) as site, browsers(site, 10) as opened:
        for browser in opened:
            await browser.http.get("/")
        asking = [asyncio.create_task(browser.ask("Hello", "mute")) for browser in opened]
        await until(lambda: site.emulator.chats_started == 10)
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        await until(lambda: not site.server.server_state.tasks)
        site.first_word = True
        await until(lambda: len(site.emulator.calls_to(CANCEL)) == 10)
        await until(lambda: site.emulator.open_streams == 0)


def test_the_service_starts_as_its_first_lines_say(emulator: Emulator, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(emulator.oauth_apps["jwt"].config(emulator.url)))
    port = free_port()
    environment = {
        **os.environ,
        "COZE_OAUTH_CONFIG": str(config),
        "COZE_BOTS": f"guide={emulator.bots['assistant']},echo={emulator.bots['echo']}",
        "PORT": str(port),
        "PYTHONPATH": str(FOLDER.parents[1]),
    }
    command = [sys.executable, str(FOLDER / "service.py")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        try:
            lines = iter(process.stderr)
            assert any("Uvicorn running" in line for line in lines)
            page = httpx.get(f"http://127.0.0.1:{port}/")
        finally:
            process.terminate()
    assert "<option>guide<option>echo" in page.text
    assert "httponly" in page.headers["set-cookie"].lower()


async def test_in_a_real_browser_a_visitor_asks_and_leaves(service: ModuleType, tmp_path: Path) -> None:
    async with running(service) as site:
        chromium = await asyncio.to_thread(open_chromium, tmp_path)
        try:
            await asyncio.to_thread(ask_and_leave, chromium, site)
            await until(lambda: len(site.emulator.calls_to(CANCEL)) == 1)
        finally:
            await asyncio.to_thread(chromium.close)


def ask_and_leave(chromium: Chromium, site: Site) -> None:
    chromium.open(site.url)
    chromium.choose("#bot", "echo")
    chromium.type("#question", "Do you hear me?")
    chromium.press("#ask")
    assert chromium.read("p.bot.whole") == "Do you hear me?"
    chromium.choose("#bot", "slow")
    chromium.type("#question", "One?")
    chromium.press("#ask")
    assert "first: One?" in chromium.read("p.bot:last-child:not(:empty)")
    chromium.open("about:blank")

"""Tools given to a bot that has no plugins: a warning, for one request a bot; the chat goes on."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from coze_client import Bot, CozeClient
from coze_client.bridge.chat import declared_plugins
from coze_client.bridge.chat.declared_plugins import has_no_plugins
from coze_client.emulator import Emulator, faults
from tests.support import tool_questions
from tests.support.tool_questions import LLAMA_INDEX, WAYS

Make = Callable[..., Callable[..., Any]]


@pytest.fixture(autouse=True)
def no_bot_asked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of an earlier test may have had the same address."""
    monkeypatch.setattr(declared_plugins, "_asked", {})


@pytest.fixture(params=WAYS, ids=lambda way: f"{way[0].__name__}-{way[1].__name__}")
def asking(request: pytest.FixtureRequest, emulator: Emulator, own_event_loop: None) -> Make:
    """Makes a model of a bot, and returns a way to ask it with a tool."""
    kind, way = request.param

    def make(bot: str = "echo", **settings: Any) -> Callable[..., Any]:
        given = {"token": emulator.token, "base_url": emulator.url, **settings}
        if "client" in settings:
            given = settings
        model = kind(bot_id=emulator.bots[bot], **given)
        return lambda **options: way(model, **options)

    return make


def retrieved(emulator: Emulator, bot: str = "echo") -> int:
    return len(emulator.calls_to(f"/v1/bots/{emulator.bots[bot]}"))


def test_a_bot_without_plugins_is_told_once_at_the_line_of_the_caller(asking: Make, emulator: Emulator) -> None:
    ask = asking()
    with pytest.warns(UserWarning, match=r"no plugins.*lookup.*check_plugins=False") as caught:
        ask()
    assert [each.filename for each in caught if "no plugins" in str(each.message)] == [tool_questions.__file__]
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*no plugins")
        ask()
    assert (retrieved(emulator), emulator.chats_started) == (1, 2)


@pytest.mark.filterwarnings("error:.*no plugins")
def test_a_bot_that_has_a_plugin_is_not_told(asking: Make, emulator: Emulator) -> None:
    ask = asking("plugins")
    ask()
    ask()
    assert retrieved(emulator, "plugins") == 1


@pytest.mark.filterwarnings("error:.*no plugins")
def test_the_check_can_be_switched_off_for_a_model_or_a_call(asking: Make, emulator: Emulator) -> None:
    asking(check_plugins=False)()
    asking()(check_plugins=False)
    assert retrieved(emulator) == 0


REFUSED = [faults.Coded(4101), faults.Coded(4100), faults.HttpStatus(404), faults.DropConnection(), faults.Html(200)]


@pytest.mark.filterwarnings("error:.*no plugins")
@pytest.mark.parametrize("fault", REFUSED, ids=repr)
def test_a_chat_goes_on_if_the_settings_of_its_bot_cannot_be_read(asking: Make, emulator: Emulator, fault: Any) -> None:
    emulator.inject(fault, path=f"/v1/bots/{emulator.bots['echo']}")
    ask = asking()
    ask()
    ask()
    assert (retrieved(emulator), emulator.chats_started) == (1, 2)


@pytest.mark.parametrize("shared", [False, True])
def test_models_of_one_server_send_one_request_for_each_bot(asking: Make, emulator: Emulator, *, shared: bool) -> None:
    client = CozeClient(emulator.token, base_url=emulator.url)
    for bot in ("echo", "echo", "assistant", "plugins", "plugins"):
        asking(bot, **({"client": client} if shared else {}))()
    assert [retrieved(emulator, bot) for bot in ("echo", "assistant", "plugins")] == [1, 1, 1]


@pytest.mark.parametrize("way", LLAMA_INDEX)
def test_a_forced_tool_needs_no_plugin(emulator: Emulator, own_event_loop: None, way: Callable[..., Any]) -> None:
    from llama_index_coze import CozeLLM

    llm = CozeLLM(bot_id=emulator.bots["assistant"], token=emulator.token, base_url=emulator.url, client_plugins=True)
    way(llm, tool_required=True)
    assert retrieved(emulator, "assistant") == 0


async def test_chats_at_once_send_one_request(emulator: Emulator) -> None:
    from langchain_coze import ChatCoze

    model = ChatCoze(bot_id=emulator.bots["plugins"], token=emulator.token, base_url=emulator.url)
    bound = model.bind_tools([tool_questions.lookup])
    await asyncio.gather(*(bound.ainvoke("Hi") for _ in range(5)))
    assert retrieved(emulator, "plugins") == 1


def test_a_draft_is_looked_at_where_the_draft_is_asked(asking: Make, emulator: Emulator) -> None:
    asking("plugins", publish_status="unpublished_draft")()
    assert emulator.calls_to(f"/v1/bots/{emulator.bots['plugins']}")[0].query == {"is_published": "false"}
    asking("plugins")()
    assert retrieved(emulator, "plugins") == 2


OTHERS: list[dict[str, object]] = [
    {"plugin_info_list": [], "bot_mode": 1},
    {"plugin_info_list": [], "bot_mode": 2},
    {"plugin_info_list": [], "workflow_info_list": [{"id": "5", "name": "w"}]},
    {},
]


@pytest.mark.parametrize("settings", OTHERS, ids=str)
def test_nothing_is_said_of_a_bot_that_may_have_plugins_elsewhere(settings: dict[str, object]) -> None:
    assert not has_no_plugins(Bot.model_validate({"bot_id": "1", **settings}))
    assert has_no_plugins(Bot.model_validate({"bot_id": "1", "plugin_info_list": []}))


async def test_a_chat_that_is_cancelled_during_the_check_leaves_it_to_the_next(emulator: Emulator) -> None:
    from langchain_coze import ChatCoze

    bot = emulator.bots["plugins"]
    model = ChatCoze(bot_id=bot, token=emulator.token, base_url=emulator.url)
    bound = model.bind_tools([tool_questions.lookup])
    emulator.inject(faults.Delay(30), path=f"/v1/bots/{bot}")
    first = asyncio.ensure_future(bound.ainvoke("Hi"))
    await asyncio.to_thread(emulator.wait_until, lambda: retrieved(emulator, "plugins") == 1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await bound.ainvoke("Hi")
    assert retrieved(emulator, "plugins") == 2

"""What all routes share: the state, the bots, the clock, the dialect, and what tests look at from outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from coze_client.emulator.protocol.fault import Fault, Injected
from coze_client.emulator.scripting.bot import FIRST_BOT_ID, ScriptedBot
from coze_client.emulator.scripting.plugin import ScriptedPlugin
from coze_client.emulator.state.knowledge_search import KnowledgeSearch
from coze_client.emulator.state.run_registry import RunRegistry
from coze_client.emulator.state.settings import Settings
from coze_client.emulator.state.state import State
from coze_client.emulator.workflows import Workflow


@dataclass(frozen=True)
class RecordedCall:
    """One request as it arrived; `body` is parsed JSON, or the bytes of anything else, counted. `at` is Unix time."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    body: object
    at: float


class Backend:
    """The emulated Coze without its port."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self.dialect = settings.dialect
        self.clock = clock
        self.state = State(settings.data)
        self.knowledge = KnowledgeSearch(self.state, self._time)
        self.runs = RunRegistry()
        self.bots: dict[str, ScriptedBot] = {}
        self.workflows: dict[str, Workflow] = {}
        self.plugins: dict[str, ScriptedPlugin] = {}
        self.collaborators: dict[str, set[str]] = {}
        self.calls: list[RecordedCall] = []
        self.chats_started = 0
        self.runs_started = 0
        self.plugin_calls = 0
        self.open_streams = 0
        self.changed = threading.Condition()
        self._faults: list[Injected] = []
        self._logids = 0

    @property
    def now(self) -> int:
        return int(self.clock())

    def _time(self) -> float:
        """Asks the clock of the moment, since `clock` may be replaced at any time."""
        return self.clock()

    def add_bot(self, bot: ScriptedBot) -> str:
        """The id of the bot, which gets the next one."""
        bot = replace(bot, id=str(FIRST_BOT_ID + len(self.bots)), created_at=self.now)
        self.bots[bot.id] = bot
        return bot.id

    def new_logid(self) -> str:
        self._logids += 1
        return time.strftime("%Y%m%d%H%M%S", time.gmtime(self.now)) + f"{self._logids:020X}"

    def record(self, call: RecordedCall) -> None:
        self.calls.append(call)
        self.notify()

    def inject(self, fault: Fault, path: str, times: int) -> None:
        with self.changed:
            self._faults.append(Injected(fault, path, times))

    def take_faults(self, path: str) -> list[Fault]:
        """All faults that wait for this path; of those that answer in place of the server only the first."""
        with self.changed:
            taken: list[Injected] = []
            for waiting in self._faults:
                alone = waiting.fault.answers and any(other.fault.answers for other in taken)
                if waiting.suits(path) and not alone:
                    taken.append(waiting)
            for waiting in taken:
                waiting.times -= 1
            self._faults = [waiting for waiting in self._faults if waiting.times > 0]
        return [waiting.fault for waiting in taken]

    def stream_opened(self) -> None:
        self.open_streams += 1
        self.notify()

    def stream_closed(self) -> None:
        self.open_streams -= 1
        self.notify()

    def notify(self) -> None:
        """Wakes whoever waits for something to be true."""
        with self.changed:
            self.changed.notify_all()

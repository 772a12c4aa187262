"""The emulated Coze without HTTP: settings, state, bots, workflows, plugins, clock, counters and pending faults."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from coze_client.emulator.protocol.fault import Fault, PendingFault
from coze_client.emulator.scripting.bot import FIRST_BOT_ID, ScriptedBot
from coze_client.emulator.scripting.plugin import ScriptedPlugin
from coze_client.emulator.state.knowledge_search import KnowledgeSearch
from coze_client.emulator.state.rate_limit import RateLimit
from coze_client.emulator.state.run_registry import RunRegistry
from coze_client.emulator.state.settings import Settings
from coze_client.emulator.state.storage import Storage
from coze_client.emulator.workflows import Workflow


@dataclass(frozen=True)
class RecordedCall:
    """One request; `body` is parsed JSON or a form, or the number of bytes of anything else; `at` is Unix time."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    body: object
    at: float


class Backend:
    """The object that all handlers share. `changed` is notified after every change that a test may wait for."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self.dialect = settings.dialect
        self.clock = clock
        self.state = Storage(settings.data)
        self.knowledge = KnowledgeSearch(self.state, self.clock_now)
        self.runs = RunRegistry()
        self.rate_limit = RateLimit(settings.rate_limit, self.clock_now)
        self.bots: dict[str, ScriptedBot] = {}
        self.workflows: dict[str, Workflow] = {}
        self.plugins: dict[str, ScriptedPlugin] = {}
        self.variables: dict[str, Mapping[str, str]] = {}
        self.templates: dict[str, str] = {}
        self.lives: dict[str, Mapping[str, str]] = {}
        self.own_limits: dict[str, RateLimit] = {}
        self.calls: list[RecordedCall] = []
        self.chats_started = 0
        self.runs_started = 0
        self.plugin_calls = 0
        self.open_streams = 0
        self.changed = threading.Condition()
        self._faults: list[PendingFault] = []
        self._logids = 0
        self._last_millisecond = 0

    @property
    def now(self) -> int:
        """Unix time in whole seconds."""
        return int(self.clock())

    def next_millisecond(self) -> int:
        """Return Unix time in milliseconds, later than all before, so that no two writes have the same."""
        self._last_millisecond = max(self._last_millisecond + 1, int(self.clock() * 1000))
        return self._last_millisecond

    def clock_now(self) -> float:
        """Call the current clock; `clock` may be replaced at any time."""
        return self.clock()

    def add_bot(self, bot: ScriptedBot) -> str:
        """Add the bot under the next id; return the id."""
        bot = replace(bot, id=str(FIRST_BOT_ID + len(self.bots)), created_at=self.now)
        self.bots[bot.id] = bot
        return bot.id

    def new_logid(self) -> str:
        """Return a new logid."""
        self._logids += 1
        return self.dialect.logid(self.now, self._logids)

    def record(self, call: RecordedCall) -> None:
        """Append a request to `calls`."""
        self.calls.append(call)
        self.notify()

    def inject(self, fault: Fault, path: str, times: int) -> None:
        """Add a fault for the next `times` requests whose path matches."""
        with self.changed:
            self._faults.append(PendingFault(fault, path, times))

    def take_faults(self, path: str) -> list[Fault]:
        """Take the pending faults of this path; of those that replace the server's reply, only the first."""
        with self.changed:
            taken: list[PendingFault] = []
            for pending in self._faults:
                second_reply = pending.fault.answers and any(other.fault.answers for other in taken)
                if pending.matches(path) and not second_reply:
                    taken.append(pending)
            for pending in taken:
                pending.times -= 1
            self._faults = [pending for pending in self._faults if pending.times > 0]
        return [pending.fault for pending in taken]

    def stream_opened(self) -> None:
        """Count an open event stream."""
        self.open_streams += 1
        self.notify()

    def stream_closed(self) -> None:
        """Count a closed event stream."""
        self.open_streams -= 1
        self.notify()

    def notify(self) -> None:
        """Wake all threads that wait for a change."""
        with self.changed:
            self.changed.notify_all()

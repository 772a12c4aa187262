"""What all routes share: the state, the bots, the clock, the dialect, and what tests look at from outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from coze_client.emulator.protocol.dialect import Dialect
from coze_client.emulator.protocol.fault import Fault, Injected
from coze_client.emulator.scripting.demo_workflows import standard_workflows
from coze_client.emulator.scripting.standard_bots import FIRST_BOT_ID, ScriptedBot, standard_bots
from coze_client.emulator.state.knowledge import KnowledgeSearch
from coze_client.emulator.state.state import State

if TYPE_CHECKING:
    from coze_client.emulator.engine.chat_engine import BotRun
    from coze_client.emulator.engine.workflow_engine import WorkflowRunner
    from coze_client.emulator.routes.plugins import ScriptedPlugin


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

    def __init__(
        self,
        dialect: Dialect,
        data: str | Path | None = None,
        clock: Callable[[], float] = time.time,
        pace: float = 0.0,
        *,
        mapped_status: bool = False,
        upload_limit: int = 512 * 1024 * 1024,
        oauth_error_status: int | None = None,
        spent_grant: str = "invalid_request",
        run_limit: float = 90.0,
        ping_after: float = 15.0,
        plan: str = "paid",
        processing_looks: int = 0,
        processing_seconds: float = 0.0,
    ) -> None:
        self.dialect = dialect
        self.state = State(data)
        self.clock = clock
        self.pace = pace
        self.mapped_status = mapped_status
        self.upload_limit = upload_limit
        self.oauth_error_status = oauth_error_status
        self.spent_grant = spent_grant
        self.run_limit = run_limit
        self.ping_after = ping_after
        self.plan = plan
        self.processing_looks = processing_looks
        self.processing_seconds = processing_seconds
        self.knowledge = KnowledgeSearch(self)
        self.bots = {bot.id: bot for bot in standard_bots()}
        self.runs: dict[str, BotRun] = {}
        self.workflows = {workflow.id: workflow for workflow in standard_workflows()}
        self.collaborators: dict[str, set[str]] = {}
        self.performances: dict[str, WorkflowRunner] = {}
        self.waiting_chatflows: dict[tuple[str, str], WorkflowRunner] = {}
        self.runs_started = 0
        self.plugins: dict[str, ScriptedPlugin] = {}
        self.plugin_calls = 0
        self.calls: list[RecordedCall] = []
        self.chats_started = 0
        self.open_streams = 0
        self.changed = threading.Condition()
        self._faults: list[Injected] = []
        self._logids = 0

    @property
    def now(self) -> int:
        return int(self.clock())

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

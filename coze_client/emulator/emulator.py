"""The `Emulator` class: its settings, its start and stop, its clock and its faults."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Literal

from typing_extensions import Self

from coze_client.emulator.access import Access
from coze_client.emulator.app import App
from coze_client.emulator.content import Content
from coze_client.emulator.demo_library import add_library
from coze_client.emulator.demo_workflows import add_workflows, standard_workflows
from coze_client.emulator.protocol.fault import Fault
from coze_client.emulator.protocol.studio_dialect import find_dialect
from coze_client.emulator.record import Record
from coze_client.emulator.routes.oauth.oauth_apps import StandardApps
from coze_client.emulator.scripting.standard_bots import standard_bots
from coze_client.emulator.server import Server
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.settings import Settings


class Emulator(Content, Access, Record):
    """A local Coze on a loopback port, running inside a `with` block.

    Args:
        dialect: "cloud" (api.coze.com) or "studio" (a self-hosted coze-studio).
        data: the SQLite file that keeps the state; None keeps it in memory.
        port: 0 chooses a free port.
        clock: returns Unix time in seconds.
        pace: seconds between two deltas.
        http_status: "mapped" sends API errors with a 4xx or 5xx status; the real cloud is not known to do this.
        upload_limit: the largest file in bytes; None: 512 MB, and 200 MB on the studio.
        oauth_error_status: the HTTP status of all OAuth errors; None: 401 for invalid_client, 500 for internal_error,
            400 for the rest.
        spent_grant: the OAuth error code for codes and refresh tokens that are used, expired or wrong.
        run_limit: seconds after which the connection of a blocking workflow run is dropped.
        ping_after: seconds without an event after which a streamed workflow run sends PING.
        plan: "free" allows neither asynchronous runs nor plugin calls.
        processing_looks: how often the progress of a new document must be requested until it is ready.
        processing_seconds: how long a new document is processed, measured by `clock`.
        version: of the studio. "0.5.0", and v0.3.0 was the same, streams every chat, and has no retrieval of chats and
            conversations, no list of a chat's messages, and no datasets. None, or "0.5.1", is the newest. ValueError
            for another version, or for one of the cloud.
        rate_limit: API calls that are admitted within a second; the others are refused. None: no limit. ValueError for
            the studio, which has none.
        rate_limit_code: the code of such a refusal. After 4020 (calls per minute) clients wait a minute; 4009 (too many
            users at the moment) lets them try again at once.
        demo: also add the bots, workflows, dataset, template, live sound, variable, folder and app that
            `python -m coze_client.emulator` has.
    """

    def __init__(
        self,
        dialect: Literal["cloud", "studio"] = "cloud",
        data: str | Path | None = None,
        port: int = 0,
        clock: Callable[[], float] = time.time,
        pace: float = 0.0,
        http_status: Literal["ok", "mapped"] = "ok",
        upload_limit: int | None = None,
        oauth_error_status: int | None = None,
        spent_grant: Literal["invalid_request", "invalid_grant"] = "invalid_request",
        run_limit: float = 90.0,
        ping_after: float = 15.0,
        plan: Literal["paid", "free"] = "paid",
        processing_looks: int = 0,
        processing_seconds: float = 0.0,
        version: Literal["0.5.0", "0.5.1"] | None = None,
        rate_limit: int | None = None,
        rate_limit_code: Literal[4009, 4020] = 4020,
        *,
        demo: bool = False,
    ) -> None:
        found = find_dialect(dialect, version)
        if rate_limit is not None and dialect == "studio":
            raise ValueError("rate_limit: a coze-studio limits no calls")
        settings = Settings(
            found,
            data,
            pace,
            mapped_status=http_status == "mapped",
            upload_limit=found.upload_limit if upload_limit is None else upload_limit,
            oauth_error_status=oauth_error_status,
            spent_grant=spent_grant,
            run_limit=run_limit,
            ping_after=ping_after,
            plan=plan,
            processing_looks=processing_looks,
            processing_seconds=processing_seconds,
            rate_limit=rate_limit,
            rate_limit_code=rate_limit_code,
        )
        self._backend = Backend(settings, clock)
        self._backend.bots = {bot.id: bot for bot in standard_bots()}
        self._backend.workflows = {workflow.id: workflow for workflow in standard_workflows()}
        self.oauth_apps = StandardApps(self._backend)
        self._port = port
        self._demo = demo
        self.dialect = dialect
        self.version = version

    def start(self) -> Self:
        """Start the server and issue `token`; OSError if the port is taken."""
        try:
            self._server = Server(self._port)
        except OSError:
            self._backend.state.close()
            raise
        self._server.start(App(self._backend, self._server.connections))
        self.url = f"http://127.0.0.1:{self._server.port}"
        self.token = self.issue_token()
        if self._demo:
            add_workflows(self)
            add_library(self)
            self.add_variables(self.bots["echo"], {"city": "Bonn"})
            self.add_template("assistant")
            self.add_live({"speaker": "origin", "interpreter": "translation"})
            self.add_app("Guest book", folder_id=self.add_folder("Hotel"))
        return self

    def stop(self) -> None:
        """Stop the server and cut open streams; a second call does nothing."""
        self._server.stop()
        self._backend.state.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def clock(self) -> Callable[[], float]:
        """Returns Unix time in seconds; can be replaced at any time, for example by a `Clock`."""
        return self._backend.clock

    @clock.setter
    def clock(self, clock: Callable[[], float]) -> None:
        self._backend.clock = clock

    def inject(self, fault: Fault, path: str = "/v3/chat", times: int = 1) -> None:
        """Apply the fault to the next `times` requests whose path matches (`*` is allowed); several faults combine."""
        self._backend.inject(fault, path, times)

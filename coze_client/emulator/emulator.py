"""The emulator as its users hold it: a URL, a token, bots, faults to inject, and what to look at afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Literal

from typing_extensions import Self

from coze_client.emulator.app import App
from coze_client.emulator.demo_workflows import standard_workflows
from coze_client.emulator.engine.knowledge_workflow import knowledge_workflow
from coze_client.emulator.protocol.dialect import DIALECTS
from coze_client.emulator.protocol.fault import Fault
from coze_client.emulator.routes.oauth import auth, devices
from coze_client.emulator.routes.oauth.key_pairs import KeyPair
from coze_client.emulator.routes.oauth.oauth_apps import Kind, OAuthApp, ReadyApps, register
from coze_client.emulator.routes.oauth.users import account_named, sign_in
from coze_client.emulator.scripting.bot import DEFAULT_STYLE, RecallStyle, ScriptedBot
from coze_client.emulator.scripting.plugin import new_plugin
from coze_client.emulator.scripting.standard_bots import default_script, standard_bots
from coze_client.emulator.scripts import Script
from coze_client.emulator.seeding import Documents, seed
from coze_client.emulator.server import Server
from coze_client.emulator.state.backend import Backend, RecordedCall
from coze_client.emulator.state.dataset_records import StoredDataset, StoredDocument, StoredSlice
from coze_client.emulator.state.records import StoredChat
from coze_client.emulator.state.settings import Settings
from coze_client.emulator.workflows import WORKSPACE, Workflow, named_workflow


class Emulator:
    """A local Coze on a loopback port, while the `with` block lasts.

    `dialect` is "cloud" (api.coze.com) or "studio" (a self-hosted coze-studio); `data` a file that keeps its state;
    `port` 0 takes a free one; `clock` gives Unix seconds; `pace` is the seconds between two deltas; `http_status`
    "mapped" gives coded refusals a 4xx or 5xx status, which the real cloud is not known to do. `oauth_error_status` is
    the status of all OAuth errors (None: 401 for invalid_client, 500 for internal_error, 400 for the rest), and
    `spent_grant` their code for codes and refresh tokens that are used, expired or wrong. A plain run of a workflow is
    dropped after `run_limit` seconds, a streamed one says PING after `ping_after` seconds without an event, and the
    `plan` "free" has neither asynchronous runs nor plugins to call. A document that is uploaded is at work for
    `processing_seconds` of the clock, and until its progress was looked at `processing_looks` times.
    """

    def __init__(
        self,
        dialect: Literal["cloud", "studio"] = "cloud",
        data: str | Path | None = None,
        port: int = 0,
        clock: Callable[[], float] = time.time,
        pace: float = 0.0,
        http_status: Literal["ok", "mapped"] = "ok",
        upload_limit: int = 512 * 1024 * 1024,
        oauth_error_status: int | None = None,
        spent_grant: Literal["invalid_request", "invalid_grant"] = "invalid_request",
        run_limit: float = 90.0,
        ping_after: float = 15.0,
        plan: Literal["paid", "free"] = "paid",
        processing_looks: int = 0,
        processing_seconds: float = 0.0,
    ) -> None:
        settings = Settings(
            DIALECTS[dialect],
            data,
            pace,
            mapped_status=http_status == "mapped",
            upload_limit=upload_limit,
            oauth_error_status=oauth_error_status,
            spent_grant=spent_grant,
            run_limit=run_limit,
            ping_after=ping_after,
            plan=plan,
            processing_looks=processing_looks,
            processing_seconds=processing_seconds,
        )
        self._backend = Backend(settings, clock)
        self._backend.bots = {bot.id: bot for bot in standard_bots()}
        self._backend.workflows = {workflow.id: workflow for workflow in standard_workflows()}
        self.oauth_apps = ReadyApps(self._backend)
        self._port = port
        self.dialect = dialect

    def start(self) -> Self:
        try:
            self._server = Server(self._port)
        except OSError:
            self._backend.state.close()
            raise
        self._server.start(App(self._backend, self._server.connections))
        self.url = f"http://127.0.0.1:{self._server.port}"
        self.token = self.issue_token()
        return self

    def stop(self) -> None:
        """Cuts open streams; may be called twice."""
        self._server.stop()
        self._backend.state.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def bots(self) -> Mapping[str, str]:
        """Bot ids by the name of their script."""
        return MappingProxyType({bot.name: bot.id for bot in self._backend.bots.values()})

    def add_bot(
        self,
        name: str,
        script: Script | None = None,
        *,
        published: bool = True,
        dataset_ids: Sequence[str] = (),
        recall: RecallStyle = DEFAULT_STYLE,
    ) -> str:
        """The id of a bot that follows your script, or without one quotes its datasets.

        It looks into these before it answers, tells what it found as `recall` says, and the script gets that, too.
        """
        script = script or default_script(dataset_ids)
        datasets = tuple(dataset_ids)
        return self._backend.add_bot(
            ScriptedBot("", name, script, published=published, dataset_ids=datasets, recall=recall)
        )

    def declare_plugins(self, bot_id: str, schemas: Sequence[Mapping[str, object]]) -> None:
        """Sets the client plugins of a bot, as OpenAI-style function schemas; Coze runs only what its bot declares."""
        self._backend.bots[bot_id] = replace(self._backend.bots[bot_id], plugins=tuple(schemas))

    @property
    def workflows(self) -> Mapping[str, str]:
        """Workflow ids by the name of their function."""
        return MappingProxyType({workflow.name: workflow.id for workflow in self._backend.workflows.values()})

    def workflow_id(self, title: str) -> str:
        """The id of the workflow with this title; KeyError if there is none."""
        return {workflow.title: workflow.id for workflow in self._backend.workflows.values()}[title]

    def workflow(
        self,
        *,
        title: str | None = None,
        description: str | None = None,
        published: bool = True,
        workspace_id: str | None = None,
        app_id: str = "0",
        chatflow: bool = False,
        versions: Sequence[str] = ("v0.0.1",),
    ) -> Callable[[Callable[..., object]], Workflow]:
        """Makes a function or generator a workflow, its annotations the inputs: `@emulator.workflow(title="…")`.

        Title and description are by default the function's. What it may yield: `coze_client.emulator.workflows`.
        """

        def add(function: Callable[..., object]) -> Workflow:
            workflow = named_workflow(
                function,
                number=len(self._backend.workflows),
                title=title,
                description=description,
                published=published,
                workspace_id=workspace_id,
                app_id=app_id,
                chatflow=chatflow,
                versions=versions,
                created_at=self._backend.now,
            )
            self._backend.workflows[workflow.id] = workflow
            return workflow

        return add

    def add_knowledge_workflow(
        self,
        dataset_ids: Sequence[str],
        top_k: int = 5,
        min_score: float = 0.0,
        variable: str = "outputList",
        *,
        empty: Literal["list", "null"] = "list",
        text: bool = False,
    ) -> str:
        """The id of a workflow that looks its `query` up in datasets and returns `{variable: [{output, documentId}]}`.

        `empty` is what it returns when nothing was found; with `text` it answers in words, which loses the slices.
        """
        settings = (dataset_ids, top_k, min_score, variable, empty)
        workflow = knowledge_workflow(self._backend, *settings, text=text)
        self._backend.workflows[workflow.id] = workflow
        return workflow.id

    def add_dataset(
        self,
        name: str,
        documents: Documents,
        workspace_id: str = WORKSPACE,
        *,
        separator: str | None = None,
        account: str = auth.ACCOUNT,
    ) -> str:
        """The id of a dataset of these documents, ready at once: texts, bytes or paths by name, or a whole folder.

        They are cut automatically, or at each `separator`. ValueError if one of them cannot be parsed.
        """
        return seed(self._backend, account, workspace_id, name, documents, separator).id

    @property
    def datasets(self) -> Mapping[str, str]:
        """Dataset ids by their name, of all accounts."""
        return MappingProxyType({dataset.name: dataset.id for dataset in self._backend.state.all(StoredDataset)})

    def documents(self, dataset_id: str) -> list[StoredDocument]:
        """Every document of a dataset, oldest first, as the emulator keeps it."""
        return self._backend.state.owned(StoredDocument, dataset_id)

    def slices(self, document_id: str) -> list[StoredSlice]:
        """The pieces of a document in their order, with how often each was recalled."""
        return self._backend.state.owned(StoredSlice, document_id)

    @property
    def plugins(self) -> Mapping[str, str]:
        """Entity ids of plugins by their name."""
        return MappingProxyType({plugin.name: plugin.id for plugin in self._backend.plugins.values()})

    def plugin(
        self, name: str, tools: Sequence[Callable[..., object]], description: str = "", *, paid: bool = True
    ) -> str:
        """The entity id of a plugin whose tools are your functions, their annotations the schema."""
        number = len(self._backend.plugins)
        plugin = new_plugin(number, name, list(tools), description, paid=paid, created_at=self._backend.now)
        self._backend.plugins[plugin.id] = plugin
        return plugin.id

    def issue_token(
        self, scopes: Collection[str] | None = None, account: str = auth.ACCOUNT, expires_at: float | None = None
    ) -> str:
        """A token with these permissions (None: all) of this account; `expires_at` is Unix time."""
        return auth.issue(self._backend, scopes, account, expires_at)

    def revoke(self, token: str) -> None:
        """Ends an access token or a refresh token, and nothing else."""
        auth.revoke(self._backend, token)

    def add_oauth_app(
        self,
        kind: Kind,
        redirect_uris: Sequence[str] = (),
        *,
        public_key: str | None = None,
        scopes: Collection[str] | None = None,
        interval: int = 5,
        code_lifetime: int = 300,
    ) -> OAuthApp:
        """Registers an app; `public_key` (PEM) is for the kind "jwt", which without it gets a key pair of its own.

        `interval` and `code_lifetime` are seconds that the kind "device" is told. ValueError for more than three
        redirect URIs, or a text that is no key.
        """
        keys = None if public_key is None else KeyPair(public_key)
        return register(
            self._backend,
            kind,
            redirect_uris=redirect_uris,
            scopes=scopes,
            keys=keys,
            interval=interval,
            code_lifetime=code_lifetime,
        )

    def revoke_user(self, app: OAuthApp, user: str) -> None:
        """Ends every token of this app for this user, as when the user withdraws their consent."""
        auth.revoke_grants(self._backend, app.client_id, account_named(user))

    def approve_device(self, user_code: str, user: str = "user-1") -> None:
        """What the user does on the confirmation page; KeyError if no device shows this code."""
        devices.decide(self._backend, user_code, sign_in(self._backend, user))

    def deny_device(self, user_code: str) -> None:
        devices.decide(self._backend, user_code, None)

    @property
    def clock(self) -> Callable[[], float]:
        """Unix seconds; may be set at any time, to a `Clock` for one."""
        return self._backend.clock

    @clock.setter
    def clock(self, clock: Callable[[], float]) -> None:
        self._backend.clock = clock

    def inject(self, fault: Fault, path: str = "/v3/chat", times: int = 1) -> None:
        """The next `times` requests whose path matches (`*` allowed) suffer the fault, along with others injected."""
        self._backend.inject(fault, path, times)

    @property
    def calls(self) -> list[RecordedCall]:
        """Every request so far, in order."""
        return list(self._backend.calls)

    def calls_to(self, path: str) -> list[RecordedCall]:
        return [call for call in self.calls if call.path == path]

    @property
    def chats_started(self) -> int:
        """Chats that really began, each of which the real Coze would bill."""
        return self._backend.chats_started

    @property
    def runs_started(self) -> int:
        """Runs of workflows that really began; an answer to a question goes on with a run and begins none."""
        return self._backend.runs_started

    @property
    def plugin_calls(self) -> int:
        """Calls of plugin tools that really began."""
        return self._backend.plugin_calls

    def chat_status(self, chat_id: str) -> str:
        """The status of any chat, also of one that was not saved; KeyError if it never began."""
        chat = self._backend.state.get(StoredChat, chat_id)
        if chat is None:
            raise KeyError(chat_id)
        return chat.status

    @property
    def open_streams(self) -> int:
        """Event streams that the server is still sending."""
        return self._backend.open_streams

    def wait_until(self, predicate: Callable[[], bool], seconds: float = 5) -> None:
        """Returns as soon as the predicate is true, asked again at every change; TimeoutError after so many seconds."""
        end = time.monotonic() + seconds
        while not predicate():
            if time.monotonic() > end:
                raise TimeoutError(f"not true within {seconds} seconds")
            with self._backend.changed:
                self._backend.changed.wait(0.02)

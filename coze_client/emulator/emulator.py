"""The `Emulator` class: start and stop it, add bots and workflows, inject faults, inspect what happened."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Literal

from typing_extensions import Self

from coze_client.emulator.app import App
from coze_client.emulator.dataset_import import Documents, import_dataset
from coze_client.emulator.demo_library import add_library
from coze_client.emulator.demo_workflows import add_workflows, standard_workflows
from coze_client.emulator.engine.knowledge_workflow import knowledge_workflow
from coze_client.emulator.protocol.dialect import find_dialect
from coze_client.emulator.protocol.fault import Fault
from coze_client.emulator.routes.oauth import devices, tokens
from coze_client.emulator.routes.oauth.key_pairs import KeyPair
from coze_client.emulator.routes.oauth.oauth_apps import Kind, OAuthApp, StandardApps, register
from coze_client.emulator.routes.oauth.users import account_named, sign_in
from coze_client.emulator.scripting.bot import DEFAULT_STYLE, RecallStyle, ScriptedBot
from coze_client.emulator.scripting.plugin import new_plugin
from coze_client.emulator.scripting.standard_bots import default_script, standard_bots
from coze_client.emulator.scripts import Script
from coze_client.emulator.server import Server
from coze_client.emulator.state.backend import Backend, RecordedCall
from coze_client.emulator.state.chat_records import StoredChat
from coze_client.emulator.state.dataset_records import StoredDataset, StoredDocument, StoredSlice
from coze_client.emulator.state.settings import Settings
from coze_client.emulator.workflows import WORKSPACE, Workflow, new_workflow


class Emulator:
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
        demo: also add the bots, workflows and the dataset that `python -m coze_client.emulator` has.
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
    def bots(self) -> Mapping[str, str]:
        """Bot ids by the bot's name."""
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
        """Add a bot that follows your script, or without one quotes its datasets; return its id.

        The bot searches its datasets before it answers. It reports the slices in the style `recall`, and the script
        gets them in `turn.recalled`.
        """
        script = script or default_script(dataset_ids)
        datasets = tuple(dataset_ids)
        return self._backend.add_bot(
            ScriptedBot("", name, script, published=published, dataset_ids=datasets, recall=recall)
        )

    def declare_plugins(self, bot_id: str, schemas: Sequence[Mapping[str, object]]) -> None:
        """Set the client plugins of a bot as OpenAI-style function schemas; a bot can call no others."""
        self._backend.bots[bot_id] = replace(self._backend.bots[bot_id], plugins=tuple(schemas))

    @property
    def workflows(self) -> Mapping[str, str]:
        """Workflow ids by the name of their function."""
        return MappingProxyType({workflow.name: workflow.id for workflow in self._backend.workflows.values()})

    def workflow_id(self, title: str) -> str:
        """Return the id of the workflow with this title; KeyError if there is none."""
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
        """Turn a function or generator into a workflow: `@emulator.workflow(title="…")`.

        Its annotations define the inputs. Title and description default to the function's name and docstring. For
        what it may yield, see `coze_client.emulator.workflows`.
        """

        def add(function: Callable[..., object]) -> Workflow:
            workflow = new_workflow(
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
        """Add a workflow that searches datasets for its `query`; return its id.

        It returns `{variable: [{output, documentId}]}`. `empty` is the value of the variable if nothing was found.
        With `text` it returns the slices as one text without structure.
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
        account: str = tokens.ACCOUNT,
    ) -> str:
        """Add a dataset whose documents are ready at once; return its id.

        `documents` maps names to texts, bytes or paths, or is a folder. Documents are split automatically, or at each
        `separator`. ValueError if one of them cannot be parsed.
        """
        return import_dataset(self._backend, account, workspace_id, name, documents, separator).id

    @property
    def datasets(self) -> Mapping[str, str]:
        """Dataset ids by name, of all accounts."""
        return MappingProxyType({dataset.name: dataset.id for dataset in self._backend.state.all(StoredDataset)})

    def documents(self, dataset_id: str) -> list[StoredDocument]:
        """Return the stored documents of a dataset, oldest first."""
        return self._backend.state.owned(StoredDocument, dataset_id)

    def slices(self, document_id: str) -> list[StoredSlice]:
        """Return the stored slices of a document in their order, with their hit counts."""
        return self._backend.state.owned(StoredSlice, document_id)

    @property
    def plugins(self) -> Mapping[str, str]:
        """Entity ids of plugins by name."""
        return MappingProxyType({plugin.name: plugin.id for plugin in self._backend.plugins.values()})

    def plugin(
        self, name: str, tools: Sequence[Callable[..., object]], description: str = "", *, paid: bool = True
    ) -> str:
        """Add a plugin whose tools are your functions; return its entity id. Their annotations define the schema."""
        number = len(self._backend.plugins)
        plugin = new_plugin(number, name, list(tools), description, paid=paid, created_at=self._backend.now)
        self._backend.plugins[plugin.id] = plugin
        return plugin.id

    def issue_token(
        self, scopes: Collection[str] | None = None, account: str = tokens.ACCOUNT, expires_at: float | None = None
    ) -> str:
        """Issue a token of this account with these permissions (None: all); `expires_at` is Unix time, None never."""
        return tokens.issue(self._backend, scopes, account, expires_at)

    def revoke(self, token: str) -> None:
        """Revoke one access token or refresh token."""
        tokens.revoke(self._backend, token)

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
        """Register an OAuth app. `public_key` (PEM) is for the kind "jwt"; without it the app gets a new key pair.

        `interval` and `code_lifetime` are the seconds that the kind "device" receives. ValueError for more than three
        redirect URIs or an invalid key.
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
        """Revoke every token of this app for this user, as if the user had withdrawn their consent."""
        tokens.revoke_grants(self._backend, app.client_id, account_named(user))

    def approve_device(self, user_code: str, user: str = "user-1") -> None:
        """Approve a device, as the user does on the confirmation page; KeyError if no device shows this code."""
        devices.decide(self._backend, user_code, sign_in(self._backend, user))

    def deny_device(self, user_code: str) -> None:
        """Refuse a device; KeyError if no device shows this code."""
        devices.decide(self._backend, user_code, None)

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

    @property
    def calls(self) -> list[RecordedCall]:
        """All requests so far, in order."""
        return list(self._backend.calls)

    def calls_to(self, path: str) -> list[RecordedCall]:
        """Return the requests with exactly this path."""
        return [call for call in self.calls if call.path == path]

    @property
    def chats_started(self) -> int:
        """The number of chats that began; the real Coze would bill each of them."""
        return self._backend.chats_started

    @property
    def runs_started(self) -> int:
        """The number of workflow runs that began; an answer to a question resumes a run and begins none."""
        return self._backend.runs_started

    @property
    def plugin_calls(self) -> int:
        """The number of plugin tool calls that began."""
        return self._backend.plugin_calls

    def chat_status(self, chat_id: str) -> str:
        """Return the status of any chat, also of one that was not saved; KeyError if there is no such chat."""
        chat = self._backend.state.get(StoredChat, chat_id)
        if chat is None:
            raise KeyError(chat_id)
        return chat.status

    @property
    def open_streams(self) -> int:
        """The number of event streams that the server is still sending."""
        return self._backend.open_streams

    def wait_until(self, predicate: Callable[[], bool], seconds: float = 5) -> None:
        """Wait until the predicate is true; it is called after every change. TimeoutError after `seconds`."""
        end = time.monotonic() + seconds
        while not predicate():
            if time.monotonic() > end:
                raise TimeoutError(f"not true within {seconds} seconds")
            with self._backend.changed:
                self._backend.changed.wait(0.02)

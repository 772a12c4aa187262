"""What an emulator has been given: bots, workflows, plugins and datasets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

from coze_client.emulator.dataset_import import Documents, import_dataset
from coze_client.emulator.engine.knowledge_workflow import knowledge_workflow
from coze_client.emulator.routes.oauth import tokens
from coze_client.emulator.scripting.bot import DEFAULT_STYLE, RecallStyle, ScriptedBot
from coze_client.emulator.scripting.plugin import new_plugin
from coze_client.emulator.scripting.standard_bots import default_script
from coze_client.emulator.scripts import Script
from coze_client.emulator.state.app_records import FIRST_APP_ID, FIRST_FOLDER_ID, StoredApp, StoredFolder
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.bot_records import API_CHANNEL
from coze_client.emulator.state.dataset_records import StoredDataset, StoredDocument, StoredSlice
from coze_client.emulator.state.enterprise_records import StoredEnterprise, StoredReview
from coze_client.emulator.workflows import WORKSPACE, Workflow, new_workflow

FIRST_TEMPLATE_ID = 7360000000000000001
FIRST_LIVE_ID = 7370000000000000001
FIRST_ENTERPRISE = 2101000001


class Content:
    """The methods of an emulator that add bots, workflows, plugins and datasets, and list them."""

    _backend: Backend

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

    def add_variables(self, owner_id: str, defaults: Mapping[str, str]) -> None:
        """Add variables of end users, each with its default, to the bot or the app with this id."""
        self._backend.variables[owner_id] = {**self._backend.variables.get(owner_id, {}), **defaults}

    @property
    def templates(self) -> Mapping[str, str]:
        """Template ids by the name of the bot that they copy."""
        return MappingProxyType({self._backend.bots[bot].name: id_ for id_, bot in self._backend.templates.items()})

    def add_template(self, bot: str) -> str:
        """Add a template of the store, which copies the bot with this name; return its id. KeyError without a bot."""
        template_id = str(FIRST_TEMPLATE_ID + len(self._backend.templates))
        self._backend.templates[template_id] = self.bots[bot]
        return template_id

    @property
    def lives(self) -> tuple[str, ...]:
        """The ids of the live sounds."""
        return tuple(self._backend.lives)

    def add_live(self, streams: Mapping[str, Literal["origin", "translation"]]) -> str:
        """Add a live sound with these streams by their names; return its id."""
        live_id = str(FIRST_LIVE_ID + len(self._backend.lives))
        self._backend.lives[live_id] = dict(streams)
        return live_id

    @property
    def folders(self) -> Mapping[str, str]:
        """Folder ids by name."""
        return MappingProxyType({folder.name: folder.id for folder in self._backend.state.all(StoredFolder)})

    def add_folder(
        self,
        name: str,
        *,
        parent_folder_id: str = "",
        workspace_id: str = WORKSPACE,
        description: str = "",
        account: str = tokens.ACCOUNT,
    ) -> str:
        """Add a folder for bots and apps at the root of a workspace, or in another folder; return its id."""
        folder_id = self._backend.state.new_id(StoredFolder, FIRST_FOLDER_ID)
        folder = StoredFolder(folder_id, account, workspace_id, name, description, parent_folder_id)
        self._backend.state.save(folder)
        return folder_id

    def add_enterprise(self, members: Mapping[str, str] | None = None, *, account: str = tokens.ACCOUNT) -> str:
        """Add an enterprise with this super admin and the role of each member by the user id; return its id.

        The roles are "enterprise_admin" and "enterprise_member".
        """
        number = FIRST_ENTERPRISE + len(self._backend.state.all(StoredEnterprise))
        enterprise = StoredEnterprise(f"volcano_{number}", account, dict(members or {}))
        self._backend.state.save(enterprise)
        return enterprise.id

    @property
    def enterprises(self) -> Mapping[str, Mapping[str, str]]:
        """The roles of the members by the id of the enterprise."""
        return MappingProxyType({each.id: each.members for each in self._backend.state.all(StoredEnterprise)})

    @property
    def reviews(self) -> Mapping[str, tuple[int, str]]:
        """What a channel said about a bot, by the bot's id: 1 pending, 2 passed, 3 rejected, and the reason."""
        return MappingProxyType({each.id: (each.status, each.reason) for each in self._backend.state.all(StoredReview)})

    @property
    def apps(self) -> Mapping[str, str]:
        """App ids by name; of several with a name, the oldest, so that a copy hides no original."""
        return MappingProxyType({app.name: app.id for app in reversed(self._backend.state.all(StoredApp))})

    def add_app(
        self,
        name: str,
        *,
        published: bool = True,
        changed: bool = False,
        folder_id: str = "",
        workspace_id: str = WORKSPACE,
        description: str = "",
        account: str = tokens.ACCOUNT,
    ) -> str:
        """Add an app, by default published to the API channel, perhaps with a `changed` draft; return its id.

        A workflow with this `app_id` belongs to it, and `add_variables` gives it variables.
        """
        app_id, now = self._backend.state.new_id(StoredApp, FIRST_APP_ID), self._backend.now
        channels = {API_CHANNEL: now} if published else {}
        app = StoredApp(app_id, account, workspace_id, name, description, folder_id, now, channels, changed)
        self._backend.state.save(app)
        return app_id

    @property
    def workflows(self) -> Mapping[str, str]:
        """Workflow ids by the name of their function, without copies that the API made."""
        return MappingProxyType({each.name: each.id for each in self._backend.workflows.values() if not each.copied})

    def workflow_id(self, title: str) -> str:
        """Return the id of the workflow with this title, no copy of one; KeyError if there is none."""
        return {each.title: each.id for each in self._backend.workflows.values() if not each.copied}[title]

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

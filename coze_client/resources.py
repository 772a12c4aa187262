"""The client's resources: one property for each, imported at its first use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Generic

from coze_client.core.resource import ConcurrencyT
from coze_client.core.session import Session

if TYPE_CHECKING:
    from coze_client.api.api_apps import ApiApps
    from coze_client.api.apps import Apps
    from coze_client.api.audio.resource import Audio
    from coze_client.api.benefit_limitations import BenefitLimitations
    from coze_client.api.benefits import Benefits
    from coze_client.api.bill_tasks import BillTasks
    from coze_client.api.bots.resource import Bots
    from coze_client.api.chats.resource import Chats
    from coze_client.api.connectors import Connectors
    from coze_client.api.conversations.resource import Conversations
    from coze_client.api.copy_tasks import CopyTasks
    from coze_client.api.databases.resource import Databases
    from coze_client.api.datasets.resource import Datasets
    from coze_client.api.enterprises import Enterprises
    from coze_client.api.files.resource import Files
    from coze_client.api.folders import Folders
    from coze_client.api.legacy_chats.resource import LegacyChats
    from coze_client.api.oauth import OAuth
    from coze_client.api.organizations import Organizations
    from coze_client.api.plugins import Plugins
    from coze_client.api.recall.resource import Recalls
    from coze_client.api.templates import Templates
    from coze_client.api.users import Users
    from coze_client.api.variables import Variables
    from coze_client.api.workflows.resource import Workflows
    from coze_client.api.workspaces.resource import Workspaces


class Resources(Generic[ConcurrencyT]):
    """The resources of Coze, on one client."""

    _session: Session
    _concurrency: ConcurrencyT

    @cached_property
    def chats(self) -> Chats[ConcurrencyT]:
        """Chats with bots: start, stream, wait, cancel, submit tool outputs."""
        from coze_client.api.chats.resource import Chats

        return Chats(self._session, self._concurrency)

    @cached_property
    def legacy_chats(self) -> LegacyChats[ConcurrencyT]:
        """Chats over the v2 API, which some gateways still use."""
        from coze_client.api.legacy_chats.resource import LegacyChats

        return LegacyChats(self._session, self._concurrency)

    @cached_property
    def conversations(self) -> Conversations[ConcurrencyT]:
        """Conversations, and their messages with ``.messages``."""
        from coze_client.api.conversations.resource import Conversations

        return Conversations(self._session, self._concurrency)

    @cached_property
    def files(self) -> Files[ConcurrencyT]:
        """Uploaded files, to send in messages."""
        from coze_client.api.files.resource import Files

        return Files(self._session, self._concurrency)

    @cached_property
    def workflows(self) -> Workflows[ConcurrencyT]:
        """Workflows: their parameters, runs, resumed runs, and the history of runs."""
        from coze_client.api.workflows.resource import Workflows

        return Workflows(self._session, self._concurrency)

    @cached_property
    def plugins(self) -> Plugins[ConcurrencyT]:
        """Plugins of the plugin store, called without a bot."""
        from coze_client.api.plugins import Plugins

        return Plugins(self._session, self._concurrency)

    @cached_property
    def bots(self) -> Bots[ConcurrencyT]:
        """Bots: list, create, update and publish them."""
        from coze_client.api.bots.resource import Bots

        return Bots(self._session, self._concurrency)

    @cached_property
    def datasets(self) -> Datasets[ConcurrencyT]:
        """Knowledge bases, and their contents with ``.documents`` and ``.images``."""
        from coze_client.api.datasets.resource import Datasets

        return Datasets(self._session, self._concurrency)

    @cached_property
    def recall(self) -> Recalls[ConcurrencyT]:
        """Slices of datasets that match a question, found by a workflow or a bot."""
        from coze_client.api.recall.resource import Recalls

        return Recalls(self._session, self._concurrency)

    @cached_property
    def oauth(self) -> OAuth[ConcurrencyT]:
        """Logins of users, for clients whose token is a WebOAuth, PKCE or DeviceCode."""
        from coze_client.api.oauth import OAuth

        return OAuth(self._session, self._concurrency)

    @cached_property
    def users(self) -> Users[ConcurrencyT]:
        """The user that the token belongs to."""
        from coze_client.api.users import Users

        return Users(self._session, self._concurrency)

    @cached_property
    def workspaces(self) -> Workspaces[ConcurrencyT]:
        """The workspaces that the token's user has joined, and their members with ``.members``."""
        from coze_client.api.workspaces.resource import Workspaces

        return Workspaces(self._session, self._concurrency)

    @cached_property
    def variables(self) -> Variables[ConcurrencyT]:
        """What bots and apps remember of each end user."""
        from coze_client.api.variables import Variables

        return Variables(self._session, self._concurrency)

    @cached_property
    def audio(self) -> Audio[ConcurrencyT]:
        """Sound: speech, transcriptions, voices, rooms, live sound, voiceprints."""
        from coze_client.api.audio.resource import Audio

        return Audio(self._session, self._concurrency)

    @cached_property
    def apps(self) -> Apps[ConcurrencyT]:
        """The apps of a workspace, and with ``.collaborators`` who may change them."""
        from coze_client.api.apps import Apps

        return Apps(self._session, self._concurrency)

    @cached_property
    def folders(self) -> Folders[ConcurrencyT]:
        """The folders of a workspace."""
        from coze_client.api.folders import Folders

        return Folders(self._session, self._concurrency)

    @cached_property
    def templates(self) -> Templates[ConcurrencyT]:
        """Templates of the store, to copy."""
        from coze_client.api.templates import Templates

        return Templates(self._session, self._concurrency)

    @cached_property
    def copy_tasks(self) -> CopyTasks[ConcurrencyT]:
        """Copies of bots, apps and workflows."""
        from coze_client.api.copy_tasks import CopyTasks

        return CopyTasks(self._session, self._concurrency)

    @cached_property
    def connectors(self) -> Connectors[ConcurrencyT]:
        """Channels of your own, over which others publish bots."""
        from coze_client.api.connectors import Connectors

        return Connectors(self._session, self._concurrency)

    @cached_property
    def api_apps(self) -> ApiApps[ConcurrencyT]:
        """Callback apps, and with ``.events`` which events Coze sends them."""
        from coze_client.api.api_apps import ApiApps

        return ApiApps(self._session, self._concurrency)

    @cached_property
    def benefits(self) -> Benefits[ConcurrencyT]:
        """What the account's plan allows."""
        from coze_client.api.benefits import Benefits

        return Benefits(self._session, self._concurrency)

    @cached_property
    def bill_tasks(self) -> BillTasks[ConcurrencyT]:
        """Bills of an enterprise, as files."""
        from coze_client.api.bill_tasks import BillTasks

        return BillTasks(self._session, self._concurrency)

    @cached_property
    def benefit_limitations(self) -> BenefitLimitations[ConcurrencyT]:
        """Limits on what an enterprise's devices and customers use."""
        from coze_client.api.benefit_limitations import BenefitLimitations

        return BenefitLimitations(self._session, self._concurrency)

    @cached_property
    def enterprises(self) -> Enterprises[ConcurrencyT]:
        """The staff and the organizations of an enterprise."""
        from coze_client.api.enterprises import Enterprises

        return Enterprises(self._session, self._concurrency)

    @cached_property
    def organizations(self) -> Organizations[ConcurrencyT]:
        """Organizations, and with ``.members`` the people in them."""
        from coze_client.api.organizations import Organizations

        return Organizations(self._session, self._concurrency)

    @cached_property
    def databases(self) -> Databases[ConcurrencyT]:
        """Tables of a workspace, with ``.records`` and ``.tasks``."""
        from coze_client.api.databases.resource import Databases

        return Databases(self._session, self._concurrency)

"""What a client can be asked about: one property for each of Coze's nouns, imported when it is first used."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Generic

from coze_client.core.resource import ConcurrencyT
from coze_client.core.session import Session

if TYPE_CHECKING:
    from coze_client.api.bots.resource import Bots
    from coze_client.api.chats.resource import Chats
    from coze_client.api.conversations.resource import Conversations
    from coze_client.api.datasets.resource import Datasets
    from coze_client.api.files.resource import Files
    from coze_client.api.legacy_chats.resource import LegacyChats
    from coze_client.api.oauth import OAuth
    from coze_client.api.plugins import Plugins
    from coze_client.api.recall.resource import Recalls
    from coze_client.api.workflows.resource import Workflows


class Resources(Generic[ConcurrencyT]):
    """Coze's nouns, on one face."""

    _session: Session
    _concurrency: ConcurrencyT

    @cached_property
    def chats(self) -> Chats[ConcurrencyT]:
        """Chats with bots: start, stream, poll, cancel, answer tool calls."""
        from coze_client.api.chats.resource import Chats

        return Chats(self._session, self._concurrency)

    @cached_property
    def legacy_chats(self) -> LegacyChats[ConcurrencyT]:
        """Chats over the v2 API, which gateways still speak."""
        from coze_client.api.legacy_chats.resource import LegacyChats

        return LegacyChats(self._session, self._concurrency)

    @cached_property
    def conversations(self) -> Conversations[ConcurrencyT]:
        """Conversations, and with ``.messages`` what they hold."""
        from coze_client.api.conversations.resource import Conversations

        return Conversations(self._session, self._concurrency)

    @cached_property
    def files(self) -> Files[ConcurrencyT]:
        """Uploads, to be named in messages."""
        from coze_client.api.files.resource import Files

        return Files(self._session, self._concurrency)

    @cached_property
    def workflows(self) -> Workflows[ConcurrencyT]:
        """Workflows: what they take, running and resuming them, what came of earlier runs."""
        from coze_client.api.workflows.resource import Workflows

        return Workflows(self._session, self._concurrency)

    @cached_property
    def plugins(self) -> Plugins[ConcurrencyT]:
        """Plugins of the store, called without a bot."""
        from coze_client.api.plugins import Plugins

        return Plugins(self._session, self._concurrency)

    @cached_property
    def bots(self) -> Bots[ConcurrencyT]:
        """Bots: making, changing and publishing them, and what there are."""
        from coze_client.api.bots.resource import Bots

        return Bots(self._session, self._concurrency)

    @cached_property
    def datasets(self) -> Datasets[ConcurrencyT]:
        """Knowledge bases, and with ``.documents`` and ``.images`` what they hold."""
        from coze_client.api.datasets.resource import Datasets

        return Datasets(self._session, self._concurrency)

    @cached_property
    def recall(self) -> Recalls[ConcurrencyT]:
        """What datasets hold about a question, by way of a workflow or a bot."""
        from coze_client.api.recall.resource import Recalls

        return Recalls(self._session, self._concurrency)

    @cached_property
    def oauth(self) -> OAuth[ConcurrencyT]:
        """Logins of users, for clients whose token is WebOAuth, PKCE or DeviceCode."""
        from coze_client.api.oauth import OAuth

        return OAuth(self._session, self._concurrency)

"""Conversations of an app, by name, as coze-studio's chatflows need them.

Read in the source of coze-studio (4f786d6); no API page.
"""

from __future__ import annotations

from collections.abc import Mapping

from coze_client.api.conversations.values import Conversation
from coze_client.core.request import HARMLESS, Kind, Request, fields
from coze_client.core.resource import ConcurrencyT, Resource, call_by
from coze_client.core.response import Payload
from coze_client.core.studio_only import send_to_studio


class WorkflowConversations(Resource[ConcurrencyT]):
    """``client.workflows.conversations``: conversations of an app, on coze-studio alone."""

    @call_by(send_to_studio)
    def create(
        self,
        *,
        app_id: str,
        conversation_name: str,
        workflow_id: str | None = None,
        get_or_create: bool | None = None,
        draft_mode: bool | None = None,
        connector_id: str | None = None,
        bot_id: str | None = None,
        space_id: str | None = None,
        meta_data: Mapping[str, str] | None = None,
    ) -> Request[Conversation]:
        """Create a conversation of an app under a name; ``workflows.chat`` with the `app_id` takes no other there.

        `app_id`: only digits. `get_or_create`: True returns the one of this name, and raises NotFound (777777762) where
        there is none; it never creates one. `draft_mode`: of the app's draft. `connector_id`: the channel, "1024" for
        the API. Elsewhere than on coze-studio, NotFound.
        """
        body = fields(
            app_id=app_id,
            workflow_id=workflow_id,
            conversation_name=conversation_name,
            get_or_create=get_or_create,
            draft_mode=draft_mode,
            connector_id=connector_id,
            bot_id=bot_id,
            space_id=space_id,
            meta_data=meta_data,
        )
        read = Payload(Conversation, needed="id")
        return Request(
            "POST", "/v1/workflow/conversation/create", read, body=body, kind=Kind.START, unanswered=HARMLESS
        )

"""Collaborators: members of a workspace who may change a bot, an app or a workflow that another member owns.

API pages: add_bot_collaborator, remove_bot_collaborator, switch_bot_develop_mode, add_app_collaborator,
remove_app_collaborator, add_workflow_collaborator, remove_workflow_collaborator, switch_workflow_develop_mode.
Enterprise plans; tokens of channel OAuth apps are refused. Not on coze-studio.
"""

from __future__ import annotations

from typing import Literal

from coze_client.core.request import HARMLESS, Kind, Request, segment
from coze_client.core.resource import ConcurrencyT, Resource, call
from coze_client.core.response import read_nothing

CollaborationMode = Literal["single", "collaboration"]


class BotCollaborators(Resource[ConcurrencyT]):
    """``client.bots.collaborators``: who may change a bot beside its owner."""

    @call
    def create(self, *, bot_id: str, user_id: str) -> Request[None]:
        """Let a member of the workspace change the bot, which must be in the mode "collaboration".

        5 calls a second for the whole account (else RateLimited). Permission: Bot.addCollaborator. API page:
        add_bot_collaborator.
        """
        return _add(_bot(bot_id), user_id)

    @call
    def delete(self, *, bot_id: str, user_id: str) -> Request[None]:
        """Remove a collaborator from the bot; 5 calls a second for the whole account (else RateLimited).

        Permission: Bot.removeCollaborator. API page: remove_bot_collaborator.
        """
        return _remove(_bot(bot_id), user_id)


class BotCollaborationModes(Resource[ConcurrencyT]):
    """``client.bots.collaboration_modes``: whether one person or several may change a bot."""

    @call
    def update(self, *, bot_id: str, collaboration_mode: CollaborationMode) -> Request[None]:
        """Set whether one person or several may change the bot; "single" needs a bot without collaborators.

        Permission: Bot.switchDevelopMode. API page: switch_bot_develop_mode.
        """
        return _set_mode(_bot(bot_id), collaboration_mode)


class AppCollaborators(Resource[ConcurrencyT]):
    """``client.apps.collaborators``: who may change an app beside its owner."""

    @call
    def create(self, *, app_id: str, user_id: str) -> Request[None]:
        """Let a member of the workspace change the app; 5 calls a second for the whole account (else RateLimited).

        Permission: Project.addCollaborator. API page: add_app_collaborator.
        """
        return _add(_app(app_id), user_id)

    @call
    def delete(self, *, app_id: str, user_id: str) -> Request[None]:
        """Remove a collaborator from the app, whose owner gets what they made; 5 calls a second (else RateLimited).

        Permission: Project.removeCollaborator. API page: remove_app_collaborator.
        """
        return _remove(_app(app_id), user_id)


class WorkflowCollaborators(Resource[ConcurrencyT]):
    """``client.workflows.collaborators``: who may change a workflow beside its owner."""

    @call
    def create(self, *, workflow_id: str, user_id: str) -> Request[None]:
        """Let a member of the workspace change the workflow, which must be in the mode "collaboration".

        Permission: Workflow.addCollaborator. API page: add_workflow_collaborator.
        """
        return _add(_workflow(workflow_id), user_id)

    @call
    def delete(self, *, workflow_id: str, user_id: str) -> Request[None]:
        """Remove a collaborator from the workflow.

        Permission: Workflow.removeCollaborator. API page: remove_workflow_collaborator.
        """
        return _remove(_workflow(workflow_id), user_id)


class WorkflowCollaborationModes(Resource[ConcurrencyT]):
    """``client.workflows.collaboration_modes``: whether one person or several may change a workflow."""

    @call
    def update(self, *, workflow_id: str, collaboration_mode: CollaborationMode) -> Request[None]:
        """Set whether one person or several may change the workflow.

        Permission: Workflow.switchDevelopMode. API page: switch_workflow_develop_mode.
        """
        return _set_mode(_workflow(workflow_id), collaboration_mode)


def _bot(bot_id: str) -> str:
    return f"/v1/bots/{segment(bot_id)}"


def _app(app_id: str) -> str:
    return f"/v1/apps/{segment(app_id)}"


def _workflow(workflow_id: str) -> str:
    return f"/v1/workflows/{segment(workflow_id)}"


def _add(path: str, user_id: str) -> Request[None]:
    body = {"collaborators": [{"user_id": user_id}]}  # the API takes exactly one at a time
    return Request("POST", f"{path}/collaborators", read_nothing, body=body, kind=Kind.START, unanswered=HARMLESS)


def _remove(path: str, user_id: str) -> Request[None]:
    return Request(
        "DELETE", f"{path}/collaborators/{segment(user_id)}", read_nothing, kind=Kind.START, unanswered=HARMLESS
    )


def _set_mode(path: str, mode: CollaborationMode) -> Request[None]:
    return Request("POST", f"{path}/collaboration_mode", read_nothing, body={"collaboration_mode": mode})

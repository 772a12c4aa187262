"""Values of the workspaces API: workspaces, their members, and what became of invited and removed ones."""

from __future__ import annotations

from typing import Literal

from coze_client.core.model import Model

MemberRole = Literal["admin", "member"]
"""What a new member may do; a workspace has one owner, who made it or was named then."""


class Workspace(Model):
    """A workspace. ``role_type`` owner, admin or member; ``workspace_type`` personal or team.

    The server may send other values.
    """

    id: str = ""
    name: str = ""
    icon_url: str = ""
    role_type: str = ""
    workspace_type: str = ""
    enterprise_id: str = ""
    description: str = ""
    owner_uid: str = ""
    admin_uids: tuple[str, ...] = ()
    joined_status: str = ""


class WorkspaceMember(Model):
    """A member of a workspace. ``role_type``: owner, admin or member."""

    user_id: str = ""
    role_type: str = ""
    user_nickname: str = ""
    user_unique_name: str = ""
    avatar_url: str = ""


class AddedMembers(Model):
    """What became of each user: a success of the call says nothing about a single one.

    ``added_success_user_ids``: members now (enterprise plans). ``invited_success_user_ids``: an invitation was sent
    (personal plans). The others name the users for whom nothing happened.
    """

    added_success_user_ids: tuple[str, ...] = ()
    invited_success_user_ids: tuple[str, ...] = ()
    not_exist_user_ids: tuple[str, ...] = ()
    already_joined_user_ids: tuple[str, ...] = ()
    already_invited_user_ids: tuple[str, ...] = ()


class RemovedMembers(Model):
    """What became of each user: a success of the call says nothing about a single one."""

    removed_success_user_ids: tuple[str, ...] = ()
    not_in_workspace_user_ids: tuple[str, ...] = ()
    owner_not_support_remove_user_ids: tuple[str, ...] = ()

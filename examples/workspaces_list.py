"""Lists the workspaces of the token's account, and the members of the first."""

from __future__ import annotations

from coze_client import CozeClient

client = CozeClient()
workspaces = list(client.workspaces.list())
for workspace in workspaces:
    print(workspace.id, workspace.name, workspace.role_type)
for member in client.workspaces.members.list(workspace_id=workspaces[0].id):
    print(member.user_id, member.user_nickname, member.role_type)

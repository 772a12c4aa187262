"""Templates: published examples of the store, to copy into a workspace.

No API page; the official SDKs of Python, Go and JavaScript agree. Not on coze-studio.
"""

from __future__ import annotations

from coze_client.core.model import Model
from coze_client.core.request import Kind, Request, Unanswered, fields, segment
from coze_client.core.resource import ConcurrencyT, Resource, call
from coze_client.core.response import Payload

_UNANSWERED = Unanswered("a second call makes a second draft; look into the workspace")


class TemplateCopy(Model):
    """What a template became: ``entity_type`` is agent, ``entity_id`` then a bot's id."""

    entity_id: str = ""
    entity_type: str = ""


class Templates(Resource[ConcurrencyT]):
    """``client.templates``: copy templates."""

    @call
    def duplicate(self, *, template_id: str, workspace_id: str, name: str | None = None) -> Request[TemplateCopy]:
        """Copy a template into a workspace as a draft; each call makes another one.

        `name`: of the copy, default the template's. The permission is not documented. No API page.
        """
        path = f"/v1/templates/{segment(template_id)}/duplicate"
        body = fields(workspace_id=workspace_id, name=name)
        read = Payload(TemplateCopy, needed="entity_id")
        return Request("POST", path, read, body=body, kind=Kind.START, unanswered=_UNANSWERED)

"""Routes of groups of voiceprints; all accounts of an emulator are one team."""

from __future__ import annotations

from dataclasses import replace

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.dialect import json_reply
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.oauth.users import describe_user
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.voiceprint_records import (
    FIRST_GROUP_ID,
    StoredVoiceprint,
    StoredVoiceprintGroup,
)

MOST_GROUPS = 1000
LARGEST_PAGE = 200


def group_of(backend: Backend, request: IncomingRequest) -> StoredVoiceprintGroup:
    """Return the group in the path; 4200 if there is none."""
    group = backend.state.get(StoredVoiceprintGroup, request.values["group_id"])
    if group is None:
        raise ApiError(4200, "the voiceprint group does not exist")
    return group


async def create(backend: Backend, request: IncomingRequest) -> Reply:
    body, state = request.body, backend.state
    if body.optional("coze_account_id"):
        told = "audio.voiceprint_groups.create is not served for organizations, which the emulator lacks"
        return json_reply(501, {"code": 501, "msg": told})
    name, desc = body.limited("name", 20) or body.text("name"), body.limited("desc", 500) or ""
    if len(state.all(StoredVoiceprintGroup)) >= MOST_GROUPS:
        raise ApiError(4000, f"there are {MOST_GROUPS} voiceprint groups")
    group_id, now = state.new_id(StoredVoiceprintGroup, FIRST_GROUP_ID), backend.now
    state.save(StoredVoiceprintGroup(group_id, request.account, name, desc, now, now))
    return JsonReply({"id": group_id})


async def update(backend: Backend, request: IncomingRequest) -> Reply:
    """Change what is given and not empty."""
    group, body = group_of(backend, request), request.body
    name, desc = body.limited("name", 20) or group.name, body.limited("desc", 500) or group.desc
    backend.state.save(replace(group, name=name, desc=desc, updated_at=backend.now))
    return JsonReply()


async def delete(backend: Backend, request: IncomingRequest) -> Reply:
    """Delete a group and its voiceprints; 4101 for who did not create it."""
    group = group_of(backend, request)
    if group.account != request.account:
        raise ApiError(4101, "only its creator deletes a voiceprint group")
    for voiceprint in backend.state.owned(StoredVoiceprint, group.id):
        backend.state.delete(voiceprint)
    backend.state.delete(group)
    return JsonReply()


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    """List the groups of the team whose names begin as told, oldest first; a user_id can only be the caller's own."""
    query = request.query
    page, begin, group_id = query.page(10, LARGEST_PAGE), query.optional("name") or "", query.optional("group_id")
    user_id = query.optional("user_id")
    if user_id not in (None, "", request.account):
        raise ApiError(4101, "user_id must be your own")
    found = [
        group
        for group in backend.state.all(StoredVoiceprintGroup)
        if group.name.startswith(begin) and group_id in (None, "", group.id) and user_id in (None, "", group.account)
    ]
    return JsonReply({"items": [_describe(backend, each) for each in found[page]], "total": len(found)})


def _describe(backend: Backend, group: StoredVoiceprintGroup) -> dict[str, object]:
    return {
        "id": group.id,
        "name": group.name,
        "desc": group.desc,
        "created_at": group.created_at,
        "updated_at": group.updated_at,
        "icon_url": "",
        "feature_count": backend.state.count(StoredVoiceprint, group.id),
        "user_info": describe_user(backend, group.account),
    }


ONE = "/v1/audio/voiceprint_groups/{group_id}"
ENDPOINTS = (
    Endpoint("POST", "/v1/audio/voiceprint_groups", ("createVoiceprintGroup",), create),
    Endpoint("GET", "/v1/audio/voiceprint_groups", ("listVoiceprintGroup",), list_),
    Endpoint("PUT", ONE, ("updateVoiceprintGroup",), update),
    Endpoint("DELETE", ONE, ("deleteVoiceprintGroup",), delete),
)

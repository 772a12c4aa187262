"""Routes of the voiceprints of a group, and of the recognition of a speaker."""

from __future__ import annotations

import base64
from dataclasses import replace

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, RawReply, Reply
from coze_client.emulator.protocol.request import MANY, IncomingRequest
from coze_client.emulator.routes.audio import read_sound
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.oauth.users import describe_user
from coze_client.emulator.routes.voiceprint_groups import LARGEST_PAGE, ONE, group_of
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.voiceprint_records import FIRST_VOICEPRINT_ID, StoredVoiceprint

MOST_VOICEPRINTS = 10
SOUND_LIMIT = 4 * 1024 * 1024
RATES = (8000, 48000)
CHANNELS = (1, 2)


def _read_sound(request: IncomingRequest) -> str:
    """Read a WAV or PCM sound as Base64 text."""
    sound, form = read_sound(request, SOUND_LIMIT), request.form
    if not sound.file_name.lower().endswith((".wav", ".pcm")):
        raise ApiError(4000, "file must be wav or pcm")
    form.number("sample_rate", 16000, *RATES)
    form.number("channel", 1, *CHANNELS)
    return base64.b64encode(sound.content).decode()


async def create(backend: Backend, request: IncomingRequest) -> Reply:
    group, state = group_of(backend, request), backend.state
    name, sound = request.form.text("name"), _read_sound(request)
    if state.count(StoredVoiceprint, group.id) >= MOST_VOICEPRINTS:
        raise ApiError(4000, f"the group has {MOST_VOICEPRINTS} voiceprints")
    made, now = state.new_id(StoredVoiceprint, FIRST_VOICEPRINT_ID), backend.now
    desc = request.form.optional("desc") or ""
    state.save(StoredVoiceprint(made, group.id, request.account, name, desc, sound, now, now))
    return JsonReply({"id": made})


async def update(backend: Backend, request: IncomingRequest) -> Reply:
    """Change what is given and not empty."""
    voiceprint, form = _own(backend, request), request.form
    sound = _read_sound(request) if request.uploads else voiceprint.sound
    name, desc = form.optional("name") or voiceprint.name, form.optional("desc") or voiceprint.desc
    backend.state.save(replace(voiceprint, name=name, desc=desc, sound=sound, updated_at=backend.now))
    return JsonReply()


async def delete(backend: Backend, request: IncomingRequest) -> Reply:
    backend.state.delete(_own(backend, request))
    return JsonReply()


def _own(backend: Backend, request: IncomingRequest) -> StoredVoiceprint:
    """Return the voiceprint in the path; 4200 if its group has none, 4101 for who did not create it."""
    group = group_of(backend, request)
    voiceprint = backend.state.get(StoredVoiceprint, request.values["feature_id"])
    if voiceprint is None or voiceprint.group_id != group.id:
        raise ApiError(4200, "the voiceprint does not exist")
    if voiceprint.account != request.account:
        raise ApiError(4101, "only its creator changes a voiceprint")
    return voiceprint


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    """List the voiceprints of a group, oldest first."""
    page = request.query.page(10, LARGEST_PAGE)
    found = backend.state.owned(StoredVoiceprint, group_of(backend, request).id)
    host = request.headers.get("host", "")
    return JsonReply({"items": [_describe(backend, each, host) for each in found[page]], "total": len(found)})


def _describe(backend: Backend, voiceprint: StoredVoiceprint, host: str) -> dict[str, object]:
    return {
        "id": voiceprint.id,
        "group_id": voiceprint.group_id,
        "name": voiceprint.name,
        "desc": voiceprint.desc,
        "audio_url": f"http://{host}/voiceprint_sounds/{voiceprint.id}",
        "created_at": voiceprint.created_at,
        "updated_at": voiceprint.updated_at,
        "icon_url": "",
        "user_info": describe_user(backend, voiceprint.account),
    }


async def identify(backend: Backend, request: IncomingRequest) -> Reply:
    """Score the voiceprints of a group, the best first: 100 for the very same sound, 0 for any other."""
    sound, top_k = _read_sound(request), request.form.number("top_k", MANY, 1, MANY)
    found = backend.state.owned(StoredVoiceprint, group_of(backend, request).id)
    best = sorted(found, key=lambda each: each.sound != sound)[:top_k]
    scores = [
        {
            "feature_id": each.id,
            "feature_name": each.name,
            "feature_desc": each.desc,
            "score": 100.0 if each.sound == sound else 0.0,
        }
        for each in best
    ]
    return JsonReply({"feature_score_list": scores})


async def download(backend: Backend, request: IncomingRequest) -> Reply:
    """Send the sound of a voiceprint."""
    voiceprint = backend.state.get(StoredVoiceprint, request.values["feature_id"])
    if voiceprint is None:
        return RawReply(404)
    return RawReply(body=base64.b64decode(voiceprint.sound), content_type="application/octet-stream")


FEATURES = f"{ONE}/features"
ENDPOINTS = (
    Endpoint("POST", FEATURES, ("createVoiceprintFeature",), create),
    Endpoint("GET", FEATURES, ("listVoiceprintFeature",), list_),
    Endpoint("PUT", f"{FEATURES}/{{feature_id}}", ("updateVoiceprintFeature",), update),
    Endpoint("DELETE", f"{FEATURES}/{{feature_id}}", ("deleteVoiceprintFeature",), delete),
    Endpoint("POST", f"{ONE}/speaker_identify", ("identifyInVoiceprintGroup",), identify),
    Endpoint("GET", "/voiceprint_sounds/{feature_id}", None, download),
)

"""Voiceprints in groups: keep them, and find out who speaks in a sound.

API pages: create_voiceprint_group and its neighbours, create_voiceprint and its neighbours, identify_voiceprint. Not on
coze-studio.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import cached_property
from operator import attrgetter

from coze_client.api.audio.requests import BILLED, VOICEPRINT_LIMIT, check_characters, read_id, sound_request
from coze_client.api.audio.values import Voiceprint, VoiceprintGroup, VoiceprintScore
from coze_client.api.files.requests import open_upload
from coze_client.api.files.values import FileSource
from coze_client.core.model import Model
from coze_client.core.paging import Numbering, Page, Pages, numbered
from coze_client.core.request import HARMLESS, Kind, Request, Unanswered, changes, check_changes, fields, query, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, flow, paged
from coze_client.core.response import Payload, RawResponse, read_nothing

_GROUPS = "/v1/audio/voiceprint_groups"
_LARGEST_PAGE = 200
_LONGEST_NAME = 20
_LONGEST_DESC = 500


class _GroupPage(Model):
    items: tuple[VoiceprintGroup, ...] = ()
    total: int | None = None


class _VoiceprintPage(Model):
    items: tuple[Voiceprint, ...] = ()
    total: int | None = None


class _Scores(Model):
    feature_score_list: tuple[VoiceprintScore, ...] = ()


class VoiceprintGroups(Resource[ConcurrencyT]):
    """``client.audio.voiceprint_groups``: groups of voiceprints, at most 1000 by default."""

    @cached_property
    def features(self) -> Voiceprints[ConcurrencyT]:
        """``client.audio.voiceprint_groups.features``: the voiceprints of a group."""
        return Voiceprints(self._session, self._concurrency)

    @call
    def create(self, *, name: str, desc: str | None = None, coze_account_id: str | None = None) -> Request[str]:
        """Create a group and return its id. `name`: at most 20 characters, `desc`: 500.

        `coze_account_id`: of an organization. Permission: createVoiceprintGroup. API page: create_voiceprint_group.
        """
        _check(name, desc)
        body = fields(name=name, desc=desc, coze_account_id=coze_account_id)
        unanswered = Unanswered("audio.voiceprint_groups.list shows whether the group exists")
        return Request("POST", _GROUPS, read_id, body=body, kind=Kind.START, unanswered=unanswered)

    @call
    def update(self, *, group_id: str, name: str | None = None, desc: str | None = None) -> Request[None]:
        """Rename a group, or describe it anew; raises ConfigurationError if neither is given.

        Permission: updateVoiceprintGroup. API page: update_voiceprint_group.
        """
        _check(name, desc)
        return Request("PUT", _path(group_id), read_nothing, body=changes(name=name, desc=desc))

    @call
    def delete(self, *, group_id: str) -> Request[None]:
        """Delete a group with its voiceprints; only its creator may.

        Permission: deleteVoiceprintGroup. API page: delete_voiceprint_group.
        """
        return Request("DELETE", _path(group_id), read_nothing, kind=Kind.START, unanswered=HARMLESS)

    @paged
    def list(
        self,
        *,
        name: str | None = None,
        group_id: str | None = None,
        user_id: str | None = None,
        coze_account_id: str | None = None,
        page_size: int = _LARGEST_PAGE,
        concurrency: int = 1,
    ) -> Pages[VoiceprintGroup]:
        """List the groups of the team, in pages of 1 to 200 (default 200).

        `name`: how the names begin. `user_id`: only the caller's own id, for the caller's groups. `concurrency`: how
        many pages to fetch at a time after the first. Permission: listVoiceprintGroup. API page: list_voiceprint_group.
        """
        fixed = query(
            name=name, group_id=group_id, user_id=user_id, coze_account_id=coze_account_id, page_size=page_size
        )

        def page(number: int) -> Request[Page[VoiceprintGroup]]:
            return Request("GET", _GROUPS, _read_groups, {**fixed, **query(page_num=number)})

        return numbered(page, attrgetter("id"), Numbering(page_size, concurrency, largest=_LARGEST_PAGE))

    @flow
    async def speaker_identify(
        self,
        file: FileSource,
        *,
        group_id: str,
        top_k: int | None = None,
        sample_rate: int | None = None,
        channel: int | None = None,
        file_name: str | None = None,
    ) -> tuple[VoiceprintScore, ...]:
        """Compare a sound of at most 4 MB with the voiceprints of a group; each call is billed.

        `file`: wav, or pcm (16 bit) with its `sample_rate` (default 16000) and `channel` (default 1). `top_k`: how many
        of the best to return, default all. Permission: identifyInVoiceprintGroup. API page: identify_voiceprint.
        """
        form = query(top_k=top_k, sample_rate=sample_rate, channel=channel)
        with open_upload(file, file_name, VOICEPRINT_LIMIT) as upload:
            request = sound_request(
                f"{_path(group_id)}/speaker_identify", _read_scores, upload, form, unanswered=BILLED
            )
            return await self._session.send(request)


class Voiceprints(Resource[ConcurrencyT]):
    """``client.audio.voiceprint_groups.features``: the voiceprints of a group, at most 10."""

    @flow
    async def create(
        self,
        file: FileSource,
        *,
        group_id: str,
        name: str,
        desc: str | None = None,
        sample_rate: int | None = None,
        channel: int | None = None,
        file_name: str | None = None,
    ) -> str:
        """Make a voiceprint of a sound of at most 4 MB; return its id.

        `file`: wav, or pcm with its `sample_rate` (default 16000) and `channel` (default 1). Permission:
        createVoiceprintFeature. API page: create_voiceprint.
        """
        form = query(name=name, desc=desc, sample_rate=sample_rate, channel=channel)
        with open_upload(file, file_name, VOICEPRINT_LIMIT) as upload:
            unanswered = Unanswered("audio.voiceprint_groups.features.list shows whether the voiceprint exists")
            return await self._session.send(
                sound_request(f"{_path(group_id)}/features", read_id, upload, form, unanswered=unanswered)
            )

    @flow
    async def update(
        self,
        *,
        group_id: str,
        feature_id: str,
        file: FileSource | None = None,
        name: str | None = None,
        desc: str | None = None,
        sample_rate: int | None = None,
        channel: int | None = None,
        file_name: str | None = None,
    ) -> None:
        """Change a voiceprint's sound, name or description; only its creator may.

        Raises ConfigurationError if none of the three is given. Permission: updateVoiceprintFeature. API page:
        update_voiceprint.
        """
        check_changes(file=file, name=name, desc=desc)
        path = f"{_path(group_id)}/features/{segment(feature_id)}"
        form = query(name=name, desc=desc, sample_rate=sample_rate, channel=channel)
        with nullcontext() if file is None else open_upload(file, file_name, VOICEPRINT_LIMIT) as upload:
            await self._session.send(sound_request(path, read_nothing, upload, form, method="PUT", unanswered=HARMLESS))

    @call
    def delete(self, *, group_id: str, feature_id: str) -> Request[None]:
        """Delete a voiceprint; only its creator may.

        Permission: deleteVoiceprintFeature. API page: delete_voiceprint.
        """
        path = f"{_path(group_id)}/features/{segment(feature_id)}"
        return Request("DELETE", path, read_nothing, kind=Kind.START, unanswered=HARMLESS)

    @paged
    def list(self, *, group_id: str, page_size: int = _LARGEST_PAGE, concurrency: int = 1) -> Pages[Voiceprint]:
        """List the voiceprints of a group, in pages of 1 to 200 (default 200).

        `concurrency`: how many pages to fetch at a time after the first. Permission: listVoiceprintFeature. API page:
        list_voiceprint.
        """
        path = f"{_path(group_id)}/features"

        def page(number: int) -> Request[Page[Voiceprint]]:
            return Request("GET", path, _read_voiceprints, query(page_size=page_size, page_num=number))

        return numbered(page, attrgetter("id"), Numbering(page_size, concurrency, largest=_LARGEST_PAGE))


def _path(group_id: str) -> str:
    return f"{_GROUPS}/{segment(group_id)}"


def _check(name: str | None, desc: str | None) -> None:
    check_characters("name", name, _LONGEST_NAME)
    check_characters("desc", desc, _LONGEST_DESC)


def _read_groups(response: RawResponse) -> Page[VoiceprintGroup]:
    found = Payload(_GroupPage)(response)
    return Page(found.items, has_more=False, total=found.total)


def _read_voiceprints(response: RawResponse) -> Page[Voiceprint]:
    found = Payload(_VoiceprintPage)(response)
    return Page(found.items, has_more=False, total=found.total)


def _read_scores(response: RawResponse) -> tuple[VoiceprintScore, ...]:
    return Payload(_Scores)(response).feature_score_list

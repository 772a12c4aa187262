"""Voices: list those of Coze and of the account, train one from a sample.

API pages: list_voices, clone_voices. Not on coze-studio.
"""

from __future__ import annotations

from operator import attrgetter

from coze_client.api.audio.requests import LONGEST_TEXT, SOUND_LIMIT, check_bytes, sound_request
from coze_client.api.audio.values import CloneFormat, Voice, VoiceLanguage, VoiceModelType, VoiceState
from coze_client.api.files.requests import open_upload
from coze_client.api.files.values import FileSource
from coze_client.core.model import Model
from coze_client.core.paging import Page, Pages, by_number, check_page_size
from coze_client.core.request import Request, Unanswered, query
from coze_client.core.resource import ConcurrencyT, Resource, flow, paged
from coze_client.core.response import Payload, RawResponse

_LARGEST_PAGE = 100
_LONGEST_NAME = 128
_UNANSWERED = Unanswered("audio.voices.list shows whether the voice was trained; each training is one of ten")


class _VoicePage(Model):
    voice_list: tuple[Voice, ...] = ()
    has_more: bool = False


class _ClonedVoice(Model):
    voice_id: str = ""


class Voices(Resource[ConcurrencyT]):
    """``client.audio.voices``: list voices, and train one from a sample."""

    @paged
    def list(
        self,
        *,
        filter_system_voice: bool | None = None,
        model_type: VoiceModelType | None = None,
        voice_state: VoiceState | None = None,
        page_size: int = _LARGEST_PAGE,
    ) -> Pages[Voice]:
        """List the voices of Coze and of the account, in pages of 1 to 100 (default 100).

        `filter_system_voice`: True for the account's own only. `model_type`: big or small, default both. `voice_state`:
        cloned (default), init (not trained yet) or all. Permission: listVoice. API page: list_voices.
        """
        check_page_size(page_size, _LARGEST_PAGE)
        fixed = query(
            filter_system_voice=filter_system_voice,
            model_type=model_type,
            voice_state=voice_state,
            page_size=page_size,
        )

        def page(number: str | None) -> Request[Page[Voice]]:
            return Request("GET", "/v1/audio/voices", _read_page, {**fixed, **query(page_num=number or 1)})

        return Pages(page, by_number, attrgetter("voice_id"))

    @flow
    async def clone(
        self,
        file: FileSource,
        *,
        voice_name: str,
        audio_format: CloneFormat,
        language: VoiceLanguage | None = None,
        voice_id: str | None = None,
        preview_text: str | None = None,
        text: str | None = None,
        space_id: str | None = None,
        description: str | None = None,
        file_name: str | None = None,
    ) -> str:
        """Train a voice from a sample of at most 10 MB (10 to 30 seconds are advised); return its id.

        `voice_name`: at most 128 bytes in UTF-8. `voice_id`: trains this voice anew; a voice has ten trainings, the
        first included. `preview_text`: what the preview says. `text`: what the sample says, at most 1024 bytes; if the
        sound differs too much, InvalidRequest (1109). `space_id`: default the personal workspace. `file_name`: default
        the file's own. Enterprise plans only. Permission: createVoice. API page: clone_voices.
        """
        check_bytes("voice_name", voice_name, _LONGEST_NAME)
        check_bytes("text", text, LONGEST_TEXT)
        form = query(
            voice_name=voice_name,
            audio_format=audio_format,
            language=language,
            voice_id=voice_id,
            preview_text=preview_text,
            text=text,
            space_id=space_id,
            description=description,
        )
        with open_upload(file, file_name, SOUND_LIMIT) as upload:
            request = sound_request("/v1/audio/voices/clone", _read_id, upload, form, unanswered=_UNANSWERED)
            return await self._session.send(request)


def _read_page(response: RawResponse) -> Page[Voice]:
    found = Payload(_VoicePage)(response)
    return Page(found.voice_list, found.has_more)


def _read_id(response: RawResponse) -> str:
    return Payload(_ClonedVoice, needed="voice_id")(response).voice_id

"""What is sent to the audio API: speech, rooms, and forms with a sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from coze_client.core.model import Model
from coze_client.core.request import Kind, Request, T, Unanswered
from coze_client.core.response import Payload, RawResponse
from coze_client.core.upload import Upload
from coze_client.errors import ConfigurationError

SOUND_LIMIT = 10 * 1024 * 1024
VOICEPRINT_LIMIT = 4 * 1024 * 1024
LONGEST_TEXT = 1024  # bytes


class _Created(Model):
    id: str = ""


BILLED = Unanswered("nothing shows what became of it, and a second call is billed, too")


def read_id(response: RawResponse) -> str:
    """The id of what a call has created."""
    return Payload(_Created, needed="id")(response).id


def sound_request(
    path: str,
    read: Callable[[RawResponse], T],
    upload: Upload | None,
    form: Mapping[str, str] | None = None,
    *,
    method: str = "POST",
    unanswered: Unanswered = Unanswered(),  # noqa: B008 - frozen
) -> Request[T]:
    """A form with a sound, which Coze bills or keeps: it is never sent twice."""
    return Request(method, path, read, kind=Kind.START, upload=upload, form=form, unanswered=unanswered)


def check_range(name: str, value: float | None, low: float, high: float) -> None:
    """Raise ConfigurationError for a number out of its range; ``None`` is not sent."""
    if value is not None and not low <= value <= high:
        raise ConfigurationError(f"{name} must be {low:g} to {high:g}, not {value:g}")


def check_bytes(name: str, text: str | None, most: int) -> None:
    """Raise ConfigurationError for a text of more than `most` bytes in UTF-8: Coze counts bytes here."""
    if text is not None and len(text.encode(errors="replace")) > most:
        raise ConfigurationError(
            f"{name} has {len(text.encode(errors='replace'))} bytes in UTF-8; Coze accepts at most {most}"
        )


def check_characters(name: str, text: str | None, most: int) -> None:
    """Raise ConfigurationError for a text of more than `most` characters."""
    if text is not None and len(text) > most:
        raise ConfigurationError(f"{name} has {len(text)} characters; Coze accepts at most {most}")

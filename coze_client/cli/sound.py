"""The commands `cozekit speak` and `cozekit transcribe`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coze_client.cli.completion import names_of
from coze_client.cli.nouns import VOICES, find_id
from coze_client.cli.options import AsJson
from coze_client.cli.settings import settings_of
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.api.audio.values import SpeechFormat

_FORMATS: Mapping[str, SpeechFormat] = {
    ".mp3": "mp3",
    ".wav": "wav",
    ".pcm": "pcm",
    ".ogg": "ogg_opus",
    ".opus": "ogg_opus",
}


def speak(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="What is said; - reads the standard input.")],
    voice: Annotated[
        str, typer.Option(help="The id or name of a voice: voices list.", autocompletion=names_of(VOICES))
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", dir_okay=False, help="The file; its ending decides: mp3, wav, pcm or ogg.")
    ],
    speed: Annotated[float | None, typer.Option(help="Default 1; 0.5 is half as fast.")] = None,
) -> None:
    """Speak a text into a file. Each call is billed."""
    if out.suffix.lower() not in _FORMATS:
        raise ConfigurationError(f"{out} does not end in {', '.join(_FORMATS)}", cure="Choose another ending")
    settings = settings_of(context)
    client = settings.client()
    voice_id = find_id(VOICES, voice, lambda: VOICES.load(client, ""))
    said = sys.stdin.read().strip() if text == "-" else text
    speech = client.audio.speech.create(
        input=said, voice_id=voice_id, response_format=_FORMATS[out.suffix.lower()], speed=speed
    )
    speech.to_file(out)
    settings.terminal.note(f"{out} has {out.stat().st_size} bytes.")


def transcribe(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A sound of at most 10 MB and 30 minutes.")],
    as_json: AsJson = False,
) -> None:
    """Write down what is said in a file. Each call is billed."""
    settings = settings_of(context)
    written = settings.client().audio.transcriptions.create(file)
    if as_json:
        settings.terminal.write_json(written.model_dump(mode="json"))
    else:
        settings.terminal.write(written.text)

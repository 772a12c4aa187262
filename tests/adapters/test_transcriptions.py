"""Sound files as documents, in both frameworks, by every way of loading."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import SimpleDirectoryReader

from coze_client import ConfigurationError, CozeClient, PermissionDenied
from coze_client.emulator import Emulator, faults
from langchain_coze import CozeTranscriptionLoader
from llama_index_coze import CozeTranscriptionReader
from tests.support.frameworks import Framework

TRANSCRIPTIONS = "/v1/audio/transcriptions"
VOICE = "7468512265134799901"
Load = Callable[..., list[Any]]


class OneSignature:
    """LlamaIndex's reader with its files, so that both frameworks are called alike."""

    def __init__(self, files: Any, **settings: Any) -> None:
        self._files, self._reader = files, CozeTranscriptionReader(**settings)

    def __getattr__(self, name: str) -> Callable[[], Any]:
        return lambda: getattr(self._reader, name)(self._files)


@pytest.fixture
def make(framework: Framework, emulator: Emulator) -> Callable[..., Any]:
    """Makes the framework's loader of files."""
    kind: Any = CozeTranscriptionLoader if framework.name == "langchain" else OneSignature
    return lambda files, **settings: kind(files, **(settings or account(emulator)))


@pytest.fixture(params=["load", "lazy_load", "aload", "alazy_load"])
def load(request: pytest.FixtureRequest, framework: Framework, make: Callable[..., Any]) -> Load:
    """Each way to load files, one after the other."""
    return lambda files: framework.load(make(files), request.param)


@pytest.fixture
def sounds(emulator: Emulator, tmp_path: Path) -> list[Path]:
    """Two sounds: a WAV file and an MP3 file."""
    speech = CozeClient(emulator.token, base_url=emulator.url).audio.speech
    return [
        speech.create(input="Good morning", voice_id=VOICE, response_format="wav").to_file(tmp_path / "a.wav"),
        speech.create(input="Good night", voice_id=VOICE).to_file(tmp_path / "b.mp3"),
    ]


def account(emulator: Emulator) -> dict[str, Any]:
    return {"token": emulator.token, "base_url": emulator.url}


def test_each_file_becomes_a_document(framework: Framework, load: Load, emulator: Emulator, sounds: list[Path]) -> None:
    documents = load(sounds)
    assert framework.texts(documents) == ["Good morning", "Good night"]
    logids = [document.metadata.pop("logid") for document in documents]
    assert len({*filter(None, logids)}) == 2
    assert [document.metadata for document in documents] == [
        {"source": str(sounds[0]), "file_name": "a.wav", "seconds": pytest.approx(12 * 0.06)},
        {"source": str(sounds[1]), "file_name": "b.mp3"},
    ]
    assert len(emulator.calls_to(TRANSCRIPTIONS)) == 2


def test_one_path_is_enough(framework: Framework, load: Load, sounds: list[Path]) -> None:
    for one in (sounds[0], str(sounds[0]), iter(sounds[:1])):
        assert framework.texts(load(one)) == ["Good morning"]
    assert load([]) == []


def test_a_file_is_sent_when_its_document_is_wanted(
    framework: Framework, make: Callable[..., Any], emulator: Emulator, sounds: list[Path]
) -> None:
    documents = iter(getattr(make(sounds), f"lazy_load{framework.load_suffix}")())
    assert emulator.calls_to(TRANSCRIPTIONS) == []
    assert framework.text(next(documents)) == "Good morning"
    assert len(emulator.calls_to(TRANSCRIPTIONS)) == 1


def test_a_bad_file_is_found_before_the_first_is_sent(
    load: Load, emulator: Emulator, sounds: list[Path], tmp_path: Path
) -> None:
    empty, large = tmp_path / "empty.mp3", tmp_path / "large.wav"
    empty.touch()
    with large.open("wb") as file:
        file.truncate(10 * 1024 * 1024 + 1)
    for path, error in ((empty, ConfigurationError), (large, ConfigurationError), (tmp_path / "no.mp3", OSError)):
        with pytest.raises(error, match=path.name):
            load([*sounds, path])
    assert emulator.calls_to(TRANSCRIPTIONS) == []


def test_a_failed_file_is_not_sent_again(load: Load, emulator: Emulator, sounds: list[Path]) -> None:
    for fault in (faults.HttpStatus(503), faults.DropConnection()):
        emulator.inject(fault, path=TRANSCRIPTIONS)
        before = len(emulator.calls_to(TRANSCRIPTIONS))
        with pytest.raises(Exception, match="nothing shows what became of it"):
            load(sounds)
        assert len(emulator.calls_to(TRANSCRIPTIONS)) == before + 1


def test_a_token_needs_the_permission(
    framework: Framework, make: Callable[..., Any], emulator: Emulator, sounds: list[Path]
) -> None:
    loader = make(sounds, token=emulator.issue_token(scopes=["listVoice"]), base_url=emulator.url)
    with pytest.raises(PermissionDenied, match="createTranscription"):
        framework.load(loader)


def test_a_pickle_loads(framework: Framework, emulator: Emulator, sounds: list[Path]) -> None:
    if framework.name == "langchain":
        loader = pickle.loads(pickle.dumps(CozeTranscriptionLoader(sounds, **account(emulator))))
        assert framework.texts(loader.load()) == ["Good morning", "Good night"]
    else:
        reader = pickle.loads(pickle.dumps(CozeTranscriptionReader(**account(emulator))))
        assert framework.texts(reader.load_data(sounds)) == ["Good morning", "Good night"]


async def test_llama_index_reads_the_sounds_of_a_folder(emulator: Emulator, sounds: list[Path]) -> None:
    reader = CozeTranscriptionReader(**account(emulator))
    folder = SimpleDirectoryReader(
        str(sounds[0].parent), file_extractor={".mp3": reader, ".wav": reader}, raise_on_error=True
    )
    for documents in (folder.load_data(), await folder.aload_data()):
        assert [document.text for document in documents] == ["Good morning", "Good night"]
        assert {document.metadata["file_type"] for document in documents} == {"audio/x-wav", "audio/mpeg"}


def test_llama_index_shows_models_the_name_of_the_file(emulator: Emulator, sounds: list[Path]) -> None:
    reader = CozeTranscriptionReader(**account(emulator))
    document = reader.load_data(sounds[0], extra_info={"talk": "opening"})[0]
    assert document.node_id == str(sounds[0])
    shown = {"talk": "opening", "file_name": "a.wav"}
    assert {name: document.metadata[name] for name in shown} == shown
    assert set(document.metadata) - {*document.excluded_llm_metadata_keys} == set(shown)
    assert CozeTranscriptionReader(**account(emulator)).is_remote

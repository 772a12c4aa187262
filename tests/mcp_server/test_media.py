"""Images, sounds and files in answers and arguments."""

from __future__ import annotations

import base64
import io
import wave
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer, Audio
from coze_client.emulator.workflows import File
from coze_client.mcp_server.media import media_in, medium_of
from tests.support.mcp_clients import Connect, Json

PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\nrest").decode()
INLINE = f"data:image/png;base64,{PIXEL}"
LINK = "https://s.coze.cn/t/cat.png?x-signature=abc%3D"
LINKED = {"type": "resource_link", "uri": LINK, "name": "cat.png", "mimeType": "image/png"}
JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@pytest.mark.parametrize(
    ("value", "blocks"),
    [
        ({"picture": INLINE}, [{"type": "image", "data": PIXEL, "mimeType": "image/png"}]),
        (["data:audio/wav;base64,UklGRg=="], [{"type": "audio", "data": "UklGRg==", "mimeType": "audio/wav"}]),
        (f"Look: ![a cat]({LINK}).", [LINKED]),
        ({"a": LINK, "b": [LINK]}, [LINKED]),
        ("see https://example.com/page.html and http://[broken.png", []),
        ({"n": 7, "t": "no picture", "x": None}, []),
    ],
)
def test_images_and_sounds_are_found_wherever_they_stand(value: object, blocks: list[Json]) -> None:
    assert media_in(value) == blocks


@settings(max_examples=30)
@given(JSON)
def test_an_image_is_found_beside_any_other_output(value: object) -> None:
    assert {"type": "image", "data": PIXEL, "mimeType": "image/png"} in media_in([value, INLINE])


async def test_an_image_of_a_workflow_is_content(connect: Connect, emulator: Emulator) -> None:
    @emulator.workflow()
    def paint(subject: str) -> dict[str, str]:
        return {"picture": INLINE, "link": LINK}

    async with connect(workflows=[paint.id]) as client:
        done = await client.call("paint", {"subject": "a cat"})
    assert [block["type"] for block in done.content] == ["text", "image", "resource_link"]
    assert done.content[1]["data"] == PIXEL
    assert PIXEL not in done.text  # a model would read it letter by letter
    assert done.facts["output"]["picture"] == INLINE


async def test_a_spoken_answer_is_a_sound_that_players_know(connect: Connect, emulator: Emulator) -> None:
    samples = bytes(range(256)) * 10
    emulator.add_bot("speaker", lambda turn: [Answer("Hello."), Audio(samples[:1000]), Audio(samples[1000:])])
    async with connect(bots=[emulator.bots["speaker"]]) as client:
        done = await client.call("ask_speaker", {"question": "hello"})
    [sound] = [block for block in done.content if block["type"] == "audio"]
    with wave.open(io.BytesIO(base64.b64decode(sound["data"]))) as file:
        assert (file.getframerate(), file.getnchannels(), file.readframes(10_000)) == (24_000, 1, samples)
    assert sound["mimeType"] == "audio/wav"


async def test_attachments_reach_the_bot_by_their_kind(connect: Connect, emulator: Emulator) -> None:
    attachments = [LINK, INLINE, "https://example.com/report.pdf"]
    async with connect(bots=[emulator.bots["vision"]]) as client:
        done = await client.call("ask_vision", {"question": "What is it?", "attachments": attachments})
    assert "2 image(s), 1 file(s)" in done.facts["answer"]


@pytest.mark.parametrize("given", ["/etc/passwd", "file:///etc/passwd", "note.txt", "", "data:image/png;base64,!!!", 7])
async def test_what_is_no_attachment_starts_no_chat(connect: Connect, emulator: Emulator, given: object) -> None:
    async with connect(bots=[emulator.bots["vision"]]) as client:
        wrong = await client.call("ask_vision", {"question": "What is it?", "attachments": [LINK, given]})
    assert wrong.is_error
    assert emulator.chats_started == 0


def test_a_text_that_is_no_url_has_no_medium() -> None:
    assert [medium_of(each) for each in ("http://[x.png", "cat.png", LINK, "x.pdf")] == [
        "",
        "image/png",
        "image/png",
        "",
    ]


async def test_files_of_this_machine_are_read_below_the_given_folders_alone(
    connect: Connect, emulator: Emulator, tmp_path: Path
) -> None:
    @emulator.workflow()
    def read(paper: File) -> str:
        return f"got {paper}"

    (tmp_path / "a.txt").write_text("owls")
    async with connect(workflows=[read.id], file_roots=[str(tmp_path)]) as client:
        done = await client.call("read", {"paper": "a.txt"})
        outside = await client.call("read", {"paper": "../../etc/passwd"})
    async with connect(workflows=[read.id]) as client:
        closed = await client.call("read", {"paper": str(tmp_path / "a.txt")})
    assert "a.txt" in done.text
    assert outside.is_error
    assert closed.is_error

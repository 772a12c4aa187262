"""Values that no server should send, but one may: whatever arrives, only our errors come out, in time linear in it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from time import process_time, time
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from coze_client import ConfigurationError, CozeError, FileStore, InvalidArguments, InvalidRequest
from coze_client.api.conversations.values import Message
from coze_client.api.files.parameter_files import upload_files
from coze_client.api.workflows.events import read_question
from coze_client.api.workflows.file_arguments import FileSources, find_file
from coze_client.api.workflows.values import Interrupt
from coze_client.auth.token_request import clock_skew
from coze_client.bridge.chat.schema_prompt import extract_json
from coze_client.core.json_text import checked_depth, dump_json, load_json
from coze_client.core.model import Model, convert
from coze_client.core.response import RawResponse, parse_code, retry_after
from coze_client.core.sse import Decoder
from tests.support.clients import Driver

NUMBERS = [
    "9" * 5000,
    "-" + "9" * 5000,
    "1e999",
    "-1e999",
    "1" + "0" * 400,
    "0.1e-9999",
    "NaN",
    "Infinity",
    "٣٤",
    "१" * 5000,
]
DATES = [
    "Fri, 99 Foo 99999 99:99:99 GMT",
    "Mon, 01 Jan 0001 00:00:00 +9999",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Mon, 01 Jan 1 00:00 -0000",
    "0",
    ", , ,",
    "Fri",
    "\ud800",
    "Mon, 01 Jan " + "9" * 5000 + " 00:00:00 GMT",
]


@pytest.mark.parametrize("text", [*NUMBERS, *DATES])
def test_any_time_in_a_header_is_a_time_or_ignored(text: str) -> None:
    response = RawResponse(200, {"retry-after": text, "date": text}, b"")
    wait = retry_after(response)
    assert wait is None or 0 <= wait <= 60
    assert isinstance(clock_skew(response, time()), float)


@given(text=st.text(max_size=60))
def test_any_text_in_a_header_of_times_is_a_time_or_ignored(text: str) -> None:
    wait = retry_after(RawResponse(200, {"retry-after": text}, b""))
    assert wait is None or 0 <= wait <= 60


@pytest.mark.parametrize("number", NUMBERS)
def test_any_number_in_a_code_is_a_code_of_readable_length(number: str) -> None:
    with suppress(ValueError):
        assert len(str(parse_code(float(number)))) < 400
    assert len(str(parse_code(number))) <= 100


@pytest.mark.parametrize("field", ["retry", "id", "event"])
@pytest.mark.parametrize("number", NUMBERS)
def test_any_number_in_a_field_of_a_stream_is_read_or_ignored(field: str, number: str) -> None:
    decoder = Decoder()
    events = decoder.feed(f"{field}: {number}\ndata: x\n\n".encode())
    assert [event.data for event in events] == [b"x"]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("call", ["chat", "workflow", "retrieve", "list", "me"])
def test_any_number_in_any_field_ends_in_a_value_or_in_our_error(driver: Driver, number: str, call: str) -> None:
    fields = ", ".join(f'"{name}": {number}' for name in ("created_at", "status", "bytes", "token_count"))
    json = f'{{"code": 0, "data": {{"id": "1", {fields}}}, "expires_in": {number}}}'
    event = f"id: {number}\nretry: {number}\nevent: Message\ndata: {json}\n\nevent: Done\ndata: {{}}\n\n"

    def answer(request: httpx.Request) -> httpx.Response:
        streamed = request.url.path in ("/v3/chat", "/v1/workflow/stream_run")
        kind = "text/event-stream" if streamed else "application/json"
        body = event if streamed else json
        return httpx.Response(200, headers={"content-type": kind}, content=body.encode())

    client = driver.client("t" * 20, base_url="http://coze", transport=httpx.MockTransport(answer), retry=None)
    calls: dict[str, Callable[[], Any]] = {
        "chat": lambda: driver.collect(client.chats.stream(bot_id="1", user_id="u")),
        "workflow": lambda: driver.collect(client.workflows.stream(workflow_id="1", parameters={})),
        "retrieve": lambda: driver.run(client.files.retrieve(file_id="1")),
        "list": lambda: driver.collect(client.conversations.list(bot_id="1")),
        "me": lambda: driver.run(client.users.me()),
    }
    with suppress(CozeError):
        calls[call]()


# --- nesting ---

DEEP = 100_000
TEXTS = ['{"a":' * DEEP, "[" * DEEP, "[" * DEEP + "]" * DEEP, '{"a":' * 300 + "1" + "}" * 300, "[[{}]," * DEEP]


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize(
    ("read", "outcomes"),
    [
        (load_json, [ValueError]),
        (extract_json, [ValueError, [{}]]),  # the last text has a small list in it
        (lambda text: extract_json(f"see:\n```json\n{text}\n```"), [ValueError, [{}]]),
        (lambda text: read_question(Interrupt(data=text), "") == (text, ()), [True]),
        (lambda text: find_file(text, FileSources(), "f"), [InvalidArguments]),
        (lambda text: Message(role="assistant", type="function_call", content=text).decoded, [None]),
    ],
)
def test_json_that_is_nested_too_deeply_is_like_malformed_json(
    text: str, read: Callable[[str], object], outcomes: list[object]
) -> None:
    try:
        outcome = read(text)
    except (ValueError, CozeError) as error:
        outcome = type(error)
    assert outcome in outcomes


@given(depth=st.integers(0, 400))
def test_json_is_read_up_to_two_hundred_levels(depth: int) -> None:
    text = "[" * depth + "1" + "]" * depth
    if depth <= 200:
        assert load_json(text) == nested(depth)
    else:
        with pytest.raises(ValueError, match="200 levels"):
            load_json(text)


def test_brackets_inside_a_text_are_no_nesting() -> None:
    assert load_json('"' + "[" * 5000 + '"') == "[" * 5000
    assert checked_depth([[1]] * 5000) == [[1]] * 5000


def test_what_a_caller_nests_too_deeply_is_reported_as_the_callers_mistake(driver: Driver) -> None:
    client = driver.client(
        "t" * 20, base_url="http://coze", transport=httpx.MockTransport(lambda _: httpx.Response(500))
    )
    deep = nested(DEEP)
    with pytest.raises(ConfigurationError):
        dump_json(deep)
    with pytest.raises(ConfigurationError):
        driver.run(client.request("POST", "/v1/x", json={"a": deep}))
    with pytest.raises((InvalidRequest, CozeError)):
        driver.run(client.workflows.run(workflow_id="1", parameters={"a": deep}))


def test_a_token_file_that_is_nested_too_deeply_is_damaged(tmp_path: Any) -> None:
    (tmp_path / "t.json").write_text(TEXTS[0])
    with pytest.raises(ConfigurationError, match="damaged"):
        FileStore(tmp_path / "t.json").load("k")


# --- time ---

LONG = 10.0  # seconds of this process; the quadratic ways took from minutes to hours


def cpu_seconds(work: Callable[[], object]) -> float:
    begun = process_time()
    with suppress(ValueError, CozeError):
        work()
    return process_time() - begun


class Loose(Model):
    numbers: dict[str, str] = Field(default_factory=dict)
    items: list[str] = Field(default_factory=list)
    name: str = ""


@pytest.mark.parametrize(
    "value",
    [
        {"numbers": {str(each): [] for each in range(50_000)}},
        {"items": [[]] * 50_000},
        {"numbers": {str(each): {"a": [1] * 10} for each in range(20_000)}, "items": [{}] * 20_000},
    ],
    ids=["fields", "items", "both"],
)
def test_values_that_do_not_fit_are_dropped_in_linear_time(value: dict[str, object]) -> None:
    assert cpu_seconds(lambda: convert(Loose, value)) < LONG
    assert convert(Loose, {**value, "name": "n"}) == Loose(name="n")


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


class Inner(Model):
    a: str = ""
    b: list[int] = Field(default_factory=list)


class Outer(Model):
    a: list[Inner] = Field(default_factory=list)
    b: dict[str, Inner] = Field(default_factory=dict)
    c: Inner | None = None


@given(value=st.dictionaries(st.sampled_from("abcd"), JSON))
def test_what_fits_is_kept_and_only_what_does_not_is_dropped(value: dict[str, object]) -> None:
    found = convert(Outer, value)
    items = value.get("a")
    if isinstance(items, list):
        fitting = [item for item in items if isinstance(item, dict)]
        assert len(found.a) == len(fitting)
    assert (found.model_extra or {}).keys() == value.keys() - {"a", "b", "c"}


FENCES = [
    "```" + " " * 300_000 + "x",
    "```" + "\t" * 300_000,
    "```" + "w" * 300_000,
    ("```" + " " * 50) * 20_000,
    "```a\n" * 100_000,
    "`" * 300_000,
    "```\n" + "{" * 300_000,
    "[" * 300_000,
    '{"a":' * 100_000,
    "``` a" * 100_000,
]


@pytest.mark.parametrize("answer", FENCES, ids=range(len(FENCES)))
def test_json_is_found_in_an_answer_in_linear_time(answer: str) -> None:
    assert cpu_seconds(lambda: extract_json(answer)) < LONG


async def test_files_in_deep_arguments_are_the_callers_mistake() -> None:
    session: Any = None
    with pytest.raises(CozeError, match="nested"):
        await upload_files(session, {"a": nested(DEEP)})

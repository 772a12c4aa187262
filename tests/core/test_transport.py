"""Transports: the user's own HTTP clients, proxies, TLS and aiohttp."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from coze_client import AsyncCozeClient, ConfigurationError, ConnectionFailed, Message, Retry
from coze_client.core.concurrency import Blocking
from coze_client.core.http_responses import AsyncHttpResponse, BlockingHttpResponse
from coze_client.core.transport import tls_context
from coze_client.emulator import Emulator
from tests.support.clients import AsyncioDriver, ConnectedClient, Driver


async def aask(client: AsyncCozeClient, emulator: Emulator, text: str = "hello there") -> str:
    stream = client.chats.stream(bot_id=emulator.bots["echo"], user_id="u", additional_messages=[Message.user(text)])
    return (await stream.read()).text


def own_client(driver: Driver, **options: Any) -> Any:
    return (httpx.AsyncClient if isinstance(driver, AsyncioDriver) else httpx.Client)(**options)


def test_an_http_client_of_the_users_is_used_with_its_headers_and_left_open(coze: ConnectedClient) -> None:
    own = own_client(coze.driver, headers={"x-own": "1", "authorization": "Bearer no"}, cookies={"c": "2"})
    client = coze.driver.client(coze.emulator.token, base_url=coze.emulator.url, http_client=own)
    coze.client = client
    assert coze.collect(coze.ask())[-1].type == "done"
    coze.run(client.close())
    assert not own.is_closed
    sent = coze.emulator.calls[0].headers
    assert (sent["x-own"], sent["cookie"]) == ("1", "c=2")
    assert sent["authorization"] == f"Bearer {coze.emulator.token}"
    coze.run(own.aclose() if isinstance(coze.driver, AsyncioDriver) else own.close())


def test_only_a_stream_asks_for_events_and_for_no_compression(wire: Driver, emulator: Emulator) -> None:
    coze = ConnectedClient(wire, emulator)  # a proxy that compresses would hold events back
    coze.run(coze.client.users.me())
    coze.collect(coze.ask())
    call, stream = (each.headers for each in coze.emulator.calls[:2])
    assert (call["accept"], call["accept-encoding"]) == ("*/*", "gzip, deflate")
    assert (stream["accept"], stream["accept-encoding"]) == ("text/event-stream", "identity")


def test_event_hooks_of_an_http_client_of_the_users_are_called(coze: ConnectedClient) -> None:
    seen: list[str] = []

    async def ahook(request: httpx.Request) -> None:
        seen.append(request.url.path)

    hook = ahook if isinstance(coze.driver, AsyncioDriver) else (lambda request: seen.append(request.url.path))
    own = own_client(coze.driver, event_hooks={"request": [hook]})
    client = coze.driver.client(coze.emulator.token, base_url=coze.emulator.url, http_client=own)
    coze.run(client.conversations.create())
    assert seen == ["/v1/conversation/create"]
    coze.run(own.aclose() if isinstance(coze.driver, AsyncioDriver) else own.close())


@pytest.mark.parametrize(
    "options",
    [
        {"http_client": "wrong kind"},
        {"transport": "wrong kind"},
        {"http_client": 7},
        {"transport": "carrier pigeon"},
        {"http_client": "own", "transport": "own"},
    ],
    ids=repr,
)
def test_what_cannot_be_sent_over_is_refused_when_it_is_given(driver: Driver, options: dict[str, Any]) -> None:
    class Plain(httpx.BaseTransport):
        pass

    class Async(httpx.AsyncBaseTransport):
        pass

    on_asyncio = isinstance(driver, AsyncioDriver)
    values = {
        ("http_client", "wrong kind"): httpx.Client() if on_asyncio else httpx.AsyncClient(),
        ("transport", "wrong kind"): Plain() if on_asyncio else Async(),
        ("http_client", "own"): own_client(driver),
        ("transport", "own"): Async() if on_asyncio else Plain(),
    }
    with pytest.raises(ConfigurationError, match=r"http_client|transport"):
        driver.client("t", **{name: values.get((name, value), value) for name, value in options.items()})


def test_a_compressed_answer_is_unpacked(driver: Driver) -> None:
    import gzip

    def answer(request: httpx.Request) -> httpx.Response:
        stream = request.url.path == "/v3/chat"
        events = b"event:conversation.thinking\ndata:{}\n\nevent:done\ndata:[DONE]\n\n"
        body = events if stream else b'{"code": 0, "data": {"id": "7"}}'
        kind = "text/event-stream" if stream else "application/json"
        headers = {"content-encoding": "gzip", "content-type": kind}
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(gzip.compress(body)))

    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(answer))
    assert driver.run(client.conversations.create()).id == "7"
    events = driver.collect(client.chats.stream(bot_id="1", user_id="u"))
    assert [event.type for event in events] == ["conversation.thinking", "done"]


# --- proxies and TLS ---


class Proxy(ThreadingHTTPServer):
    """A proxy for plain HTTP on a loopback port; it responds itself and records the requested URLs."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), Proxied)
        self.url = f"http://127.0.0.1:{self.server_port}"


class Proxied(BaseHTTPRequestHandler):
    server: Proxy

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.asked.append(self.path)
        body = b'{"code": 0, "data": {"id": "7"}}'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it overrides
        """Silent."""


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


TRANSPORTS: list[dict[str, Any]] = [{}, {"transport": "aiohttp"}]


def over(driver: Driver, transport: dict[str, Any]) -> None:
    if transport and not isinstance(driver, AsyncioDriver):
        pytest.skip("aiohttp serves asyncio only")


@pytest.mark.parametrize("transport", TRANSPORTS, ids=["httpx", "aiohttp"])
def test_a_given_proxy_is_used(
    driver: Driver, proxy: Proxy, transport: dict[str, Any], clean_environment: pytest.MonkeyPatch
) -> None:
    over(driver, transport)
    client = driver.client("t", base_url="http://coze.invalid", proxy=proxy.url, **transport)
    assert driver.run(client.conversations.create()).id
    assert proxy.asked == ["http://coze.invalid/v1/conversation/create"]


@pytest.mark.parametrize("transport", TRANSPORTS, ids=["httpx", "aiohttp"])
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY", "http_proxy"])
def test_a_proxy_of_the_environment_is_used(
    driver: Driver,
    proxy: Proxy,
    transport: dict[str, Any],
    variable: str,
    clean_environment: pytest.MonkeyPatch,
) -> None:
    over(driver, transport)
    clean_environment.setenv(variable, proxy.url)
    client = driver.client("t", base_url="http://coze.invalid", **transport)
    assert driver.run(client.conversations.create()).id
    assert len(proxy.asked) == 1


@pytest.mark.parametrize("transport", TRANSPORTS, ids=["httpx", "aiohttp"])
def test_a_server_that_the_environment_exempts_is_reached_directly(
    driver: Driver, emulator: Emulator, transport: dict[str, Any], clean_environment: pytest.MonkeyPatch
) -> None:
    over(driver, transport)
    clean_environment.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    clean_environment.setenv("NO_PROXY", "example.com,127.0.0.1")
    client = driver.client(emulator.token, base_url=emulator.url, **transport)
    assert driver.run(client.conversations.create()).id


@pytest.mark.parametrize("proxy_url", ["pigeon://proxy:1", "::", "http://proxy:notaport"])
def test_a_proxy_that_cannot_be_is_a_configuration_error(driver: Driver, proxy_url: str) -> None:
    with pytest.raises(ConfigurationError, match="proxy"):
        driver.run(driver.client("t", base_url="http://coze.invalid", proxy=proxy_url).conversations.create())


def test_all_clients_share_one_tls_context_unless_they_bring_a_ca_bundle() -> None:
    assert tls_context(None) is tls_context(None)
    assert tls_context(None).verify_mode is ssl.CERT_REQUIRED


def test_a_ca_bundle_is_trusted_instead_of_the_systems(tmp_path: Path) -> None:
    import certifi

    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(Path(certifi.where()).read_bytes())
    assert tls_context(str(bundle)) is not tls_context(None)
    assert tls_context(str(bundle)).get_ca_certs()
    assert tls_context(str(tmp_path)).verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_bundle_that_cannot_be_read_is_a_configuration_error(
    driver: Driver, tmp_path: Path, content: str | None
) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content)
    with pytest.raises(ConfigurationError, match=r"CA bundle.*ca\.pem"):
        driver.run(driver.client("t", base_url="https://coze.invalid", ca_bundle=str(bundle)).conversations.create())


# --- aiohttp ---


def test_the_fast_transport_does_all_that_the_standard_one_does(emulator: Emulator) -> None:
    async def main() -> tuple[str, str, str]:
        async with AsyncCozeClient(emulator.token, base_url=emulator.url, transport="aiohttp") as client:
            conversation = await client.conversations.create(name="trip")
            uploaded = await client.files.upload(b"\x89PNG\r\n\x1a\n" + b"0" * 100_000, name="a.png")
            return conversation.name, await aask(client, emulator, "über 😀"), uploaded.file_name

    assert asyncio.run(main()) == ("trip", "über 😀", "a.png")


def test_the_fast_transport_heals_a_cut_stream_and_cancels_an_abandoned_one(emulator: Emulator) -> None:
    from coze_client.emulator import faults

    async def main() -> tuple[str, str]:
        async with AsyncCozeClient(emulator.token, base_url=emulator.url, transport="aiohttp") as client:
            emulator.inject(faults.CutAfterEvents(4))
            healed = await aask(client, emulator, "one two three four five")
            stream = client.chats.stream(
                bot_id=emulator.bots["slow"], user_id="u", additional_messages=[Message.user("hi")]
            )
            async with stream:
                await anext(stream)
                await anext(stream)
            return healed, str(stream.chat_id)

    healed, abandoned = asyncio.run(main())
    assert healed == "one two three four five"
    emulator.wait_until(lambda: emulator.chat_status(abandoned) == "canceled")
    emulator.wait_until(lambda: emulator.open_streams == 0)


def test_the_fast_transport_sends_nothing_again_that_may_have_arrived(emulator: Emulator) -> None:
    from coze_client.emulator import faults

    async def main() -> None:
        async with AsyncCozeClient(emulator.token, base_url=emulator.url, transport="aiohttp") as client:
            await client.chats.create(
                bot_id=emulator.bots["echo"], user_id="u", additional_messages=[Message.user("hi")]
            )

    emulator.inject(faults.AfterStart(faults.DropConnection()))
    with pytest.raises(ConnectionFailed, match="broke") as failed:
        asyncio.run(main())
    assert failed.value.sent
    assert len(emulator.calls) == 1


def test_the_fast_transport_knows_a_closed_port_from_a_slow_one() -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as gone:
            url = f"http://127.0.0.1:{gone.getsockname()[1]}"
        async with AsyncCozeClient("t", base_url=url, transport="aiohttp", retry=Retry(attempts=1)) as client:
            await client.conversations.create()

    with pytest.raises(ConnectionFailed, match="No connection") as failed:
        asyncio.run(main())
    assert not failed.value.sent


def test_the_fast_transport_says_what_to_install_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx_aiohttp", None)
    monkeypatch.delitem(sys.modules, "coze_client.core.aiohttp_transport", raising=False)
    client = AsyncCozeClient("t", transport="aiohttp")

    async def main() -> None:
        await client.conversations.create()

    with pytest.raises(ConfigurationError, match=r"coze-adapters\[aiohttp\]"):
        asyncio.run(main())


def test_what_follows_a_finished_stream_is_read_for_a_few_pieces_only(driver: Driver) -> None:
    class Endless(httpx.SyncByteStream, httpx.AsyncByteStream):
        pieces = 0

        def __iter__(self) -> Iterator[bytes]:
            for self.pieces in range(1, 1000):
                yield b"x"

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in self:
                yield piece

    endless = Endless()
    response = httpx.Response(200, stream=endless)
    if isinstance(driver, AsyncioDriver):
        driver.run(AsyncHttpResponse(response).drain(60))
    else:
        Blocking.run(BlockingHttpResponse(response).drain(60))
    assert endless.pieces in (64, 65)  # zip takes one that it does not give

"""From HTTP to the handlers and back: route, record, suffer faults, check the token, answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from email.utils import formatdate

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from coze_client.emulator.protocol.dialect import json_reply
from coze_client.emulator.protocol.fault import ConnectionCut, Fault
from coze_client.emulator.protocol.refusal import Refusal
from coze_client.emulator.protocol.reply import EventReply, JsonReply, RawReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.protocol.stream import encode
from coze_client.emulator.reading import read
from coze_client.emulator.routes import (
    bots,
    chatflows,
    chats,
    conversations,
    datasets,
    documents,
    files,
    images,
    legacy,
    messages,
    not_implemented,
    plugins,
    workflow_catalog,
    workflow_runs,
    workspaces,
)
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.oauth import auth, consent, devices, token_grants, users
from coze_client.emulator.state.backend import Backend, RecordedCall

logger = logging.getLogger(__name__)
SERVED = (
    *bots.ENDPOINTS,
    *chats.ENDPOINTS,
    *conversations.ENDPOINTS,
    *messages.ENDPOINTS,
    *files.ENDPOINTS,
    *legacy.ENDPOINTS,
    *users.ENDPOINTS,
    *workflow_runs.ENDPOINTS,
    *workflow_catalog.ENDPOINTS,
    *chatflows.ENDPOINTS,
    *plugins.ENDPOINTS,
    *workspaces.ENDPOINTS,
    *datasets.ENDPOINTS,
    *documents.ENDPOINTS,
    *images.ENDPOINTS,
    *not_implemented.ENDPOINTS,
)
OAUTH = (*consent.ENDPOINTS, *devices.ENDPOINTS, *token_grants.ENDPOINTS)


class App:
    """An ASGI application; `drop` closes a client's connection without a word."""

    def __init__(self, backend: Backend, connections: Mapping[tuple[str, int], asyncio.Transport]) -> None:
        self.backend = backend
        self.connections = connections
        offered = (*SERVED, *OAUTH) if backend.dialect.oauth else SERVED
        served = [end for end in offered if (end.method, end.path) not in backend.dialect.missing]
        self.routes = [(Route(end.path, _never, methods=[end.method]), end) for end in served]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._exchange(scope, receive, send)
        except (asyncio.CancelledError, ClientDisconnect):
            logger.debug("%s was not answered: the client left, or the emulator stopped", scope["path"])

    async def _exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint, values, path_exists = self._find(scope)
        request, body = await read(HttpRequest(scope, receive), values)
        backend = self.backend
        query = {name: str(value) for name, value in request.query.values.items()}
        backend.record(RecordedCall(request.method, request.path, query, request.headers, body, backend.clock()))
        given = backend.take_faults(request.path)
        reply = await self._reply(endpoint, request, given, path_exists=path_exists)
        await ReplyWriter(self, scope, receive, send, given).send(reply, request.path)

    def _find(self, scope: Scope) -> tuple[Endpoint | None, dict[str, str], bool]:
        path_exists = False
        for route, endpoint in self.routes:
            match, found = route.matches(scope)
            if match is Match.FULL and scope["method"] == endpoint.method:
                return endpoint, found["path_params"], True
            path_exists = path_exists or match is not Match.NONE
        return None, {}, path_exists

    async def _reply(
        self, endpoint: Endpoint | None, request: IncomingRequest, given: list[Fault], *, path_exists: bool
    ) -> Reply:
        for fault in given:
            await fault.wait()
        if any(fault.expires_token for fault in given):
            auth.revoke(self.backend, request.bearer)
        if instead := next((early for fault in given if (early := fault.instead())), None):
            return instead
        reply = await self._handled(endpoint, request, path_exists=path_exists)
        return next((late for fault in given if (late := fault.afterwards())), reply)

    async def _handled(self, endpoint: Endpoint | None, request: IncomingRequest, *, path_exists: bool) -> Reply:
        backend = self.backend
        logid = backend.new_logid()
        if endpoint is None:
            return backend.dialect.unknown_route(logid, path_exists=path_exists)
        try:
            if endpoint.permissions is not None:
                caller = auth.caller_of(backend, request.bearer, endpoint.permissions)
                request = replace(request, caller=caller)
            return await endpoint.handler(backend, request)
        except Refusal as refusal:
            streaming = request.body.values.get("stream", backend.dialect.stream_by_default) is True
            return backend.dialect.refuse(
                refusal, request.path, logid, streaming=streaming, mapped=backend.settings.mapped_status
            )
        except Exception:
            logger.exception("%s %s failed in the emulator", request.method, request.path)
            return json_reply(500, {"code": 5000, "msg": "the emulator failed, see its log"})


async def _never(request: HttpRequest) -> None:
    """Routes are only matched here, never called."""


class ReplyWriter:
    """One reply on its way out, through the faults that were given to it."""

    def __init__(self, app: App, scope: Scope, receive: Receive, send: Send, given: list[Fault]) -> None:
        self.backend = app.backend
        self.connection = app.connections.get(scope["client"])
        self.given = given
        self._receive = receive
        self._send = send

    async def send(self, reply: Reply, path: str) -> None:
        if isinstance(reply, JsonReply):
            reply = self._spelled(reply, path)
        if isinstance(reply, EventReply):
            await self._stream(reply)
        elif reply.dropped:
            await self._drop()
        else:
            await self._complete(reply)

    async def _complete(self, reply: RawReply) -> None:
        """With its length, unless a fault may yet shorten it."""
        length = {} if self.given else {"content-length": str(len(reply.body))}
        await self._start(reply.status, {"content-type": reply.content_type, **length, **reply.headers})
        await self._body(_whole(reply.body))

    def _spelled(self, payload: JsonReply, path: str) -> RawReply:
        value = self.backend.dialect.envelope(payload, path, self.backend.new_logid())
        for fault in self.given:
            value = fault.payload(value)
        return json_reply(200, value)

    async def _stream(self, reply: EventReply) -> None:
        """Until the events end or the client leaves, whichever comes first; leaving is noticed at once."""
        self.backend.stream_opened()
        await self._start(200, {"content-type": "text/event-stream", "cache-control": "no-cache"})
        writing = asyncio.ensure_future(self._body(self._bytes(reply)))
        leaving = asyncio.ensure_future(self._gone())
        try:
            await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            writing.cancel()
            leaving.cancel()
            await asyncio.gather(writing, leaving, return_exceptions=True)
            self.backend.stream_closed()

    async def _bytes(self, reply: EventReply) -> AsyncIterator[bytes]:
        events, framing = reply.events, reply.framing
        for fault in self.given:
            events, framing = fault.events(events), fault.framing(framing)
        async for event in events:
            yield encode(event, framing)

    async def _start(self, status: int, headers: Mapping[str, str]) -> None:
        named = {"date": formatdate(self.backend.clock(), usegmt=True), **headers}
        if self.backend.dialect.says_logid:
            named.setdefault("x-tt-logid", self.backend.new_logid())
        lines = [(name.lower().encode(), value.encode()) for name, value in named.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": lines})

    async def _body(self, chunks: AsyncIterator[bytes]) -> None:
        for fault in self.given:
            chunks = fault.chunks(chunks)
        try:
            async for chunk in chunks:
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        except ConnectionCut as cut:
            if not cut.clean:
                await self._cut()
                return
        await self._send({"type": "http.response.body", "body": b""})

    async def _cut(self) -> None:
        """What was sent arrives, and nothing after it: the body stays without its end."""
        if self.connection is not None:
            self.connection.close()
        await self._gone()

    async def _drop(self) -> None:
        if self.connection is not None:
            self.connection.abort()
        await self._gone()

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


async def _whole(body: bytes) -> AsyncIterator[bytes]:
    yield body

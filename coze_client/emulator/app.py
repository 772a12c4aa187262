"""The ASGI application: match the route, record the request, apply faults, check the token, send the reply."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from email.utils import formatdate
from functools import cache

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.dialect import json_reply
from coze_client.emulator.protocol.fault import ConnectionCut, Fault
from coze_client.emulator.protocol.reply import EventReply, JsonReply, RawReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.protocol.stream import encode
from coze_client.emulator.request_parser import parse_request
from coze_client.emulator.routes import (
    api_apps,
    apps,
    audio,
    bots,
    chatflows,
    chats,
    collaborators,
    connectors,
    conversations,
    copy_tasks,
    database_rows,
    databases,
    datasets,
    documents,
    enterprises,
    files,
    folders,
    images,
    legacy_chats,
    live,
    messages,
    not_implemented,
    plugins,
    rooms,
    templates,
    variables,
    voiceprint_groups,
    voiceprints,
    workflow_runs,
    workflows,
    workspace_members,
    workspaces,
)
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.oauth import consent, devices, token_grants, tokens, users
from coze_client.emulator.state.backend import Backend, RecordedCall

logger = logging.getLogger(__name__)
DIGITS = re.compile("[0-9]+")
API_ENDPOINTS = (
    *api_apps.ENDPOINTS,
    *apps.ENDPOINTS,
    *folders.ENDPOINTS,
    *bots.ENDPOINTS,
    *chats.ENDPOINTS,
    *conversations.ENDPOINTS,
    *messages.ENDPOINTS,
    *files.ENDPOINTS,
    *legacy_chats.ENDPOINTS,
    *users.ENDPOINTS,
    *workflow_runs.ENDPOINTS,
    *workflows.ENDPOINTS,
    *collaborators.ENDPOINTS,
    *chatflows.ENDPOINTS,
    *plugins.ENDPOINTS,
    *workspaces.ENDPOINTS,
    *workspace_members.ENDPOINTS,
    *variables.ENDPOINTS,
    *audio.ENDPOINTS,
    *voiceprint_groups.ENDPOINTS,
    *voiceprints.ENDPOINTS,
    *live.ENDPOINTS,
    *rooms.ENDPOINTS,
    *copy_tasks.ENDPOINTS,
    *connectors.ENDPOINTS,
    *enterprises.ENDPOINTS,
    *templates.ENDPOINTS,
    *databases.ENDPOINTS,
    *database_rows.ENDPOINTS,
    *datasets.ENDPOINTS,
    *documents.ENDPOINTS,
    *images.ENDPOINTS,
    *not_implemented.ENDPOINTS,
)
OAUTH_ENDPOINTS = (*consent.ENDPOINTS, *devices.ENDPOINTS, *token_grants.ENDPOINTS)


class App:
    """The emulator as an ASGI application; `connections` has the transports of the clients, which faults can cut."""

    def __init__(self, backend: Backend, connections: Mapping[tuple[str, int], asyncio.Transport]) -> None:
        self.backend = backend
        self.connections = connections
        endpoints = (*API_ENDPOINTS, *OAUTH_ENDPOINTS) if backend.dialect.oauth else API_ENDPOINTS
        available = [end for end in endpoints if backend.dialect.has(end.method, end.path)]
        self.routes = [(_route(end.method, end.path), end) for end in available]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._handle(scope, receive, send)
        except (asyncio.CancelledError, ClientDisconnect):
            logger.debug("%s got no reply: the client disconnected, or the emulator stopped", scope["path"])

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint, values, path_exists = self._find(scope)
        request, body = await parse_request(HttpRequest(scope, receive), values)
        backend = self.backend
        query = {name: str(value) for name, value in request.query.values.items()}
        backend.record(RecordedCall(request.method, request.path, query, request.headers, body, backend.clock()))
        faults = backend.take_faults(request.path)
        reply = await self._reply(endpoint, request, faults, path_exists=path_exists)
        await ReplyWriter(self, scope, receive, send, faults).send(reply, request.path)

    def _find(self, scope: Scope) -> tuple[Endpoint | None, dict[str, str], bool]:
        path_exists = False
        for route, endpoint in self.routes:
            match, found = route.matches(scope)
            if match is not Match.NONE and self._needs_digits(found["path_params"]):
                continue
            if match is Match.FULL and scope["method"] == endpoint.method:
                return endpoint, found["path_params"], True
            path_exists = path_exists or match is not Match.NONE
        return None, {}, path_exists

    def _needs_digits(self, ids: Mapping[str, str]) -> bool:
        return self.backend.dialect.numeric_paths and not all(DIGITS.fullmatch(each) for each in ids.values())

    async def _reply(
        self, endpoint: Endpoint | None, request: IncomingRequest, faults: list[Fault], *, path_exists: bool
    ) -> Reply:
        for fault in faults:
            await fault.wait()
        if any(fault.expires_token for fault in faults):
            tokens.revoke(self.backend, request.bearer)
        if instead := next((early for fault in faults if (early := fault.instead())), None):
            return instead
        reply = await self._call_handler(endpoint, request, path_exists=path_exists)
        return next((late for fault in faults if (late := fault.afterwards())), reply)

    async def _call_handler(self, endpoint: Endpoint | None, request: IncomingRequest, *, path_exists: bool) -> Reply:
        backend = self.backend
        logid = backend.new_logid()
        try:
            if endpoint is None:
                if path_exists and backend.dialect.checks_token_first:
                    tokens.authenticate(backend, request.bearer, ())
                return backend.dialect.unknown_route(logid, path_exists=path_exists)
            if endpoint.permissions is not None:
                caller = tokens.authenticate(backend, request.bearer, endpoint.permissions)
                if not backend.rate_limit.admit():
                    raise ApiError(backend.settings.rate_limit_code)
                request = replace(request, caller=caller)
            return await endpoint.handler(backend, request)
        except ApiError as error:
            streaming = backend.dialect.streams(request.body.values.get("stream"))
            return backend.dialect.error_reply(
                error, request.path, logid, streaming=streaming, mapped=backend.settings.mapped_status
            )
        except Exception:
            logger.exception("%s %s failed in the emulator", request.method, request.path)
            return json_reply(500, {"code": 5000, "msg": "the emulator failed, see its log"})


@cache  # a path is compiled once for all emulators of a process
def _route(method: str, path: str) -> Route:
    return Route(path, _never, methods=[method])


async def _never(request: HttpRequest) -> None:
    """A placeholder: the routes are only matched, never called."""


class ReplyWriter:
    """Sends one reply, changed by its faults."""

    def __init__(self, app: App, scope: Scope, receive: Receive, send: Send, faults: list[Fault]) -> None:
        self.backend = app.backend
        self.connection = app.connections.get(scope["client"])
        self.faults = faults
        self._receive = receive
        self._send = send

    async def send(self, reply: Reply, path: str) -> None:
        if isinstance(reply, JsonReply):
            reply = self._encode(reply, path)
        if isinstance(reply, EventReply):
            await self._stream(reply)
        elif reply.dropped:
            await self._drop()
        else:
            await self._complete(reply)

    async def _complete(self, reply: RawReply) -> None:
        """Sends the content length, too, unless the body is chunked or a fault may still shorten it."""
        length = {} if self.faults or reply.chunked else {"content-length": str(len(reply.body))}
        await self._start(reply.status, {"content-type": reply.content_type, **length, **reply.headers})
        await self._body(_whole(reply.body))

    def _encode(self, payload: JsonReply, path: str) -> RawReply:
        value = self.backend.dialect.envelope(payload, path, self.backend.new_logid())
        for fault in self.faults:
            value = fault.payload(value)
        return json_reply(200, value)

    async def _stream(self, reply: EventReply) -> None:
        """Sends until the events end or the client disconnects, whichever comes first."""
        self.backend.stream_opened()
        await self._start(200, {"content-type": "text/event-stream", "cache-control": "no-cache"})
        writing = asyncio.ensure_future(self._body(self._bytes(reply)))
        disconnect = asyncio.ensure_future(self._disconnected())
        try:
            await asyncio.wait({writing, disconnect}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            writing.cancel()
            disconnect.cancel()
            await asyncio.gather(writing, disconnect, return_exceptions=True)
            self.backend.stream_closed()

    async def _bytes(self, reply: EventReply) -> AsyncIterator[bytes]:
        events, framing = reply.events, reply.framing
        for fault in self.faults:
            events, framing = fault.events(events), fault.framing(framing)
        async for event in events:
            yield encode(event, framing)

    async def _start(self, status: int, headers: Mapping[str, str]) -> None:
        values = {"date": formatdate(self.backend.clock(), usegmt=True), **headers}
        values.setdefault(self.backend.dialect.logid_header, self.backend.new_logid())
        lines = [(name.lower().encode(), value.encode()) for name, value in values.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": lines})

    async def _body(self, chunks: AsyncIterator[bytes]) -> None:
        for fault in self.faults:
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
        """Closes the connection after what was sent, without the end of the body."""
        if self.connection is not None:
            self.connection.close()
        await self._disconnected()

    async def _drop(self) -> None:
        if self.connection is not None:
            self.connection.abort()
        await self._disconnected()

    async def _disconnected(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


async def _whole(body: bytes) -> AsyncIterator[bytes]:
    yield body

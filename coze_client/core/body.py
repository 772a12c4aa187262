"""The body of a response: read whole, or judged by its beginning and left for a stream to read."""

from __future__ import annotations

import re
from typing import Any

from coze_client.core.http import BodyBuffer, HttpResponse
from coze_client.core.reading import keep_part
from coze_client.core.request import Request
from coze_client.core.response import (
    RawResponse,
    is_file,
    is_json_object,
    is_silent_refusal,
    is_stream,
    read_envelope,
    read_nothing,
)
from coze_client.core.sse import begins_stream
from coze_client.errors import APIError, CozeError, ProtocolError

_LONGEST_BLANK = 65536  # bytes of white space before a body
_LONGEST_ERROR = 65536  # bytes of an error that is told to be a file
_JSON = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:$|\{\s*(?:$|"))')  # how it may begin
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html)\b", re.IGNORECASE)


async def read_body(request: Request[Any], http_response: HttpResponse, deadline: float) -> RawResponse:
    """Read the whole body; the error of one that breaks off keeps what its first part tells."""
    body = BodyBuffer(http_response.head, deadline)
    try:
        await http_response.read_chunks(body.add)
    except CozeError as error:
        keep_told_part(request, body.response(), error)
        raise
    finally:
        await http_response.close()
    return body.response()


def keep_told_part(request: Request[Any], part: RawResponse, error: CozeError) -> None:
    """Add to an error what a response, or the part that arrived of it, tells about the run that it belongs to."""
    if request.reading is not None:
        keep_part(request.reading(len(part.content) + 1), part, error)


async def judge_body(request: Request[Any], http_response: HttpResponse, deadline: float) -> None:
    """Return if the body is what the request is for: a file, a stream of events, or the JSON of a success.

    The body stays to be read. Raises CozeError if it is an error, or nothing of these.
    """
    if request.binary:
        await _judge_file(request, http_response, deadline)
        return
    if is_stream(http_response.head) or await _begins_stream(http_response):
        return
    response = await read_body(request, http_response, deadline)
    if request.if_silent and is_silent_refusal(response):
        raise APIError(
            "The server refused the call without a reason: it sent no events, and an empty body as JSON",
            logid=response.logid,
            cure=request.if_silent,
        )
    try:
        read_envelope(response)
    except CozeError as error:
        keep_told_part(request, response, error)
        raise
    http_response.put_back(response.content)


async def _begins_stream(http_response: HttpResponse) -> bool:
    """True if a successful response that is not declared as a stream begins like one."""
    if http_response.head.status >= 300:
        return False
    begin = b""
    while len(begin) < _LONGEST_BLANK and not begin.strip() and (piece := await http_response.next_piece()):
        begin += piece
    http_response.put_back(begin)
    return begins_stream(begin)


async def _judge_file(request: Request[Any], http_response: HttpResponse, deadline: float) -> None:
    """Return if the body is a file; raises the error that stands in its place, whatever the content type says."""
    if is_file(http_response.head) and not await _holds_error(http_response):
        return
    response = await read_body(request, http_response, deadline)
    read_nothing(response)
    raise ProtocolError(
        "The server reported success, but sent JSON in place of the file", status=response.status, logid=response.logid
    )


async def _holds_error(http_response: HttpResponse) -> bool:
    """True if a body that is told to be a file is the short JSON of an error, or a web page; it stays to be read."""
    begin = b""
    while len(begin) < _LONGEST_ERROR and _JSON.match(begin) and (piece := await http_response.next_piece()):
        begin += piece
    http_response.put_back(begin)
    return bool(_PAGE.match(begin)) or is_json_object(begin)

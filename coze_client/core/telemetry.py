"""Spans of calls over the OpenTelemetry API, if the application has loaded it; else every function returns at once.

Names follow the conventions for generative AI: https://github.com/open-telemetry/semantic-conventions-genai.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from coze_client.core.masking import masked
from coze_client.errors import CozeError
from coze_client.version import __version__

if TYPE_CHECKING:
    from opentelemetry.trace import Span
    from typing_extensions import Self

Attribute = str | bool | int | float
Attributes = Mapping[str, Attribute]

SCOPE = "coze_client"
CONTENT_SETTING = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_CONTENT_ON_SPANS = frozenset({"true", "span_only", "span_and_event"})
_LOADED = ("opentelemetry.trace", "opentelemetry.metrics")
_CURRENT = "coze_client.observation"  # the key in OpenTelemetry's context
_NO_ATTRIBUTES: Attributes = {}


def _no_content() -> Attributes:
    return _NO_ATTRIBUTES


class Facts(NamedTuple):
    """What a span says: ``attributes`` always, ``content`` (texts of users and models) only if it is asked for."""

    attributes: Attributes = _NO_ATTRIBUTES
    content: Callable[[], Attributes] = _no_content


class Operation(NamedTuple):
    """What a call does, for its span.

    ``name``: as the conventions have it, such as "chat". ``target``: the id of the bot or workflow that is called.
    ``facts``: known before the call; ``describe`` returns those of its result.
    """

    name: str
    target: str = ""
    facts: Facts = Facts()
    describe: Callable[[object], Facts] | None = None


class Observation:
    """One call that is observed; this class observes nothing, for applications without OpenTelemetry."""

    is_on = False
    awaits_answer = False

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Make the span the current one for the body of a ``with``, which must not yield to the caller's code."""
        yield

    def note(self, facts: Facts) -> None:
        """Add facts, which the span gets at its end."""

    def note_answer(self) -> None:
        """Note that the answer begins, which ``awaits_answer`` tells to be awaited."""

    def end(self, error: BaseException | None = None) -> None:
        """End the span, with the type of `error` if the call failed; a second call does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """As a context manager, an observation is attached to the body, and ends with it."""


NOT_OBSERVED = Observation()


class SpanObservation(Observation):
    """A call with a span, which may end in another thread or task than it began in."""

    is_on = True
    awaits_answer = True

    def __init__(self, operation: Operation, span: Span) -> None:
        self.operation = operation
        self.secrets: set[str] = set()
        self._span = span
        self._facts = [Facts(content=operation.facts.content)]
        self._began = monotonic()
        self._answered: float | None = None
        self._is_over = False

    @contextmanager
    def attached(self) -> Iterator[None]:
        from opentelemetry import context, trace

        token = context.attach(context.set_value(_CURRENT, self, trace.set_span_in_context(self._span)))
        try:
            yield
        finally:
            context.detach(token)

    def note(self, facts: Facts) -> None:
        self._facts.append(facts)

    def note_answer(self) -> None:
        self.awaits_answer = False
        self._answered = monotonic() - self._began

    def end(self, error: BaseException | None = None) -> None:
        if self._is_over:
            return
        self._is_over = True
        if self._span.is_recording():
            self._span.set_attributes(self._attributes(error))
        if error is not None:
            from opentelemetry.trace import StatusCode

            self._span.set_status(StatusCode.ERROR)  # no description: the text of an error may hold content
        self._span.end()

    def _attributes(self, error: BaseException | None) -> dict[str, Attribute]:
        found = {**describe_error(error)}
        if self._answered is not None:
            found["gen_ai.response.time_to_first_chunk"] = self._answered
        for facts in self._facts:
            found |= facts.attributes
            if shows_content():
                found |= facts.content()
        return {name: self._hide(value) if isinstance(value, str) else value for name, value in found.items()}

    def _hide(self, text: str) -> str:
        """`text` without the tokens that signed the call: a server may repeat them, also as an id."""
        return reduce(masked, self.secrets, text)

    def __enter__(self) -> Self:
        self._attachment = self.attached()
        self._attachment.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._attachment.__exit__(None, None, None)
        self.end(error)


def observe(operation: Operation | None, base_url: str) -> Observation:
    """Begin to observe a call, as a child of the current span; NOT_OBSERVED if the application observes nothing."""
    if operation is None or not is_loaded():
        return NOT_OBSERVED
    from opentelemetry import trace

    tracer = trace.get_tracer_provider().get_tracer(SCOPE, __version__)
    span = tracer.start_span(
        f"{operation.name} {operation.target}".rstrip(),
        kind=trace.SpanKind.CLIENT,
        attributes={**_describe_call(operation, base_url), **operation.facts.attributes},
    )
    return SpanObservation(operation, span)


def is_loaded() -> bool:
    """True if the application, or a library of it, has loaded OpenTelemetry: before, nobody can observe anything."""
    return any(name in sys.modules for name in _LOADED)


def hide_secret(secret: str) -> None:
    """Keep the token of a request out of the current observation."""
    if is_loaded() and (observation := current_observation()) is not None:
        observation.secrets.add(secret)


def current_observation() -> SpanObservation | None:
    """The observed call that the running code is a part of, if there is one."""
    from opentelemetry import context

    found = context.get_value(_CURRENT)
    return found if isinstance(found, SpanObservation) else None


def shows_content() -> bool:
    """True if the environment asks for texts of users and models on spans, as other instrumentations read it."""
    return os.environ.get(CONTENT_SETTING, "").strip().lower() in _CONTENT_ON_SPANS


def describe_error(error: BaseException | None) -> Attributes:
    """The type of an error, Coze's code, and the ids that it knows; never its text, which may hold content."""
    if error is None:
        return _NO_ATTRIBUTES
    found: dict[str, str] = {"error.type": type(error).__name__}
    if isinstance(error, CozeError):
        given = {
            "coze.error.code": error.code,
            "coze.logid": error.logid,
            "gen_ai.response.id": error.chat_id,
            "gen_ai.conversation.id": error.conversation_id,
            "coze.workflow.execute_id": error.execute_id,
        }
        found |= {name: str(value) for name, value in given.items() if value}
    return found


def _describe_call(operation: Operation, base_url: str) -> Attributes:
    server = urlsplit(base_url)
    found: dict[str, str | int] = {
        "gen_ai.operation.name": operation.name,
        "gen_ai.provider.name": "coze",
        "server.address": server.hostname or "",
        "server.port": server.port or (443 if server.scheme == "https" else 80),
    }
    return {**found, "gen_ai.request.model": operation.target} if operation.target else found

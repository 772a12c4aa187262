"""What the client reports over OpenTelemetry, kept in memory."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class RecordedTelemetry:
    """Providers of one test, which OpenTelemetry returns as the configured ones."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._exporter, self._reader = InMemorySpanExporter(), InMemoryMetricReader()
        self._tracers = TracerProvider(shutdown_on_exit=False)
        self._meters = MeterProvider([self._reader], shutdown_on_exit=False)
        self._tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer = self._tracers.get_tracer("test")
        monkeypatch.setattr(trace, "get_tracer_provider", lambda: self._tracers)
        monkeypatch.setattr(metrics, "get_meter_provider", lambda: self._meters)

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans that have ended, in the order of their ends."""
        return list(self._exporter.get_finished_spans())

    def span(self, operation: str) -> ReadableSpan:
        """The one ended span of an operation."""
        (found,) = [each for each in self.spans if attributes(each).get("gen_ai.operation.name") == operation]
        return found


def attributes(span: ReadableSpan) -> Mapping[str, object]:
    """The attributes of a span."""
    return span.attributes or {}

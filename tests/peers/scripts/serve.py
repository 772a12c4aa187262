"""The loop of a peer's script in Python."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any


def serve(answer: Callable[[dict[str, Any]], object]) -> None:
    """Answers each line of JSON with one: what `answer` gave for it, or what it raised."""
    for line in sys.stdin:
        try:
            told: dict[str, object] = {"value": answer(json.loads(line))}
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is what the test wants to know
            told = {"raised": {"kind": type(error).__name__, "code": getattr(error, "code", None), "text": str(error)}}
        print(json.dumps(told), flush=True)

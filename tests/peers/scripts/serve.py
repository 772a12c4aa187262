"""The main loop of a peer's Python script."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any


def serve(answer: Callable[[dict[str, Any]], object]) -> None:
    """Answer each line of JSON with another: the value of `answer` for it, or the exception."""
    for line in sys.stdin:
        try:
            reply: dict[str, object] = {"value": answer(json.loads(line))}
        except Exception as error:  # noqa: BLE001 - the test asserts whatever a peer raises
            reply = {"raised": {"kind": type(error).__name__, "code": getattr(error, "code", None), "text": str(error)}}
        print(json.dumps(reply), flush=True)

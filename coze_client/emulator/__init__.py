"""A local Coze that speaks the real wire format over a real port, for tests, notebooks and first steps.

It shows protocol conformance against scripted bots and workflows written in Python, not the quality of a model. What
it does not do, it answers with HTTP 501 instead of pretending. Nothing heavy is imported until `Emulator` is touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coze_client.emulator.clock import Clock

if TYPE_CHECKING:
    from coze_client.emulator.emulator import Emulator

__all__ = ["Clock", "Emulator"]


def __getattr__(name: str) -> type[Emulator]:
    if name != "Emulator":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        import python_multipart  # noqa: F401  (Starlette needs it for uploads, and only says so at the first one)
        import starlette  # noqa: F401 - is it there?
        import uvicorn  # noqa: F401 - is it there?
    except ImportError as missing:
        raise ImportError(
            f'the emulator needs {missing.name}; install it with: pip install "coze-adapters[emulator]"',
            name=missing.name,
        ) from missing
    from coze_client.emulator.emulator import Emulator

    return Emulator

"""A local Coze server that speaks the real wire format over a real port, for tests, notebooks and first steps.

Bots follow scripts and workflows are Python functions: the emulator shows conformance to the protocol, not the quality
of a model. Routes that it does not implement return HTTP 501. The server's dependencies are imported with `Emulator`.
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
        import python_multipart  # noqa: F401  (Starlette needs it for uploads, but fails only at the first upload)
        import starlette  # noqa: F401 - check that it is installed
        import uvicorn  # noqa: F401 - check that it is installed
    except ImportError as missing:
        raise ImportError(
            f'the emulator needs {missing.name}; install it with: pip install "coze-adapters[emulator]"',
            name=missing.name,
        ) from missing
    from coze_client.emulator.emulator import Emulator

    return Emulator

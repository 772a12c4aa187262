"""Start the command `cozekit`, also as `python -m coze_client`; without the extra `cli`, say how to install it."""

from __future__ import annotations

import sys
from io import TextIOWrapper

_NEEDED = frozenset({"typer", "rich", "prompt_toolkit", "click"})  # older typers need click


def main() -> None:
    """Run the command of this process's arguments, and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a pipe of Windows may lack the marks
    try:
        from coze_client.cli.app import app

        app(prog_name="cozekit")
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] not in _NEEDED:
            raise
        sys.exit(f'cozekit needs {missing.name}; install it with: pip install "coze-adapters[cli]"')


if __name__ == "__main__":
    main()

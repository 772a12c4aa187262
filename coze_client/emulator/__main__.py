"""The command `python -m coze_client.emulator`: run a local Coze until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from coze_client.emulator import Emulator
from coze_client.emulator.protocol.studio_dialect import STUDIO_VERSIONS

DEFAULT_PORT = 8642  # not that of uvicorn, with which many run their own app beside the emulator


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m coze_client.emulator", description="Run a local Coze on the loopback interface."
    )
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help=f"0 chooses a free port (default: {DEFAULT_PORT})"
    )
    parser.add_argument("--data", metavar="FILE", help="keep the state in this SQLite file (default: in memory)")
    parser.add_argument("--dialect", choices=("cloud", "studio"), default="cloud")
    parser.add_argument("--version", choices=tuple(STUDIO_VERSIONS), help="of the studio (default: the newest)")
    parser.add_argument("--pace", type=float, default=0.03, help="seconds between two deltas (default: 0.03)")
    parser.add_argument(
        "--oauth", metavar="FOLDER", type=Path, help="write a config file for an OAuth app of each kind"
    )
    parser.add_argument("--rate-limit", type=int, metavar="N", help="refuse all but N calls a second (default: none)")
    parser.add_argument(
        "--rate-limit-code", type=int, choices=(4020, 4009), default=4020, help="of these refusals (default: 4020)"
    )
    options = parser.parse_args(arguments)
    if options.rate_limit is not None and options.dialect == "studio":
        parser.error("--rate-limit: a coze-studio limits no calls")
    if options.version and options.dialect != "studio":
        parser.error("--version is that of the studio: add --dialect studio")
    emulator = Emulator(
        options.dialect,
        options.data,
        options.port,
        pace=options.pace,
        version=options.version,
        rate_limit=options.rate_limit,
        rate_limit_code=options.rate_limit_code,
        demo=True,
    )
    try:
        serve(emulator, options.oauth)
    except OSError as error:
        parser.exit(1, f"{error.strerror}\n")


def serve(
    emulator: Emulator,
    oauth: Path | None = None,
    *,
    prepare: Callable[[], object] = bool,
    wait: Callable[[], object] | None = None,
) -> None:
    """Start an emulator, print how to reach it, and stop it at Ctrl-C, or once `wait` returns; OSError without a port.

    `prepare` is called after the start. `oauth`: the folder for a config file of each OAuth app.
    """
    emulator.start()
    try:
        prepare()
        if oauth is not None:
            write_configs(emulator, oauth)
        print(greeting(emulator), flush=True)
        (wait or threading.Event().wait)()
    except KeyboardInterrupt:
        print("\nbye")
    finally:
        emulator.stop()


def greeting(emulator: Emulator) -> str:
    """Format the URL, token, bots, workflows, datasets, templates, lives and a first request to copy."""
    lives = {f"live {number}": live_id for number, live_id in enumerate(emulator.lives, 1)}
    ids = (emulator.bots, emulator.workflows, emulator.datasets, emulator.templates, lives)
    bots, workflows, datasets, templates, sounds = map(_lines, ids)
    body = (
        f'{{"bot_id":"{emulator.bots["echo"]}","user_id":"me","stream":true,'
        '"additional_messages":[{"role":"user","content":"Hello!","content_type":"text"}]}'
    )
    version = f", version {emulator.version}" if emulator.version else ""
    return f"""Coze emulator ({emulator.dialect} dialect{version}): scripted bots that follow the protocol, no models

  export COZE_API_BASE={emulator.url}
  export COZE_API_TOKEN={emulator.token}

  {"bot":<16} id
{bots}

  {"workflow":<16} id
{workflows}

  {"dataset":<16} id
{datasets}

  {"template":<16} id
{templates}

  {"live sound":<16} id
{sounds}

  curl -N {emulator.url}/v3/chat -H 'Authorization: Bearer {emulator.token}' \\
       -H 'Content-Type: application/json' -d '{body}'

Press Ctrl-C to stop."""


def _lines(ids: Mapping[str, str]) -> str:
    return "\n".join(f"  {name:<16} {id_}" for name, id_ in ids.items())


def write_configs(emulator: Emulator, folder: Path) -> None:
    """Write `web_oauth_config.json` and so on in the format of the official SDKs; they contain the apps' secrets."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, app in emulator.oauth_apps.items():
        file = folder / f"{kind}_oauth_config.json"
        file.write_text(json.dumps(app.config(emulator.url), indent=2))
        print(file, *app.redirect_uris)


if __name__ == "__main__":
    main()

"""The login examples, run as processes of their own; the test plays the user who consents."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from coze_client.emulator import Emulator
from tests.support.ports import free_port

EXAMPLES = Path(__file__).parents[2] / "examples"
Program = subprocess.Popen[str]
Start = Callable[..., Program]

BROWSER = """
import sys
import httpx

httpx.post(sys.argv[1], data={"decision": "allow", "user": "ann"}, follow_redirects=True)
"""


@pytest.fixture
def start(emulator: Emulator, tmp_path: Path) -> Start:
    """Starts an example with an app's configuration in the environment."""

    def run(name: str, app: Any, **environment: str) -> Program:
        (tmp_path / "config.json").write_text(json.dumps(app.config(emulator.url)))
        account = {
            "COZE_OAUTH_CONFIG": str(tmp_path / "config.json"),
            "COZE_BOT_ID": emulator.bots["echo"],
            "PYTHONPATH": str(EXAMPLES.parent),
        }
        unset = dict.fromkeys(("COZE_API_TOKEN", "COZE_API_KEY", "COZE_API_BASE"), "")
        return subprocess.Popen(
            [sys.executable, EXAMPLES / name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=tmp_path,
            env={**os.environ, **unset, **account, **environment},
        )

    return run


def login_url(program: Program) -> str:
    """Read the program's output until it prints a login URL, and return that."""
    assert program.stdout is not None
    printed = ""
    while not (found := re.search(r"Open (http\S+)", printed)):
        line = program.stdout.readline()
        assert line, printed
        printed += line
    return found[1]


def output_of(program: Program, input_text: str = "") -> str:
    """Return the rest of the program's output; the program must succeed."""
    printed, _ = program.communicate(input_text, timeout=60)
    assert program.returncode == 0, printed
    return printed


def test_a_web_login(start: Start, emulator: Emulator, tmp_path: Path) -> None:
    program = start("auth_oauth_web.py", emulator.oauth_apps["web"], PYTHONUNBUFFERED="1")
    back = httpx.post(login_url(program), data={"decision": "allow", "user": "ann"}).headers["location"]
    assert "Logged in as ann\n" in output_of(program, f"{back}\n")
    assert "czu_" in (tmp_path / "coze_tokens.json").read_text()


def test_a_desktop_login(start: Start, emulator: Emulator, tmp_path: Path) -> None:
    uri = f"http://127.0.0.1:{free_port()}/callback"
    (tmp_path / "browser.py").write_text(BROWSER)
    browser = f"{sys.executable} {tmp_path / 'browser.py'} %s"
    app = emulator.add_oauth_app("pkce", [uri])
    printed = output_of(start("auth_oauth_pkce.py", app, COZE_OAUTH_REDIRECT_URI=uri, BROWSER=browser))
    assert "Logged in as ann\n" in printed
    assert "Verifier of 128 characters" in printed


def test_a_device_login(start: Start, emulator: Emulator) -> None:
    program = start("auth_oauth_device.py", emulator.add_oauth_app("device", interval=1))
    assert "connected" in httpx.post(login_url(program), data={"decision": "allow", "user": "ann"}).text
    assert "Logged in as ann\n" in output_of(program)


def test_a_device_login_that_is_refused(start: Start, emulator: Emulator) -> None:
    program = start("auth_oauth_device.py", emulator.add_oauth_app("device", interval=1))
    httpx.post(login_url(program), data={"decision": "deny"})
    printed, _ = program.communicate(timeout=60)
    assert program.returncode == 1
    assert "You have refused." in printed
    assert "Traceback" not in printed


def test_a_service(start: Start, emulator: Emulator) -> None:
    printed = output_of(start("auth_oauth_jwt.py", emulator.oauth_apps["jwt"]))
    assert re.search(r"This is emulated\nann talks in \d+\nbob talks in \d+", printed)


def test_a_channel(start: Start, emulator: Emulator) -> None:
    printed = output_of(start("auth_oauth_jwt_channel.py", emulator.oauth_apps["jwt"]))
    assert printed.startswith("Hello!\nAs it should be: ")
    assert "4101" in printed


def test_what_goes_wrong(start: Start, emulator: Emulator) -> None:
    printed = output_of(start("auth_errors.py", emulator.oauth_apps["web"])).splitlines()
    assert [line.partition(":")[0] for line in printed] == ["Log in", "Check the token", "Check the configuration"]

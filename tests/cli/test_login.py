"""`cozekit login`, `logout` and `whoami`, with OAuth apps of the emulator."""

from __future__ import annotations

import json
import os
import re
import stat
import threading
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from coze_client.auth.token import Token
from coze_client.cli.terminal import Terminal
from coze_client.core.concurrency import Blocking
from coze_client.emulator import Clock, Emulator
from tests.support.command import Command
from tests.support.logins import answer_consent, key_pair
from tests.support.ports import free_port


class Browser:
    """A browser whose user decides at once about each page."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.decision = "allow"

    def open(self, url: str) -> None:
        self.opened.append(url)
        threading.Thread(target=self._decide, args=(url,)).start()

    def _decide(self, url: str) -> None:
        with urlopen(answer_consent(url, self.decision)) as page:
            page.read()


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    """The browser of this machine."""
    browser = Browser()
    monkeypatch.setattr(webbrowser, "open", browser.open)
    return browser


@pytest.fixture
def new_user(home: Path) -> Iterator[Command]:
    """The command of somebody who has no token; umask 0, so that only the command's own care protects its files."""
    before = os.umask(0)
    yield Command()
    os.umask(before)


def write_app(emulator: Emulator, kind: str, folder: Path, uri: str = "") -> Path:
    """The configuration file of a new app."""
    app = emulator.add_oauth_app(kind, [uri] if uri else [], interval=1)  # type: ignore[arg-type]  # a kind by name
    path = folder / f"{kind}.json"
    path.write_text(json.dumps({**app.config(emulator.url), **({"redirect_uri": uri} if uri else {})}))
    return path


def tokens_in(home: Path) -> list[str]:
    """The secrets that the files of a login hold."""
    stored = json.loads((home / "login" / "tokens.json").read_text())
    tokens = [Token.load(each) for each in stored.values()]
    return [secret for token in tokens for secret in (token.access_token, token.refresh_token or "")]


@pytest.mark.parametrize("kind", ["web", "pkce"])
def test_a_login_in_the_browser_is_used_until_the_logout_removes_all_of_it(
    new_user: Command, emulator: Emulator, home: Path, tmp_path: Path, browser: Browser, kind: str
) -> None:
    config = write_app(emulator, kind, tmp_path, f"http://127.0.0.1:{free_port()}/callback")
    done = new_user("login", str(config))
    assert (done.code, done.out) == (0, "")
    assert len(browser.opened) == 1
    assert str(home / "login" / "tokens.json") in done.err

    seen = Command(tuple(tokens_in(home)))
    who = seen("whoami", "--json").json
    assert (who["server"], who["file"]) == (emulator.url, str(home / "login" / "tokens.json"))
    assert who["user"]
    assert who["user"] in seen("whoami").out
    assert "found in the login in" in seen("doctor").out

    assert seen("logout").code == 0
    assert not (home / "login").exists()
    assert "cozekit login" in new_user("whoami").err
    assert "There is no login" in new_user("logout").err


@pytest.mark.usefixtures("browser")
def test_only_its_owner_can_read_a_login(new_user: Command, emulator: Emulator, home: Path, tmp_path: Path) -> None:
    (home / "login").mkdir(parents=True)
    new_user("login", str(write_app(emulator, "web", tmp_path, f"http://127.0.0.1:{free_port()}/callback")))
    files = [home / "login", *(path for path in (home / "login").iterdir() if path.stat().st_size)]
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in files} == {0}
    assert {path.name for path in files} == {"login", "app.json", "tokens.json"}


def test_a_code_is_confirmed_on_another_device(
    new_user: Command, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.clock = clock = Clock()
    told: list[str] = []
    note = Terminal.note

    def record(terminal: Terminal, text: str, style: str = "dim") -> None:
        told.append(text)
        note(terminal, text, style)

    async def confirm(_: object, seconds: float) -> None:
        clock.advance(seconds)
        [code] = re.findall(r"code ([A-Z]{4}-[A-Z]{4}) ", " ".join(told))
        emulator.approve_device(code)

    monkeypatch.setattr(Terminal, "note", record)
    monkeypatch.setattr(Blocking, "sleep", confirm)
    monkeypatch.setenv("COZE_API_BASE", emulator.url)
    assert new_user("login", "--client-id", emulator.oauth_apps["device"].client_id, "--device").code == 0
    assert emulator.url in new_user("whoami").out


def test_a_failed_login_leaves_the_earlier_one_as_it_was(
    new_user: Command, emulator: Emulator, tmp_path: Path, browser: Browser
) -> None:
    config = write_app(emulator, "pkce", tmp_path, f"http://127.0.0.1:{free_port()}/callback")
    new_user("login", str(config))
    browser.decision = "deny"
    refused = new_user("login", str(write_app(emulator, "web", tmp_path, f"http://127.0.0.1:{free_port()}/callback")))
    assert refused.code == 1
    assert "refused" in refused.err
    assert new_user("whoami").code == 0


def test_the_environment_comes_before_a_login_which_says_so(
    cozekit: Command, emulator: Emulator, tmp_path: Path, browser: Browser
) -> None:
    done = cozekit("login", str(write_app(emulator, "pkce", tmp_path, f"http://127.0.0.1:{free_port()}/callback")))
    assert "COZE_API_TOKEN is set, and comes before this login" in done.err
    assert cozekit("whoami", "--json").json["token"] == "the environment variable COZE_API_TOKEN"


def test_an_app_that_cannot_be_logged_in_to_is_told_apart(
    new_user: Command, emulator: Emulator, tmp_path: Path
) -> None:
    assert new_user("login").code == 2
    (tmp_path / "no.json").write_text("no json")
    assert "no configuration of an OAuth app" in new_user("login", str(tmp_path / "no.json")).err
    (tmp_path / "jwt.json").write_text(
        json.dumps(
            {"client_type": "jwt", "client_id": "1", "private_key": key_pair().private_key, "public_key_id": "p"}
        )
    )
    assert "COZE_OAUTH_CONFIG" in new_user("login", str(tmp_path / "jwt.json")).err

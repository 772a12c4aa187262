"""The example web app from end to end: over HTTP, and in a real browser if one is installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from coze_client.emulator import Emulator
from tests.support.chromium import Chromium, open_chromium
from tests.support.ports import free_port

APP = Path(__file__).parents[2] / "examples" / "web_login" / "app.py"
TOKEN = "/api/permission/oauth2/token"


class WebApp:
    """The app as a process of its own, which a test may restart."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self.folder = folder
        self.url = f"http://127.0.0.1:{free_port()}"
        self.registered = emulator.add_oauth_app("web", [f"{self.url}/callback"])
        (folder / "config.json").write_text(json.dumps(self.registered.config(emulator.url)))

    def start(self) -> None:
        self.log = ""
        environment = {
            "COZE_OAUTH_CONFIG": "config.json",
            "COZE_OAUTH_REDIRECT_URI": f"{self.url}/callback",
            "COZE_BOT_ID": self.emulator.bots["echo"],
            "PYTHONPATH": str(APP.parents[2]),
        }
        self._process = subprocess.Popen(
            [sys.executable, APP],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            env={**os.environ, **environment},
        )
        assert self._process.stdout is not None
        while "Uvicorn running" not in self.log:
            line = self._process.stdout.readline()
            assert line, self.log
            self.log += line

    def stop(self) -> None:
        self._process.terminate()
        self.log += self._process.communicate(timeout=30)[0]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebApp]:
    """The app of all tests; each has visitors of its own."""
    with Emulator() as emulator:
        web_app = WebApp(emulator, tmp_path_factory.mktemp("app"))
        web_app.start()
        yield web_app
        web_app.stop()


class Visitor:
    """A user with an HTTP client that keeps cookies."""

    def __init__(self, app: WebApp, name: str) -> None:
        self.app = app
        self.name = name
        self.browser = httpx.Client(base_url=app.url, follow_redirects=True)

    def consent_page(self) -> httpx.Response:
        page = self.browser.get(self.link(self.browser.get("/")))
        assert "asks for access" in page.text
        return page

    def link(self, page: httpx.Response) -> str:
        found = re.search(r"id=login href=(\S+?)>", page.text)
        assert found, page.text
        return found[1]

    def log_in(self, decision: str = "allow") -> httpx.Response:
        page = self.consent_page()
        return self.browser.post(page.url, data={"decision": decision, "user": self.name})

    def ask(self, question: str) -> str:
        return self.browser.post("/ask", data={"question": question}).text

    def leave(self) -> None:
        self.browser.close()


@pytest.fixture
def ann(app: WebApp) -> Iterator[Visitor]:
    visitor = Visitor(app, "ann")
    yield visitor
    visitor.leave()


@pytest.fixture
def bob(app: WebApp) -> Iterator[Visitor]:
    visitor = Visitor(app, "bob")
    yield visitor
    visitor.leave()


def test_a_user_logs_in_and_asks_the_bot(ann: Visitor, app: WebApp) -> None:
    started = app.emulator.chats_started
    assert "You are <b id=user>ann</b>" in ann.log_in().text
    assert "<p id=answer>Are &lt;you&gt; there?" in ann.ask("Are <you> there?")
    assert "Log in with Coze" in ann.browser.post("/logout").text
    assert "Log in with Coze" in ann.ask("And now?")
    assert app.emulator.chats_started == started + 1


def test_two_users_at_once_are_kept_apart(ann: Visitor, bob: Visitor) -> None:
    pages = [ann.consent_page(), bob.consent_page()]
    for visitor, page in zip((bob, ann), reversed(pages), strict=True):
        visitor.browser.post(page.url, data={"decision": "allow", "user": visitor.name})
    assert [re.findall(r"id=user>(\w+)<", v.browser.get("/").text) for v in (ann, bob)] == [["ann"], ["bob"]]
    ann.browser.post("/logout")
    assert "bob" in bob.browser.get("/").text


def test_a_user_who_refuses_is_told_so(ann: Visitor, app: WebApp) -> None:
    asked = len(app.emulator.calls_to(TOKEN))
    page = ann.log_in("deny")
    assert page.status_code == 400
    assert "The user refused" in page.text
    assert len(app.emulator.calls_to(TOKEN)) == asked


def test_a_login_that_another_browser_began_is_not_finished_in_this_one(ann: Visitor, bob: Visitor) -> None:
    """Otherwise a forged link would log the victim in as the attacker."""
    consent = ann.consent_page()
    back = ann.browser.post(consent.url, data={"decision": "allow"}, follow_redirects=False).headers["location"]
    page = bob.browser.get(back)
    assert page.status_code == 400
    assert "forged" in page.text
    assert "Log in with Coze" in bob.browser.get("/").text


def test_a_token_that_was_revoked_is_renewed_unnoticed(ann: Visitor, app: WebApp) -> None:
    ann.log_in()
    asked = len(app.emulator.calls_to(TOKEN))
    for kept in json.loads((app.folder / "coze_tokens.json").read_text()).values():
        app.emulator.revoke(kept["access_token"])
    assert "ann" in ann.browser.get("/").text
    assert len(app.emulator.calls_to(TOKEN)) == asked + 1


def test_a_login_whose_consent_was_withdrawn_begins_anew(ann: Visitor, app: WebApp) -> None:
    ann.log_in()
    app.emulator.revoke_user(app.registered, "ann")
    page = ann.browser.get("/")
    assert page.status_code == 401
    assert "Log in with Coze" in page.text
    assert "ann" in ann.log_in().text


def test_a_login_outlives_the_process(ann: Visitor, app: WebApp) -> None:
    ann.log_in()
    app.stop()
    app.start()
    assert "ann" in ann.browser.get("/").text


def test_neither_the_log_nor_a_page_shows_a_secret(ann: Visitor, app: WebApp) -> None:
    pages = [ann.log_in().text, ann.ask("hello"), ann.browser.get("/").text]
    app.stop()
    log = app.log
    app.start()
    stored = json.loads((app.folder / "coze_tokens.json").read_text())
    secrets = [app.registered.client_secret, ann.browser.cookies["session"]]
    secrets += [kept[name] for kept in stored.values() for name in ("access_token", "refresh_token")]
    calls = app.emulator.calls
    secrets += [call.query["state"] for call in calls if "state" in call.query]
    bodies = [call.body for call in app.emulator.calls_to(TOKEN)]
    secrets += [str(body["code"]) for body in bodies if isinstance(body, dict) and "code" in body]
    assert len(secrets) > 5
    assert not [secret for secret in secrets if any(secret in text for text in (*pages, log, str(stored.keys())))]


# --- in Chromium ---


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Chromium]:
    browser = open_chromium(tmp_path)
    yield browser
    browser.close()


def test_in_a_real_browser_a_user_logs_in_asks_and_logs_out(chromium: Chromium, app: WebApp) -> None:
    chromium.open(app.url)
    chromium.press("#login")
    chromium.type("input[name=user]", "ann")
    chromium.press("button[value=allow]")
    assert chromium.read("#user") == "ann"
    assert chromium.url == f"{app.url}/"
    chromium.type("input[name=question]", "Do you hear me?")
    chromium.press("#ask")
    assert chromium.read("#answer") == "Do you hear me?"
    chromium.open(app.url)
    chromium.press("#logout")
    assert chromium.read("#login") == "Log in with Coze"


def test_in_a_real_browser_a_user_who_refuses_may_try_again(chromium: Chromium, app: WebApp) -> None:
    chromium.open(f"{app.url}/login")
    chromium.press("button[value=deny]")
    assert "The user refused" in chromium.read("#error")
    chromium.press("#login")
    chromium.press("button[value=allow]")
    assert chromium.read("#user") == "user-1"

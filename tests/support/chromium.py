"""A headless Chromium that a test controls."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.ports import free_port


class Chromium:
    """A headless Chromium, controlled over WebDriver, the W3C's protocol."""

    def __init__(self, driver: str, folder: Path) -> None:
        port = free_port()
        self._driver = subprocess.Popen(
            [driver, f"--port={port}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self._driver.stdout is not None
        while "successfully" not in (line := self._driver.stdout.readline()):
            assert line, "chromedriver did not start"
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        flags = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--user-data-dir={folder}"]
        wanted = {"alwaysMatch": {"goog:chromeOptions": {"args": flags}, "timeouts": {"implicit": 10_000}}}
        self._session = f"/session/{self._call('POST', '/session', capabilities=wanted)['sessionId']}"

    def _call(self, method: str, path: str, **body: Any) -> Any:
        answer = self._http.request(method, path, json=body if method == "POST" else None)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def open(self, url: str) -> None:
        self._call("POST", f"{self._session}/url", url=url)

    def _find(self, selector: str) -> str:
        """Wait up to ten seconds for an element."""
        found = self._call("POST", f"{self._session}/element", using="css selector", value=selector)
        return f"{self._session}/element/{next(iter(found.values()))}"

    def press(self, selector: str) -> None:
        self._call("POST", f"{self._find(selector)}/click")

    def type(self, selector: str, text: str) -> None:
        self._call("POST", f"{self._find(selector)}/clear")
        self._call("POST", f"{self._find(selector)}/value", text=text)

    def choose(self, selector: str, text: str) -> None:
        """Choose the option of a list with this text."""
        self._call("POST", f"{self._find(selector)}/value", text=text)

    def read(self, selector: str) -> str:
        return str(self._call("GET", f"{self._find(selector)}/text"))

    @property
    def url(self) -> str:
        return str(self._call("GET", f"{self._session}/url"))

    def close(self) -> None:
        try:
            self._call("DELETE", self._session)
        finally:
            self._http.close()
            self._driver.terminate()
            self._driver.communicate(timeout=30)


def open_chromium(folder: Path) -> Chromium:
    """Start Chromium with an empty profile below `folder`, or skip the test where none is installed."""
    driver = shutil.which("chromedriver")
    if driver is None:
        pytest.skip("no browser here: install Debian's chromium and chromium-driver to run this")
    return Chromium(driver, folder / "profile")

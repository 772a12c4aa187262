"""The wheel has the right files, installs with its dependencies into an empty environment, and imports there."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMOKE = """
import asyncio
from coze_client import AsyncCozeClient, Chat, CozeClient, CozeError, Message
CozeClient("t").chats, AsyncCozeClient("t").files
for module, extra in (("langchain_coze", "langchain"), ("llama_index_coze", "llama-index")):
    package = __import__(module)
    try:
        getattr(package, package.__all__[0])
    except ImportError as error:
        assert f"coze-adapters[{extra}]" in str(error), error
try:
    from coze_client.emulator import Emulator
except ImportError as error:
    assert "coze-adapters[emulator]" in str(error), error
from coze_client.__main__ import main
try:
    main()
except SystemExit as error:
    assert "coze-adapters[cli]" in str(error), error
print("works")
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Return a command's output; skip the test if no package index can be reached."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode and ("NewConnectionError" in done.stderr or "Could not find a version" in done.stderr):
        pytest.skip("no package index can be reached from here")
    assert not done.returncode, done.stderr[-3000:]
    return done.stdout


@pytest.mark.timeout(600)  # installs packages
def test_the_wheel_installs_and_imports_in_an_empty_environment(tmp_path: Path) -> None:
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", tmp_path, ROOT, cwd=tmp_path)
    [wheel] = tmp_path.glob("coze_adapters-*.whl")

    names = zipfile.ZipFile(wheel).namelist()
    for package in ("coze_client", "langchain_coze", "llama_index_coze"):
        assert f"{package}/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {
        "coze_client",
        "langchain_coze",
        "llama_index_coze",
        "coze_adapters",
    }

    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "empty", cwd=tmp_path)
    python = tmp_path / "empty" / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "-q", "--no-compile", "--disable-pip-version-check", wheel, cwd=tmp_path)
    assert run(python, "-W", "error", "-c", SMOKE, cwd=tmp_path).strip() == "works"

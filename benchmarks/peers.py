"""The peers' environments: one for each group of compatible packages, created under ``.bench/`` and kept between runs.

Peers whose faults ``tests/peers`` names are pinned. Delete ``.bench/`` to get the newest versions of the others.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".bench"

PACKAGES = {
    "cozepy": ("cozepy==0.20.0",),
    "langchain": ("langchain-community==0.4.2", "langchain-openai"),
    "llama": ("llama-index-llms-openai",),
    "mcp_first": (  # and what our own tests need
        "mcp==1.24.0",
        "PyJWT[crypto]",
        "hypothesis",
        "prompt_toolkit",
        "pypdf",
        "pytest",
        "pytest-asyncio",
        "pytest-timeout",
        "python-docx",
        "rich",
        "tenacity",
        "typer",
    ),
    "mcp_langchain": ("langchain-mcp-adapters==0.3.2",),
    "mcp_llama_index": ("llama-index-tools-mcp==0.6.0",),
}
"""Environment -> the packages that pip installs into it."""

NODE_PACKAGES = ("@coze/api@1.3.9",)
"""The packages that npm installs into the single Node.js environment."""

GO_PROGRAM = ROOT / "tests" / "peers" / "go"
"""The program that calls coze-go, with the version in its ``go.mod``."""

ENVIRONMENTS = {
    "cozepy": "cozepy",
    "langchain_community": "langchain",
    "langchain_openai": "langchain",
    "llama_openai": "llama",
    "listing_cozepy": "cozepy",
    "recall_cozepy": "cozepy",
    "service_cozepy": "cozepy",
}
"""Module in ``benchmarks/clients`` -> its environment. All other modules run in the project's own environment."""

REPORTED = ("httpx", "httpx2", "pydantic", "aiohttp", "httpx-aiohttp", "langchain-core", "llama-index-core", "openai")

VERSIONS = """
import importlib.metadata, json, sys
def version(name):
    try: return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError: return None
print(json.dumps({name: version(name) for name in sys.argv[1:] if version(name)}))
"""


class PeerUnavailable(Exception):
    """A peer's environment could not be created: no package index is reachable, or a tool is missing."""


def python_for(module: str) -> str:
    """Returns the interpreter for a client module; creates its environment when it is first needed.

    Raises ``PeerUnavailable``.
    """
    return str(prepared(ENVIRONMENTS[module])) if module in ENVIRONMENTS else sys.executable


@cache
def prepared(environment: str) -> Path:
    """Returns the interpreter of an environment in ``PACKAGES``; raises ``PeerUnavailable``."""
    python, packages = HOME / environment / "bin" / "python", PACKAGES[environment]
    pip = (python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--retries", "1")
    make(environment, packages, (sys.executable, "-m", "venv", "--clear", HOME / environment), (*pip, *packages))
    return python


@cache
def prepared_node() -> Path:
    """Returns the ``node_modules`` folder of ``NODE_PACKAGES``; raises ``PeerUnavailable``, also without Node.js."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise PeerUnavailable(f"{tool} is not installed")
    npm = ("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--fetch-retries=1")
    make("node", NODE_PACKAGES, (*npm, "--prefix", HOME / "node", *NODE_PACKAGES))
    return HOME / "node" / "node_modules"


@cache
def prepared_go() -> Path:
    """Returns the program of ``tests/peers/go``, built; raises ``PeerUnavailable``, also without Go."""
    HOME.mkdir(exist_ok=True)
    with (HOME / "go.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run_go("build", "-o", HOME / "go" / "peer", ".")
    return HOME / "go" / "peer"


def prepared_go_source() -> Path:
    """Returns the folder with the source of coze-go; raises ``PeerUnavailable``, also without Go."""
    prepared_go()
    return Path(run_go("list", "-m", "-f", "{{.Dir}}", "github.com/coze-dev/coze-go").strip())


def run_go(*arguments: str | Path) -> str:
    """Runs a command of Go for the program in ``tests/peers/go`` and returns what it prints."""
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        raise PeerUnavailable("go is not installed")
    done = subprocess.run((go, *arguments), check=False, capture_output=True, text=True, cwd=GO_PROGRAM)
    if done.returncode:
        raise PeerUnavailable(f"the Go program could not be built: {' '.join(done.stderr.split())[:300]}")
    return done.stdout


def make(environment: str, packages: Sequence[str], *commands: Sequence[str | Path]) -> None:
    """Runs the commands unless they have already installed these packages; a lock lets one process do it at a time."""
    stamp, wanted = HOME / environment / "installed.txt", "\n".join(packages)
    HOME.mkdir(exist_ok=True)
    with (HOME / f"{environment}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file closes, also after a crash
        if stamp.exists() and stamp.read_text() == wanted:
            return
        print(f"Installing {', '.join(packages)} into .bench/{environment} ...", flush=True)
        for command in commands:
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode:
                words = " ".join((done.stderr or done.stdout).split())
                raise PeerUnavailable(f"{', '.join(packages)} could not be installed: {words[:300]}")
        stamp.write_text(wanted)


def versions() -> dict[str, dict[str, str]]:
    """Returns environment -> package -> version, for the packages that the results name."""
    homes = {name: HOME / name / "bin" / "python" for name in PACKAGES if (HOME / name / "installed.txt").exists()}
    return {
        name: installed_versions(str(python), [package.partition("==")[0] for package in PACKAGES.get(name, ())])
        for name, python in {"own": sys.executable, **homes}.items()
    }


def installed_versions(python: str, packages: Sequence[str]) -> dict[str, str]:
    output = subprocess.run([python, "-c", VERSIONS, *packages, *REPORTED], check=True, capture_output=True).stdout
    return {str(name): str(version) for name, version in json.loads(output).items()}

"""The peers' environments, one a group that can live together, made under ``.bench/`` and kept between runs.

Delete ``.bench/`` to get the peers' newest versions.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".bench"

PACKAGES = {
    "cozepy": ("cozepy",),
    "langchain": ("langchain-community", "langchain-openai"),
    "llama": ("llama-index-llms-openai",),
}
"""Environment -> what is installed into it."""

ENVIRONMENTS = {
    "cozepy": "cozepy",
    "langchain_community": "langchain",
    "langchain_openai": "langchain",
    "llama_openai": "llama",
}
"""Module in ``benchmarks/clients`` -> its environment; any other runs in the project's own."""

TOLD = ("httpx", "httpx2", "pydantic", "aiohttp", "httpx-aiohttp", "langchain-core", "llama-index-core", "openai")

VERSIONS = """
import importlib.metadata, json, sys
def version(name):
    try: return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError: return None
print(json.dumps({name: version(name) for name in sys.argv[1:] if version(name)}))
"""


def python_for(module: str) -> str:
    """The interpreter that runs a client module; makes its environment at the first need.

    Raises ``subprocess.CalledProcessError`` when pip cannot install the peer.
    """
    return str(prepared(ENVIRONMENTS[module])) if module in ENVIRONMENTS else sys.executable


@cache
def prepared(environment: str) -> Path:
    home = HOME / environment
    python, stamp, packages = home / "bin" / "python", home / "installed.txt", PACKAGES[environment]
    if not stamp.exists() or stamp.read_text() != "\n".join(packages):
        print(f"Installing {', '.join(packages)} into .bench/{environment} ...", flush=True)
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", *packages], check=True)
        stamp.write_text("\n".join(packages))
    return python


def versions() -> dict[str, dict[str, str]]:
    """Environment -> package -> version, of whatever is installed and worth telling."""
    homes = {name: HOME / name / "bin" / "python" for name in PACKAGES if (HOME / name / "installed.txt").exists()}
    return {
        name: told(str(python), PACKAGES.get(name, ())) for name, python in {"own": sys.executable, **homes}.items()
    }


def told(python: str, packages: tuple[str, ...]) -> dict[str, str]:
    output = subprocess.run([python, "-c", VERSIONS, *packages, *TOLD], check=True, capture_output=True).stdout
    return {str(name): str(version) for name, version in json.loads(output).items()}

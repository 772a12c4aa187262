"""Run a program in a process that is forked where the frameworks are imported already: to import them takes seconds."""

from __future__ import annotations

import atexit
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path

_IMPORTED = [
    "coze_client.emulator.emulator",
    "coze_client.resources",
    "langchain.agents",
    "langchain_coze.chat_model",
    "llama_index.core.agent.workflow",
    "llama_index_coze.llm",
]


def run_program(program: Path, *arguments: str, cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a file of Python with these environment variables beside the present ones; TimeoutError after 120 seconds.

    It finds most of its imports done already, and ends without the interpreter's own tidying up.
    """
    environment = {**os.environ, **env}
    if not hasattr(os, "fork"):
        command = [sys.executable, str(program), *arguments]
        return subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=120, cwd=cwd, env=environment
        )
    context = get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED)
    with tempfile.TemporaryDirectory() as folder:
        printed = Path(folder, "stdout"), Path(folder, "stderr")
        process = context.Process(target=_run, args=([str(program), *arguments], cwd, environment, printed))
        process.start()
        process.join(120)
        if process.is_alive():
            process.kill()
            raise TimeoutError(f"{program} still runs")
        texts = (file.read_text("utf-8") for file in printed)
        return subprocess.CompletedProcess([program, *arguments], process.exitcode or 0, *texts)


def output_of(code: str, *arguments: str, cwd: Path) -> str:
    """Run this code, which must succeed, as a program in its folder `cwd`; return what it printed."""
    program = cwd / "program.py"
    program.write_text(code, "utf-8")
    done = run_program(program, *arguments, cwd=cwd, env={})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _run(argv: list[str], cwd: Path, environment: dict[str, str], printed: tuple[Path, Path]) -> None:
    for number, file in enumerate(printed, 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = argv
    sys.path.insert(0, str(Path(argv[0]).parent))
    try:
        runpy.run_path(argv[0], run_name="__main__")
    finally:
        atexit._run_exitfuncs()

"""A copy of the working tree, so that no edit ever reaches the tree itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("coze_client", "langchain_coze", "llama_index_coze")


def git(*arguments: str) -> list[str]:
    """The lines that git prints in the working tree; `CalledProcessError` if it fails."""
    answer = subprocess.run(
        ["git", "-c", "core.quotepath=off", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return answer.stdout.splitlines()


def files() -> list[str]:
    """All files that git tracks, and new ones that it does not ignore."""
    return [
        name
        for name in git("ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate")
        if (ROOT / name).is_file()
    ]


@contextmanager
def working_copy() -> Iterator[Path]:
    """A temporary folder with all files, in which tests import the packages from this folder; removed at the end."""
    with tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as folder:
        for name in files():
            copied = Path(folder) / name
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copied)
        yield Path(folder)


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The variables with which Python and all its child processes import from `folder` first."""
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, **more}

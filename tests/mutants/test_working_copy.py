"""The copy of the working tree that is edited, and the modules that are."""

from __future__ import annotations

import pytest

from tests.mutants import modules
from tests.mutants.modules import chosen
from tests.mutants.working_copy import PACKAGES, ROOT, files

pytestmark = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="git lists the files")


def test_the_files_are_those_of_the_tree_whatever_their_names() -> None:
    found = files()
    assert "notebooks/library/13-孙子兵法.txt" in found
    packages = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    assert {path.relative_to(ROOT).as_posix() for path in packages} <= set(found)
    assert [name for name in found if name.startswith(".venv") or "__pycache__" in name] == []


def test_modules_are_named_by_file_or_folder() -> None:
    assert chosen(["coze_client/core/sse.py"]) == ["coze_client/core/sse.py"]
    core = chosen(["coze_client/core/"])
    assert "coze_client/core/sse.py" in core
    assert {name.rpartition("/")[0] for name in core} == {"coze_client/core"}
    with pytest.raises(SystemExit, match=r"No module of .*: coze_client/cor$"):
        chosen(["coze_client/core", "coze_client/cor"])


def test_without_a_name_they_are_the_modules_that_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modules, "changed", lambda: ["README.md", "coze_client/core/sse.py", "coze_client/gone.py"])
    assert chosen([]) == ["coze_client/core/sse.py"]

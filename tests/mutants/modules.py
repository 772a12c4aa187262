"""The modules that a run edits: those that were named, or those that changed."""

from __future__ import annotations

from collections.abc import Sequence
from subprocess import CalledProcessError

from tests.mutants.working_copy import PACKAGES, files, git


def chosen(named: Sequence[str]) -> list[str]:
    """The files of the packages that are named, or lie in a folder that is; without names, `changed()`."""
    modules = [name for name in files() if name.endswith(".py") and name.partition("/")[0] in PACKAGES]
    if not named:
        return sorted(set(modules) & set(changed()))
    wanted = tuple(name.rstrip("/") for name in named)
    unknown = [name for name in wanted if not any(_is_in(module, name) for module in modules)]
    if unknown:
        raise SystemExit(f"No module of {', '.join(PACKAGES)}: {', '.join(unknown)}")
    return [module for module in modules if any(_is_in(module, name) for name in wanted)]


def changed() -> list[str]:
    """The files that differ from where this branch left `main`; on `main` itself, from the commit before."""
    try:
        base = git("merge-base", "HEAD", "main")[0]
    except CalledProcessError:  # there is no branch of this name
        base = "HEAD"
    new = git("ls-files", "--others", "--exclude-standard")
    return git("diff", "--name-only", base) + new or git("diff", "--name-only", "HEAD~1")


def _is_in(module: str, named: str) -> bool:
    return module == named or module.startswith(f"{named}/")

"""The README is correct: its Python runs and prints the output shown; its commands, links and names exist."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest

import coze_client
from coze_client import CozeClient
from coze_client.emulator import Emulator
from coze_client.emulator.demo_library import add_library
from coze_client.emulator.demo_workflows import add_workflows
from coze_client.emulator.scripts import Item, Turn
from coze_client.emulator.workflows import WORKSPACE

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


class Block(NamedTuple):
    """A fenced block, and the text block directly after it, if any: its expected output."""

    language: str
    line: int
    code: str
    printed: str | None = None


def read_blocks(text: str) -> list[Block]:
    """Return every fenced block; a ``text`` block belongs to the block before it."""
    blocks: list[Block] = []
    end = 0
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$\n?", text, re.MULTILINE | re.DOTALL):
        block = Block(found[1], text.count("\n", 0, found.start()) + 1, found[2])
        if block.language == "text" and not text[end : found.start()].strip():
            blocks[-1] = blocks[-1]._replace(printed=block.code)
        else:
            blocks.append(block)
        end = found.end()
    return blocks


BLOCKS = read_blocks(README)
PYTHON = [block for block in BLOCKS if block.language == "python"]
SHELL = [line for block in BLOCKS if block.language == "sh" for line in block.code.splitlines()]


@pytest.fixture
def account(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment of a reader who runs the emulator, in a folder that blocks may write to."""
    add_workflows(emulator)
    add_library(emulator)
    emulator.add_variables(emulator.bots["echo"], {"city": "Bonn"})
    for folder in ("examples", "notebooks"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COZE_API_KEY", raising=False)
    monkeypatch.setenv("COZE_API_BASE", emulator.url)
    monkeypatch.setenv("COZE_API_TOKEN", emulator.token)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Restores the client's log level, which a block changes."""
    logger = logging.getLogger("coze_client")
    before = logger.level
    yield
    logger.setLevel(before)


# LlamaIndex's agents read all their attributes, deprecated ones too.
@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
@pytest.mark.usefixtures("account", "own_event_loop")
@pytest.mark.parametrize("block", PYTHON, ids=lambda block: f"line-{block.line}")
def test_a_python_block_runs_and_prints_what_the_readme_shows(
    block: Block, coze_emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compile(block.code, f"README.md:{block.line}", "exec"), names)
    tests = [value for name, value in names.items() if name.startswith("test_") and inspect.isfunction(value)]
    for test in tests:
        test(coze_emulator)
    printed = capsys.readouterr().out
    if block.printed is not None:
        assert [line.rstrip() for line in printed.splitlines()] == block.printed.splitlines()


@pytest.mark.usefixtures("account")
def test_the_page_about_the_workflow_that_recalls_runs(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"dataset_id": "7440000000000000001", "workspace_id": WORKSPACE}
    for block in read_blocks((ROOT / "docs" / "recall-workflow.md").read_text(encoding="utf-8")):
        if block.language == "python":
            names["recall"] = None
            exec(block.code, names)
            assert names["recall"].slices[0].text.startswith("A table is kept for 15 minutes.")
    assert "create bot 'recall" in capsys.readouterr().out


EMULATOR_PAGE = read_blocks((ROOT / "docs" / "emulator.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "block", [block for block in EMULATOR_PAGE if block.language == "python"], ids=lambda block: f"line-{block.line}"
)
def test_the_page_about_the_emulator_runs(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(block.code, f"emulator.md:{block.line}", "exec"), {"__name__": "page"})
    assert block.printed is not None
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == block.printed.splitlines()


FRAMEWORK_PAGES = [
    (page, block)
    for page in ("in-the-frameworks.md", "rate-limits.md", "batch.md")
    for block in read_blocks((ROOT / "docs" / page).read_text(encoding="utf-8"))
    if block.language == "python"
]


@pytest.mark.usefixtures("account", "own_event_loop")
@pytest.mark.parametrize(
    ("page", "block"), FRAMEWORK_PAGES, ids=[f"{page}-line-{block.line}" for page, block in FRAMEWORK_PAGES]
)
def test_the_pages_about_the_frameworks_run(page: str, block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(block.code, f"{page}:{block.line}", "exec"), {"__name__": "page"})
    assert block.printed is not None
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == block.printed.splitlines()


def test_the_page_about_the_emulator_names_every_item_of_a_script() -> None:
    page = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
    assert [item.__name__ for item in get_args(Item) if f"`{item.__name__}(" not in page] == []
    assert [each.name for each in fields(Turn) if f"`{each.name}`" not in page] == []


def test_no_block_is_of_a_kind_that_nobody_checks() -> None:
    assert {block.language for block in BLOCKS} == {"python", "sh"}
    assert README.count("```") == 2 * (len(BLOCKS) + sum(block.printed is not None for block in BLOCKS))


def test_the_readme_opens_with_the_demo_and_the_tests() -> None:
    first = BLOCKS[0]
    assert [line.split("#")[0].strip() for line in first.code.splitlines()] == ["make demo", "make test"]
    assert README.index("```sh") < 40


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = set(re.findall(r"^(?:.*`)?make ([a-z-]+)", "\n".join(SHELL) + README, re.MULTILINE))
    assert {"demo", "test", "check", "bench"} <= used <= targets


def test_every_extra_exists() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    extras = set(re.findall(r"pip install \"\.\[([\w-]+)\]\"", "\n".join(SHELL)))
    assert extras
    for extra in extras | {"emulator", "aiohttp"}:
        assert re.search(rf"^{extra} = \[", project, re.MULTILINE), extra


def test_every_relative_link_leads_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("https://")]
    missing = [link for link in links if not (ROOT / link.partition("#")[0]).exists()]
    assert links
    assert not missing


def resolve(value: Any, path: str) -> Any:
    """Return the attribute at a dotted path."""
    for name in path.split("."):
        value = getattr(value, name)
    return value


def test_every_call_of_the_client_that_is_named_exists() -> None:
    client = CozeClient("pat_test")
    for path in re.findall(r"`client\.([a-z_.]*[a-z_])", README):
        assert resolve(client, path) is not None


def test_the_page_names_every_noun_of_the_client() -> None:
    nouns = {
        name
        for owner in CozeClient.__mro__
        for name, resource in vars(owner).items()
        if isinstance(resource, cached_property) and not name.startswith("_")
    }
    listed = set(re.findall(r"`client\.([a-z_]+)", README))
    assert nouns - {"aio"} <= listed
    assert {"datasets", "recall", "oauth"} <= nouns


FOR_ADAPTERS = {"attach"}
"""Public calls that only the adapters need; the README omits them."""


@pytest.mark.parametrize(("noun", "listed"), re.findall(r"^\| `client\.([a-z_.]+)` \| (`.+) \|$", README, re.MULTILINE))
def test_the_page_lists_every_call_of_a_noun(noun: str, listed: str) -> None:
    resource = resolve(CozeClient("pat_test"), noun)
    calls = {name for name in dir(resource) if not name.startswith("_") and inspect.isroutine(getattr(resource, name))}
    assert set(re.findall(r"`(\w+)`", listed)) == calls - FOR_ADAPTERS


def test_every_error_class_exists() -> None:
    table = README.partition("### Errors")[2].partition("### Logs")[0]
    names = set(re.findall(r"`([A-Z]\w+)`", table)) - {"ChatCoze"}
    assert len(names) > 12
    assert all(issubclass(getattr(coze_client, name), coze_client.CozeError) for name in names)

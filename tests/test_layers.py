"""The layers of the packages: every import goes sideways in its folder or down, and no files form a circle.

Type-only and local imports count, too. `docs/architecture.md` describes each layer.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("coze_client", "langchain_coze", "llama_index_coze", "tests.support")

LAYERS = (  # lowest first; the longest name that fits a module is its layer
    "coze_client.version",
    "coze_client.html_markup",
    "coze_client.errors",
    "coze_client.core",
    "coze_client.auth",
    "coze_client.api",  # a resource of one module, which knows no other resource; those that do are listed below
    "coze_client.api.files",
    "coze_client.api.audio",
    "coze_client.api.conversations",
    "coze_client.api.chats",
    "coze_client.api.apps",
    "coze_client.api.bots",
    "coze_client.api.legacy_chats",
    "coze_client.api.plugins",
    "coze_client.api.databases",
    "coze_client.api.datasets",
    "coze_client.api.workflows",
    "coze_client.api.recall",
    "coze_client.api.oauth",
    "coze_client.callbacks",
    "coze_client.resources",
    "coze_client.custom_request",
    "coze_client.client",
    "coze_client",
    "coze_client.bridge.connection",
    "coze_client.bridge.bot_names",
    "coze_client.bridge.sound",
    "coze_client.bridge.chat",
    "coze_client.bridge.tools",
    "coze_client.bridge.retrieval",
    "coze_client.bridge.loading",
    "coze_client.bridge.writing",
    "coze_client.bridge",
    "coze_client.batch",
    "langchain_coze",
    "llama_index_coze",
    "coze_client.emulator",  # only the command imports it; its own layers follow
    "coze_client.mcp_server",
    "coze_client.cli",
    "coze_client.__main__",
)
EMULATOR_LAYERS = (
    "coze_client.version",
    "coze_client.html_markup",
    "coze_client.emulator.clock",
    "coze_client.emulator.scripts",
    "coze_client.emulator.protocol",
    "coze_client.emulator.text",
    "coze_client.emulator.scripting",
    "coze_client.emulator.workflows",
    "coze_client.emulator.state",
    "coze_client.emulator.engine",
    "coze_client.emulator.routes.endpoint",
    "coze_client.emulator.routes.oauth",
    "coze_client.emulator.routes",
    "coze_client.emulator",
)
ADAPTERS = {"langchain_coze", "llama_index_coze"}
SMALL_RESOURCES = LAYERS.index("coze_client.api")


def module_of(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


MODULES = {
    module_of(path): path for package in PACKAGES for path in sorted((ROOT / package.replace(".", "/")).rglob("*.py"))
}

EMULATOR_MODULES = [name for name in MODULES if f"{name}.".startswith("coze_client.emulator.")]
CLIENT_MODULES = [name for name in MODULES if name not in EMULATOR_MODULES and not name.startswith("tests.")]


def imports(module: str) -> Iterator[str]:
    """The modules of this project that `module` names in an import statement, wherever it stands."""
    for imported, name in imported_names(MODULES[module]):
        assert imported, f"{module} has a relative import"
        found = f"{imported}.{name}" if f"{imported}.{name}" in MODULES else imported
        if found in MODULES:
            yield found


@cache  # several rules read the same file
def imported_names(path: Path) -> Collection[tuple[str, str]]:
    """Every import of a file: the module, and the name that is imported from it or an empty one."""
    found: list[tuple[str, str]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = "" if node.level else node.module or ""
            found += [(module, alias.name) for alias in node.names]
    return found


def layer_of(module: str, layers: tuple[str, ...]) -> int:
    """The place of a module's layer; ValueError for a module that has none."""
    fitting = [layer for layer in layers if f"{module}.".startswith(f"{layer}.")]
    return layers.index(max(fitting, key=len)) if fitting else _no_layer(module)


def _no_layer(module: str) -> int:
    raise ValueError(f"{module} is in no layer: give it one in {Path(__file__).name}")


def pairs(modules: Iterable[str]) -> list[tuple[str, str]]:
    """Each of these modules with each module that it imports."""
    found = [(module, name) for module in modules for name in imports(module)]
    assert found
    return found


@pytest.mark.parametrize(("modules", "layers"), [(CLIENT_MODULES, LAYERS), (EMULATOR_MODULES, EMULATOR_LAYERS)])
def test_imports_go_sideways_or_down_and_of_the_emulator_never_to_the_client(
    modules: list[str], layers: tuple[str, ...]
) -> None:
    assert [pair for pair in pairs(modules) if layer_of(pair[1], layers) > layer_of(pair[0], layers)] == []


def test_a_resource_without_a_layer_of_its_own_imports_no_other() -> None:
    small = {name for name in CLIENT_MODULES if layer_of(name, LAYERS) == SMALL_RESOURCES}
    within = [pair for pair in pairs(small) if layer_of(pair[1], LAYERS) == SMALL_RESOURCES]
    assert [pair for pair in within if resource_of(pair[0]) != resource_of(pair[1])] == []


def resource_of(module: str) -> str:
    return ".".join(module.split(".")[:3])


def test_an_adapter_never_imports_the_other() -> None:
    packages = [(a.partition(".")[0], b.partition(".")[0]) for a, b in pairs(MODULES)]
    assert [pair for pair in packages if pair[0] != pair[1] and {*pair} <= ADAPTERS] == []


def test_nothing_below_the_adapters_and_neither_the_command_nor_the_mcp_server_imports_an_adapter() -> None:
    client = [pair for pair in pairs(MODULES) if pair[0].startswith("coze_client")]
    assert [pair for pair in client if pair[1].partition(".")[0] in ADAPTERS] == []


def test_no_files_form_a_circle() -> None:
    graph = {module: set(imports(module)) - {module} for module in MODULES}
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the files
    assert set(order) >= set(MODULES)


def test_support_of_the_tests_imports_nothing_else_of_the_tests() -> None:
    support = [path for name, path in MODULES.items() if name.startswith("tests.support.")]
    imported = [(path, f"{module}.{name}.") for path in support for module, name in imported_names(path)]
    of_tests = [pair for pair in imported if pair[1].startswith("tests.")]
    assert [pair for pair in of_tests if not pair[1].startswith("tests.support.")] == []


def test_no_file_imports_a_test_module_or_a_conftest() -> None:
    files = sorted((ROOT / "tests").rglob("*.py"))
    imported = [(path, f"{module}.{name}") for path in files for module, name in imported_names(path)]
    of_tests = [pair for pair in imported if pair[1].startswith("tests.")]
    assert len(of_tests) > 500
    assert [pair for pair in of_tests if re.search(r"\.(test_|conftest\b)", pair[1])] == []


def test_the_rule_sees_imports_wherever_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "module.py"
    file.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from coze_client.client import CozeClient\n"
        "def later() -> None:\n    import coze_client.errors\n    from coze_client.core import retry\n"
    )
    monkeypatch.setitem(MODULES, "coze_client.core.model", file)
    found = set(imports("coze_client.core.model"))
    assert found == {"coze_client.client", "coze_client.errors", "coze_client.core.retry"}
    assert {name for name in found if layer_of(name, LAYERS) > layer_of("coze_client.core.model", LAYERS)} == {
        "coze_client.client"
    }


def test_a_module_without_a_layer_is_refused() -> None:
    with pytest.raises(ValueError, match="coze_other is in no layer"):
        layer_of("coze_other", LAYERS)

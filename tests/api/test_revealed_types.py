"""What mypy reveals of every call of both clients: exact types, the same arguments, results that belong together."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import accumulate
from pathlib import Path

import pytest

from tests.support.methods import METHODS

ROOT = Path(__file__).parent.parent.parent
REVEALED = re.compile(r'^program\.py:\d+: note: Revealed type is "(.*)"$', re.MULTILINE)
NOT_AWAITED = {"oauth.login"}  # it only builds an address
AWAITED = "typing.Coroutine[Any, Any, "


@pytest.fixture(scope="module")
def revealed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """By the name of a method, its type on the blocking client and on the asyncio client."""
    folder = tmp_path_factory.mktemp("revealed")
    lines = ["from coze_client import AsyncCozeClient, CozeClient", "blocking: CozeClient", "asyncio: AsyncCozeClient"]
    lines += [f"reveal_type({client}.{name})" for name in METHODS for client in ("blocking", "asyncio")]
    (folder / "program.py").write_text("\n".join(lines), encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(ROOT / ".mypy_cache"), "program.py"]
    run = subprocess.run(command, cwd=folder, env={"MYPYPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    types = REVEALED.findall(run.stdout)
    assert (run.returncode, len(types)) == (0, 2 * len(METHODS)), run.stdout[-2000:] + run.stderr[-2000:]
    return dict(zip(METHODS, zip(types[::2], types[1::2], strict=True), strict=True))


def parts(revealed: str) -> tuple[str, str]:
    """The arguments and the result of a function's type; mypy shows no result for None."""
    depths = accumulate((each == "(") - (each == ")") for each in revealed)
    end = next(place for place, depth in enumerate(depths) if depth == 0 and revealed[place] == ")") + 1
    return revealed[:end], revealed[end:].removeprefix(" -> ") or "None"


@pytest.mark.parametrize("name", METHODS)
def test_a_call_has_exact_types_on_both_clients(revealed: dict[str, tuple[str, str]], name: str) -> None:
    (arguments, result), (same_arguments, awaited) = map(parts, revealed[name])
    assert arguments == same_arguments
    assert "Any" not in arguments + result
    if awaited.startswith(AWAITED) or name in NOT_AWAITED:
        assert awaited == (result if name in NOT_AWAITED else f"{AWAITED}{result}]")
    else:  # a stream, a listing or a file: a class of its own for asyncio, of the same items
        assert re.sub(r"\bAsync", "", awaited) == result
        assert "Async" in awaited

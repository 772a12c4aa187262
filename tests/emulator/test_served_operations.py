"""Every operation of the catalogue: the emulator serves it, or says in one sentence that it does not."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from coze_client.emulator import Emulator
from coze_client.emulator.protocol.route_lists import STUDIO_ONLY
from tests.support.api_calls import ApiClient
from tests.support.catalogue import OPERATIONS, Operation
from tests.support.methods import METHODS
from tests.support.operation_calls import call_of

PAGE = Path(__file__).parent.parent.parent / "docs" / "compatibility.md"
HEADING = "## Operations that the emulator does not serve\n"


def test_an_operation_is_served_or_501_names_it_and_the_page_lists_it(api: ApiClient, studio_api: ApiClient) -> None:
    unserved = set()
    for operation in OPERATIONS:
        path = path_of(operation)
        server = studio_api if (operation.method, path) in STUDIO_ONLY else api
        response = server.request(operation.method, path)
        assert "API was not found" not in response.text, operation
        if response.status_code == 501:
            told = f"the emulator does not implement {operation.method} {path}"
            assert (response.json()["code"], response.json()["msg"]) == (501, told)
            unserved.add(operation.name)
    assert unserved == set(re.findall(r"`(\w+(?:\.\w+)+)`", section()))
    assert f"It serves {len(OPERATIONS) - len(unserved)} of the {len(OPERATIONS)} operations" in section()


def named_permission(operation: Operation) -> str:
    """The permission that the docstring of our call names; empty if it names none."""
    found = re.search(r"Permission:\s(\w+(?:\.\w+)*)", inspect.getdoc(METHODS[call_of(operation)]) or "")
    return found[1] if found else ""


NAMED = [(operation, permission) for operation in OPERATIONS if (permission := named_permission(operation))]


def test_a_call_needs_the_permission_that_its_docstring_names(emulator: Emulator) -> None:
    asked = 0
    with ApiClient(emulator, emulator.issue_token([])) as nobody:
        for operation, permission in NAMED:
            response = nobody.request(operation.method, path_of(operation))
            if response.status_code != 501:
                assert f"permission {permission} is missing" in response.json()["msg"], operation
                asked += 1
    assert asked > 40
    with ApiClient(emulator, emulator.issue_token({permission for _, permission in NAMED})) as somebody:
        for operation, _ in NAMED:
            assert "permission" not in somebody.request(operation.method, path_of(operation)).text, operation


def path_of(operation: Operation) -> str:
    return operation.path.format(**dict.fromkeys(operation.path_names, "7"))


def section() -> str:
    """What the page has under the heading."""
    return PAGE.read_text(encoding="utf-8").partition(HEADING)[2].partition("\n## ")[0]

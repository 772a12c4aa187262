"""Every operation of the catalogue: the emulator serves it, or says in one sentence that it does not."""

from __future__ import annotations

import re
from pathlib import Path

from coze_client.emulator.protocol.route_lists import STUDIO_ONLY
from tests.support.api_calls import ApiClient
from tests.support.catalogue import OPERATIONS

PAGE = Path(__file__).parent.parent.parent / "docs" / "compatibility.md"
HEADING = "## Operations that the emulator does not serve\n"


def test_an_operation_is_served_or_501_names_it_and_the_page_lists_it(api: ApiClient, studio_api: ApiClient) -> None:
    unserved = set()
    for operation in OPERATIONS:
        path = operation.path.format(**dict.fromkeys(operation.path_names, "7"))
        server = studio_api if (operation.method, path) in STUDIO_ONLY else api
        response = server.request(operation.method, path)
        assert "API was not found" not in response.text, operation
        if response.status_code == 501:
            told = f"the emulator does not implement {operation.method} {path}"
            assert (response.json()["code"], response.json()["msg"]) == (501, told)
            unserved.add(operation.name)
    assert unserved == set(re.findall(r"`(\w+(?:\.\w+)+)`", section()))
    assert f"It serves {len(OPERATIONS) - len(unserved)} of the {len(OPERATIONS)} operations" in section()


def section() -> str:
    """What the page has under the heading."""
    return PAGE.read_text(encoding="utf-8").partition(HEADING)[2].partition("\n## ")[0]

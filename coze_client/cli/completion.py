"""What the shell offers for the name of a bot, workflow or dataset: asked of the server, for a second at most."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import typer

from coze_client.cli.account import find_account
from coze_client.cli.nouns import Noun, list_in
from coze_client.errors import CozeError

Completer: TypeAlias = Callable[[typer.Context, str], "list[tuple[str, str]]"]


def names_of(noun: Noun) -> Completer:
    """Offers the names, or the ids, that begin as the user typed; before anything is typed, the names."""

    def complete(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
        try:
            return list(_offers(context, noun, incomplete))
        except CozeError:  # a shell shows no errors
            return []

    return complete


def _offers(context: typer.Context, noun: Noun, incomplete: str) -> Iterator[tuple[str, str]]:
    from coze_client.client import CozeClient
    from coze_client.core.config import Timeout

    options = context.find_root().params
    account = find_account()
    with CozeClient(
        account.credentials,
        base_url=options.get("base_url"),
        region=options.get("region"),
        timeout=Timeout(connect=1.0, read=2.0, deadline=3.0),
        retry=None,
    ) as client:
        for item in list_in(client, noun, context.params.get("workspace") or ""):
            name, id_ = str(getattr(item, noun.name)), str(getattr(item, noun.id))
            pairs = [(name, id_), (id_, name)] if incomplete else [(name, id_)]
            yield from [pair for pair in pairs if pair[0] and pair[0].startswith(incomplete)]

"""What the command lists and finds by name: workspaces, bots, workflows, datasets, conversations, voices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from difflib import get_close_matches
from typing import TYPE_CHECKING

from coze_client.errors import ConfigurationError, NotFound

if TYPE_CHECKING:
    from coze_client.api.workspaces.values import Workspace
    from coze_client.client import CozeClient
    from coze_client.core.model import Model


@dataclass(frozen=True)
class Noun:
    """One kind of thing. ``load`` lists it, from a workspace, or for conversations from a bot ("" for neither).

    ``id`` and ``name`` are fields of what is listed, ``columns`` those of a table, after both.
    """

    one: str
    load: Callable[[CozeClient, str], Iterable[Model]]
    id: str
    name: str
    columns: tuple[str, ...] = ()

    def cells(self, item: Model) -> list[str]:
        """One row of a table."""
        return [_cell(name, getattr(item, name)) for name in self.fields]

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of a row, the id first."""
        return (self.id, self.name, *self.columns)

    @property
    def headings(self) -> list[str]:
        """The headings of a table."""
        return ["id", "name", *(column.removesuffix("_at").replace("_", " ") for column in self.columns)]


WORKSPACES = Noun(
    "workspace", lambda client, _: client.workspaces.list(), "id", "name", ("workspace_type", "role_type")
)
BOTS = Noun(
    "bot",
    lambda client, workspace: client.bots.list(workspace_id=workspace, publish_status="all"),
    "bot_id",
    "name",
    ("published_at", "description"),
)
WORKFLOWS = Noun(
    "workflow",
    lambda client, workspace: client.workflows.list(workspace_id=workspace, publish_status="all"),
    "workflow_id",
    "workflow_name",
    ("updated_at", "description"),
)
DATASETS = Noun(
    "dataset",
    lambda client, workspace: client.datasets.list(workspace_id=workspace),
    "dataset_id",
    "name",
    ("doc_count", "slice_count", "description"),
)
CONVERSATIONS = Noun(
    "conversation", lambda client, bot: client.conversations.list(bot_id=bot), "id", "name", ("created_at",)
)
VOICES = Noun("voice", lambda client, _: client.audio.voices.list(), "voice_id", "name", ("language_name", "state"))


def list_in(client: CozeClient, noun: Noun, workspace: str) -> Iterator[Model]:
    """List what a workspace holds; without one, what all workspaces of the account hold."""
    for place in [workspace] if workspace else [entry.id for entry in list_workspaces(client)]:
        yield from noun.load(client, place)


def list_workspaces(client: CozeClient) -> list[Workspace]:
    """The workspaces of the account; raises NotFound, with a cure for this command, if the server cannot list them."""
    try:
        return list(client.workspaces.list())
    except NotFound as missing:
        missing.cure = (
            "This server, as a coze-studio, lists no workspaces: give --workspace, or an id in place of a name"
        )
        raise


def only_workspace(client: CozeClient) -> str:
    """The id of the account's workspace; raises ConfigurationError if it has none, or several to choose from."""
    found = list_workspaces(client)
    if len(found) == 1:
        return found[0].id
    names = ", ".join(f"{each.name} ({each.id})" for each in found)
    raise ConfigurationError(
        f"The account has {len(found)} workspaces: {names}", cure="Give one of them: --workspace ID"
    )


def find_id(noun: Noun, given: str, listed: Callable[[], Iterable[Model]]) -> str:
    """The id of what a user names: digits are an id, anything else is looked for among the names of `listed`.

    Raises ConfigurationError for a name that nothing has, with those that are like it, or that several have.
    """
    given = given.strip()
    if given.isdecimal():
        return given
    items = list(listed())
    names = [str(getattr(item, noun.name)) for item in items]
    ids = [str(getattr(item, noun.id)) for item in items]
    found = _named(given, ids, names, str) or _named(given, ids, names, str.casefold)
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigurationError(
            f"{len(found)} {noun.one}s have the name {given!r}", cure=f"Give the id of one of them: {', '.join(found)}"
        )
    containing = [name for name in names if given.casefold() in name.casefold()]
    alike = ", ".join(containing[:3] or get_close_matches(given, names, 3, 0.4))
    cure = f"Names like it: {alike}" if alike else f"List the names: cozekit {noun.one}s list; or give the id"
    raise ConfigurationError(f"No {noun.one} has the name {given!r}", cure=cure)


def find_in(client: CozeClient, noun: Noun, given: str, workspace: str) -> str:
    """As ``find_id``, among what a workspace holds, or all workspaces of the account."""
    return find_id(noun, given, lambda: list_in(client, noun, workspace))


def _named(given: str, ids: Iterable[str], names: Iterable[str], spelled: Callable[[str], str]) -> list[str]:
    return [id_ for id_, name in zip(ids, names, strict=True) if spelled(name) == spelled(given)]


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if name.endswith("_at") and isinstance(value, int):
        return datetime.fromtimestamp(value, timezone.utc).astimezone().strftime("%Y-%m-%d %H:%M")
    return str(value)

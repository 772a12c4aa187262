"""What the tools of a server are made of: ids of bots, workflows, plugins and datasets, or a workspace; or a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from typing_extensions import Self

from coze_client.core.json_text import load_json
from coze_client.errors import ConfigurationError

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Chosen(_Given):
    """One bot or plugin by its id; in a file also the id alone. ``name`` and ``description`` replace Coze's."""

    id: str = Field(min_length=1)
    name: str = ""
    description: str = ""

    @model_validator(mode="before")
    @classmethod
    def _of_id(cls, given: object) -> object:
        if isinstance(given, int):
            raise ValueError(f"the id {given} must stand in quotes: many programs change such long numbers")  # noqa: TRY004 - pydantic reports no TypeError
        return {"id": given} if isinstance(given, str) else given

    @field_validator("name")
    @classmethod
    def _fits(cls, name: str) -> str:
        if name and not _NAME.fullmatch(name):
            raise ValueError("a tool's name has 1 to 64 ASCII letters, digits, _ and -")
        return name


class ChosenWorkflow(Chosen):
    """One workflow; ``parameters`` is the JSON schema of its inputs, which coze-studio does not return."""

    parameters: dict[str, Any] | None = None  # JSON Schema


class ChosenDataset(Chosen):
    """One dataset, and the workflow or the bot that searches it; by default the bot that ``recall.setup`` made.

    ``limit``: the number of passages that a search returns at most.
    """

    workflow_id: str = ""
    bot_id: str = ""
    limit: int = Field(default=5, ge=1)


class Choice(_Given):
    """All that becomes tools; of ``workspace_id`` every published bot and workflow, if nothing else is chosen.

    The datasets are looked for in ``workspace_id``, else in all workspaces of the account. ``user_id``: the user whose
    memory the bots use. ``file_roots``: folders of which a model may name files as arguments of workflows.
    """

    bots: tuple[Chosen, ...] = ()
    workflows: tuple[ChosenWorkflow, ...] = ()
    plugins: tuple[Chosen, ...] = ()
    datasets: tuple[ChosenDataset, ...] = ()
    workspace_id: str = ""
    user_id: str = "mcp"
    file_roots: tuple[str, ...] = ()

    @property
    def is_whole_workspace(self) -> bool:
        """True if the choice is a workspace, and nothing of it by id."""
        return bool(self.workspace_id) and not self._named

    @property
    def _named(self) -> tuple[Chosen, ...]:
        return (*self.bots, *self.workflows, *self.plugins, *self.datasets)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not (self._named or self.workspace_id):
            raise ValueError("nothing is chosen: name bots, workflows, plugins or datasets by id, or a workspace_id")
        for what, values in (("id", [each.id for each in self._named]), ("name", sorted(self.given_names))):
            if twice := sorted({each for each in values if values.count(each) > 1}):
                raise ValueError(f"chosen twice: {what} {', '.join(twice)}")
        return self

    @property
    def given_names(self) -> list[str]:
        """The names that the user gave; they are used as they are."""
        return [each.name for each in self._named if each.name]

    @classmethod
    def read(cls, path: Path) -> Choice:
        """Read a JSON file with the fields of this class; raises ConfigurationError, with the field, for a mistake."""
        try:
            given = load_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{path} cannot be read: {error}", cure="Give a JSON file") from None
        return cls.of(given, str(path))

    @classmethod
    def of(cls, given: object, place: str) -> Choice:
        """Convert JSON to a choice; `place` is where it comes from, for the error. Raises ConfigurationError."""
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise ConfigurationError(f"{place}: {'; '.join(map(_describe, error.errors()))}") from None


def _describe(error: ErrorDetails) -> str:
    where = ".".join(map(str, error["loc"]))
    return f"{where}: ".removeprefix(": ") + error["msg"].removeprefix("Value error, ")

"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]
Workspace: TypeAlias = Annotated[
    str,
    typer.Option(
        envvar="COZE_WORKSPACE_ID", help="The id of the workspace to look in; default all of the account.", metavar="ID"
    ),
]

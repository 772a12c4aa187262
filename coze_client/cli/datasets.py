"""The commands `cozekit dataset mirror`, `add` and `search`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from coze_client.cli.account import own_folder
from coze_client.cli.completion import names_of
from coze_client.cli.nouns import BOTS, DATASETS, WORKFLOWS, find_in, only_workspace
from coze_client.cli.options import AsJson, Workspace
from coze_client.cli.settings import Settings, settings_of
from coze_client.cli.terminal import Terminal

if TYPE_CHECKING:
    from coze_client.api.recall.values import Recall
    from coze_client.bridge.writing.progress_bar import OnWriteProgress
    from coze_client.bridge.writing.report import Progress as WriteProgress
    from coze_client.bridge.writing.report import WriteReport
    from coze_client.bridge.writing.writer import DatasetWriter

RECORD_NAME = ".cozekit-uploads.db"

dataset = typer.Typer(help="Fill a dataset with files, and search it.", no_args_is_help=True)

Name = Annotated[
    str, typer.Option("--dataset", help="The id or name of the dataset.", autocompletion=names_of(DATASETS))
]
RecordFile = Annotated[
    Path | None, typer.Option(dir_okay=False, help="The file that remembers what was uploaded, in place of the usual.")
]


@dataset.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The name of the new dataset.")],
    workspace: Workspace = "",
) -> None:
    """Create an empty dataset for texts, and write its id."""
    settings = settings_of(context)
    client = settings.client()
    settings.terminal.write(client.datasets.create(name=name, workspace_id=workspace or only_workspace(client)))


@dataset.command()
def mirror(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="All files in it, without hidden ones.")],
    name: Name,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")] = False,
    record: RecordFile = None,
    workspace: Workspace = "",
    as_json: AsJson = False,
) -> None:
    """Make a dataset agree with a folder: upload what is new or changed, delete what is gone.

    Only what this command uploaded is ever deleted. It remembers that in a hidden file in the folder: keep it.
    """
    settings = settings_of(context)
    writer = _writer(settings, name, workspace, record or folder / RECORD_NAME)
    with _progress(settings.terminal) as show:
        report = writer.mirror(folder, dry_run=dry_run, on_progress=show)
    _show(settings.terminal, report, as_json=as_json)


@dataset.command()
def add(
    context: typer.Context,
    sources: Annotated[list[str], typer.Argument(help="Files, folders, and addresses of web pages.")],
    name: Name,
    record: RecordFile = None,
    workspace: Workspace = "",
    as_json: AsJson = False,
) -> None:
    """Upload files, folders and web pages that a dataset lacks, and wait until Coze has processed them."""
    settings = settings_of(context)
    if record is None:
        own_folder().mkdir(parents=True, exist_ok=True)
    writer = _writer(settings, name, workspace, record or own_folder() / "uploads.db")
    with _progress(settings.terminal) as show:
        report = writer.add(sources, on_progress=show)
    _show(settings.terminal, report, as_json=as_json)


def _writer(settings: Settings, name: str, workspace: str, record: Path) -> DatasetWriter[NoReturn]:
    from coze_client.bridge.writing.writer import DatasetWriter

    client = settings.client()
    return DatasetWriter(client, find_in(client, DATASETS, name, workspace), record=record)


@contextmanager
def _progress(terminal: Terminal) -> Iterator[OnWriteProgress | None]:
    """A bar on the standard error; ``None`` if that is no terminal."""
    if not terminal.err.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f}/{task.total:.0f}"))
    with Progress(*columns, console=terminal.err, transient=True) as bar:
        task = bar.add_task("reading", total=1)

        def show(progress: WriteProgress) -> None:
            bar.update(task, description=progress.doing, total=progress.total, completed=progress.done)

        yield show


def _show(terminal: Terminal, report: WriteReport, *, as_json: bool) -> None:
    """Write the report; a source that failed makes the exit code 1."""
    if as_json:
        terminal.write_json([asdict(result) for result in report])
    else:
        rows = [[each.status, each.name, each.document_id, each.error] for each in report]
        terminal.write_table(["status", "name", "document", "error"], rows)
        counts = ", ".join(f"{count} {status}" for status, count in report.counts.items())
        terminal.note(counts or "There is nothing to write.")
    if report.failed:
        raise typer.Exit(1)


@dataset.command()
def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="The question.")],
    workflow: Annotated[
        str, typer.Option(help="A workflow with a knowledge node: id or name.", autocompletion=names_of(WORKFLOWS))
    ] = "",
    bot: Annotated[
        str, typer.Option(help="A bot with datasets. Each search may bill an answer.", autocompletion=names_of(BOTS))
    ] = "",
    name: Annotated[
        str,
        typer.Option(
            "--dataset",
            help="A dataset, by its helper bot. Each search may bill an answer.",
            autocompletion=names_of(DATASETS),
        ),
    ] = "",
    setup: Annotated[
        bool, typer.Option("--setup", help="Create the helper bot of --dataset, if there is none.")
    ] = False,
    workspace: Workspace = "",
    as_json: AsJson = False,
) -> None:
    """Find passages for a question. Coze has no search of its own: give --workflow (billed least), --bot or --dataset.

    docs/recall-workflow.md tells how to build the workflow.
    """
    if [bool(each) for each in (workflow, bot, name)].count(True) != 1:
        raise typer.BadParameter("give one of --workflow, --bot and --dataset")
    settings = settings_of(context)
    client = settings.client()
    if workflow:
        found = client.recall.from_workflow(find_in(client, WORKFLOWS, workflow, workspace), query)
    elif bot:
        found = client.recall.from_bot(find_in(client, BOTS, bot, workspace), query)
    else:
        from coze_client.cli.recall import search_by_helper_bot

        found = search_by_helper_bot(client, name, query, workspace, setup=setup)
    show_recall(settings.terminal, found, as_json=as_json)


def show_recall(terminal: Terminal, found: Recall, *, as_json: bool) -> None:
    """Write the slices, best first."""
    if as_json:
        terminal.write_json([asdict(slice_) for slice_ in found])
        return
    for slice_ in found:
        score = f" ({slice_.score:.2f})" if slice_.score is not None else ""
        source = slice_.document_name or slice_.title or slice_.document_id or "text"
        terminal.write(f"{slice_.rank}. {source}{score}", "bold")
        terminal.write(f"{slice_.text.strip()}\n")
    if not found:
        terminal.note("Nothing was found.")

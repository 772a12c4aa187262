"""Searches a dataset by its helper bot, since Coze has no search of datasets."""

from __future__ import annotations

from coze_client.api.recall.values import Recall
from coze_client.cli.nouns import DATASETS, find_id, list_workspaces
from coze_client.client import CozeClient
from coze_client.errors import ConfigurationError


def search_by_helper_bot(client: CozeClient, name: str, query: str, workspace: str, *, setup: bool) -> Recall:
    """Ask the helper bot of a dataset, which `setup` creates; raises ConfigurationError if there is none."""
    dataset_id, place = _find(client, name, workspace)
    helper = client.recall.setup(dataset_id, place, dry_run=not setup)
    if not helper.bot_id:
        raise ConfigurationError(
            f"The dataset {name} has no helper bot yet",
            cure="Create it with --setup (each search may bill an answer), or give a workflow by --workflow",
        )
    return client.recall.from_bot(helper, query)


def _find(client: CozeClient, name: str, workspace: str) -> tuple[str, str]:
    """The ids of a dataset and of its workspace."""
    places = [workspace] if workspace else [each.id for each in list_workspaces(client)]
    listed = {place: list(client.datasets.list(workspace_id=place)) for place in places}
    everywhere = [each for found in listed.values() for each in found]
    dataset_id = find_id(DATASETS, name, lambda: everywhere)
    for place, found in listed.items():
        if any(each.dataset_id == dataset_id for each in found):
            return dataset_id, place
    raise ConfigurationError(f"No workspace lists the dataset {name}", cure="Give the workspace: --workspace")

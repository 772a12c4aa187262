"""How the calls differ from the catalogue's operations: names, forms, what a call lacks, always sends or does not read.

Everything that is not listed here agrees. ``tests/api/test_catalogue.py`` holds each entry to be exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from coze_client import ChunkStrategy, DocumentBase, RowCondition, RowFilter, UpdateRule
from tests.support.catalogue import Operation, sample

CALLS = {
    "bots.list_v2": "bots.list",
    "bots.retrieve_v2": "bots.retrieve",
    "bots.versions.list": "bots.versions",
    "chat.cancel": "chats.cancel",
    "chat.create": "chats.create",
    "chat.legacy.create": "legacy_chats.create",
    "chat.messages.list": "chats.messages",
    "chat.retrieve": "chats.retrieve",
    "chat.stream": "chats.stream",
    "chat.submit_tool_outputs": "chats.submit_tool_outputs",
    "chat.submit_tool_outputs_stream": "chats.stream_tool_outputs",
    "conversations.messages.feedback.create": "conversations.messages.create_feedback",
    "conversations.messages.feedback.delete": "conversations.messages.delete_feedback",
    "entities.copy_tasks.create": "copy_tasks.create",
    "entities.copy_tasks.retrieve": "copy_tasks.retrieve",
    "knowledge.documents.create": "datasets.documents.create",
    "knowledge.documents.delete": "datasets.documents.delete",
    "knowledge.documents.list": "datasets.documents.list",
    "knowledge.documents.update": "datasets.documents.update",
    "plugins.mget": "plugins.batch_retrieve",
    "plugins.tools.call": "plugins.call",
    "stores.categories.list": "plugins.categories",
    "stores.plugins.list": "plugins.list",
    "workflows.chat.stream": "workflows.chat",
    "workflows.runs.create": "workflows.run",
    "workflows.runs.get_run_history": "workflows.studio_run_history",
    "workflows.runs.resume": "workflows.stream_resume",
    "workflows.runs.resume_sync": "workflows.resume",
    "workflows.runs.run_histories.execute_nodes.retrieve": "workflows.node_history",
    "workflows.runs.run_histories.retrieve": "workflows.run_history",
    "workflows.runs.stream": "workflows.stream",
    "workflows.versions.list": "workflows.versions",
}
"""Operations whose call has another name."""

TAKEN_FROM: dict[str, Callable[[Any], dict[str, Any]]] = {
    "benefit_info": lambda sent: sent,
    "chunk_strategy": lambda _: {"chunk_strategy": ChunkStrategy.automatic()},
    "collaborators": lambda sent: sent[0],
    "filter": lambda sent: {
        "where": RowFilter(tuple(RowCondition(**each) for each in sent["conditions"]), sent["logic"])
    },
    "order_by": lambda sent: {"order_by": {each["field_name"]: each["direction"] for each in sent}},
    "select_fields": lambda sent: sent,
    "update_fields": lambda sent: {"update_fields": {each["field_name"]: each["value"] for each in sent}},
    "data": lambda sent: {"data": {each["keyword"]: each["value"] for each in sent}},
    "document_bases": lambda _: {"documents": [DocumentBase.from_url("https://a.b/c", name="n")]},
    "organization_people": lambda sent: sent[0],
    "update_rule": lambda _: {"update_rule": UpdateRule(update_interval=24)},
    "users": lambda sent: (
        {"users": {each["user_id"]: each["role_type"] for each in sent}} if "role_type" in sent[0] else sent[0]
    ),
}
"""Parameters that the caller gives in another form: the arguments from what is sent."""

RENAMED = {
    "bots.create": {"space_id": "workspace_id"},
    "bots.list_v1": {"space_id": "workspace_id"},
    "databases.create": {"indexs": "indexes"},
    "datasets.create": {"space_id": "workspace_id"},
    "datasets.documents.list": {"size": "page_size"},
    "datasets.documents.update": {"document_name": "name"},
    "datasets.list": {"space_id": "workspace_id"},
    "knowledge.documents.list": {"size": "page_size"},
    "knowledge.documents.update": {"document_name": "name"},
    "plugins.mget": {"ids": "plugin_ids"},
}
"""Parameters whose argument has another name, by operation."""

OTHER_FORMS = {"chat_history", "chunk_strategy", "data", "document_bases", "update_rule"}
"""Parameters that the client writes itself: only their presence is checked."""

LACKING: dict[str, set[str]] = {
    "databases.records.list": {"is_async"},  # databases.records.export sends it
    "bots.unpublish": {"bot_id"},  # the path has it
    "chat.submit_tool_outputs": {"connector_id", "auto_save_history"},
    "chat.submit_tool_outputs_stream": {"connector_id", "auto_save_history"},
    "conversations.create": {"user_id"},
    "conversations.list": {"sort_field", "user_id"},
    "conversations.messages.list": {"bot_id"},
    "datasets.create": {"file_id", "project_id"},
    "datasets.list": {"project_id"},
    "datasets.update": {"file_id"},
    "variables.retrieve": {"app_id"},  # it goes instead of a bot_id
    "variables.update": {"app_id"},
    "workflows.chat.stream": {"app_id"},
    "workflows.retrieve": {"connector_id", "is_debug", "caller"},
    "workflows.runs.create": {"app_id", "is_async"},  # one of bot_id and app_id; workflows.run_async sends is_async
    "workflows.runs.resume": {"ext", "connector_id"},
    "workflows.runs.stream": {"app_id"},
}
"""Documented parameters that a call does not take."""

FIXED: dict[str, set[str]] = {
    "chat.create": {"stream"},
    "chat.legacy.create": {"stream"},
    "chat.stream": {"stream"},
    "chat.submit_tool_outputs": {"stream"},
    "chat.submit_tool_outputs_stream": {"stream"},
    "stores.categories.list": {"entity_type"},
    "workflows.retrieve": {"include_input_output"},
    "workflows.versions.list": {"include_input_output"},
}
"""Parameters that a call always sends, with a value that the caller does not choose."""

NEEDED_AFTER_ALL = {
    "api_apps.create": {"name"},
    "api_apps.update": {"name"},
    "audio.voiceprint_groups.features.update": {"name"},
    "audio.voiceprint_groups.update": {"name"},
    "benefit_limitations.update": {"limit"},
    "bots.update": {"name"},
    "connectors.bots.update": {"audit_status"},
    "conversations.messages.update": {"content"},
    "datasets.documents.update": {"document_name"},
    "knowledge.documents.update": {"document_name"},
    "organizations.update": {"name"},
    "variables.retrieve": {"bot_id"},
    "variables.update": {"bot_id"},
    "workflows.chat.stream": {"bot_id"},
    "workflows.runs.get_run_history": {"execute_id"},
    "workspaces.update": {"name"},
}
"""Optional parameters without which the call has no meaning: the client demands them, or one of several."""

DEFAULTS: dict[str, set[str]] = {
    "chat.create": {"additional_messages", "auto_save_history"},
    "chat.stream": {"additional_messages", "auto_save_history"},
    "conversations.list": {"sort_order"},
    "conversations.messages.list": {"order"},
    "conversations.messages.update": {"content_type"},
    "datasets.documents.create": {"chunk_strategy", "format_type"},
    "knowledge.documents.create": {"chunk_strategy", "format_type"},
    "workflows.chat.stream": {"parameters"},
}
"""Optional parameters that a call sends even if the caller gives none: a default of the client, not of the server."""

BOT = {
    "data.background_image_info.*",
    "data.knowledge.knowledge_infos.name",
    "data.model_info.*",
    "data.plugin_info_list.icon_url",
    "data.prompt_info.p*_*",
    "data.shortcut_commands.agent_id",
    "data.shortcut_commands.icon_url",
    "data.voice_info_list.*",
    "data.workflow_info_list.icon_url",
}
CHATS = {"data.inserted_additional_messages.id", "data.usage.token_count"}
UNREAD: dict[str, set[str]] = {
    "bots.publish": {"data.bot_id"},
    "bots.retrieve_v1": BOT,
    "bots.retrieve_v2": BOT,
    "bots.versions.list": {"data.items.created_at", "data.items.description", "data.items.updated_at", "data.total"},
    "chat.cancel": CHATS,
    "chat.create": CHATS,
    "chat.retrieve": CHATS,
    "chat.submit_tool_outputs": CHATS,
    "datasets.list": {"data.dataset_list.storage_config"},
    "stores.plugins.list": {
        *(f"data.items.metainfo.{name}" for name in ("category.*", "entity_*", "icon_url", "listed_at", "user_info")),
        *(f"data.items.plugin_info.{name}" for name in ("*_count", "avg_*", "description", "heat", "success_rate")),
    },
    "workflows.runs.create": {"usage.token_count"},
    "workflows.runs.get_run_history": {"data.cost", "data.token", "data.usage.token_count"},
    "workflows.runs.resume_sync": {"usage.token_count"},
    "workflows.runs.run_histories.retrieve": {"data.cost", "data.token", "data.usage.token_count"},
    "workflows.versions.list": {"data.items.created_at", "data.items.updated_at"},
}
"""Documented fields of an answer that the result has only among the unknown ones (``model_extra``), or not at all.

``*`` stands for any text. ``token_count`` is the sum of the counts beside it, as the client computes it.
"""


def call_of(operation: Operation) -> str:
    """The path of the operation's call from the client."""
    return CALLS.get(operation.name, operation.name)


def given(path_name: str) -> str:
    """The id that stands for a name in a path; it must be quoted there."""
    return f"{path_name}/é"


def wire(operation: Operation, name: str) -> Any:
    """The value of a parameter as it is sent."""
    return 7 if name in ("page_size", "size", "limit") else sample(operation.types[name], name)


def arguments(operation: Operation, names: set[str]) -> dict[str, Any]:
    """The arguments of the call that send these parameters."""
    found: dict[str, Any] = {name: given(name) for name in operation.path_names}
    for name in names:
        if name in TAKEN_FROM:
            found |= TAKEN_FROM[name](wire(operation, name))
        else:
            found[RENAMED.get(operation.name, {}).get(name, name)] = wire(operation, name)
    return found


def settable(operation: Operation) -> set[str]:
    """The parameters that a caller may give."""
    unsettable = operation.steering | FIXED.get(operation.name, set()) | LACKING.get(operation.name, set())
    return set(operation.types) - unsettable


def minimum(operation: Operation) -> set[str]:
    """The parameters without which nothing can be sent."""
    return (operation.required | NEEDED_AFTER_ALL.get(operation.name, set())) & settable(operation)

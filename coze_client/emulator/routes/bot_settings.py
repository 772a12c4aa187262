"""Validate the settings of a bot in create_bot and update_bot, and describe them in replies."""

from __future__ import annotations

from collections.abc import Mapping

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.request import Fields, IncomingRequest
from coze_client.emulator.scripting.plugin import ScriptedPlugin
from coze_client.emulator.scripting.rule_bot import function_of
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.bot_records import BotSettings, StoredBot, knowledge_of, name_of
from coze_client.emulator.state.dataset_records import StoredDataset
from coze_client.emulator.state.file_records import StoredFile, uploaded_file
from coze_client.emulator.workflows import Workflow

LONGEST = {"name": 20, "description": 500}
LONGEST_PROMPT, LONGEST_PROLOGUE, LONGEST_SUGGESTION = 20_000, 300, 50
MOST_DATASETS = 150
STRATEGIES = {0: "semantic", 1: "hybrid", 20: "full text"}
MODEL = {"model_id": "1706077826", "model_name": "emulated"}
TEXTS = ("name", "description", "icon_file_id")
PARTS = (
    "prompt_info",
    "onboarding_info",
    "suggest_reply_info",
    "model_info_config",
    "plugin_id_list",
    "workflow_id_list",
    "media_config",
)


def read_settings(backend: Backend, request: IncomingRequest, *, with_knowledge: bool) -> BotSettings:
    """Read the settings of a request; 4000 for an invalid one. Only an update reads knowledge (`with_knowledge`)."""
    body = request.body
    texts: BotSettings = {name: body.optional(name) for name in TEXTS if name in body.values}
    parts: BotSettings = {name: body.mapping(name) for name in PARTS if name in body.values}
    _check_texts(body)
    _check_onboarding(Fields(body.mapping("onboarding_info")))
    Fields(body.mapping("suggest_reply_info")).choice("reply_mode", ("enable", "disable", "customized"), "enable")
    _tool_ids(body)
    _workflow_ids(body)
    icon = body.optional("icon_file_id")
    if icon and uploaded_file(backend.state, request.account, icon) is None:
        raise ApiError(4000, f"icon_file_id {icon} is not one of your files")
    if not with_knowledge or "knowledge" not in body.values:
        return {**texts, **parts}
    return {**texts, **parts, "knowledge": _knowledge(backend, request)}


def _check_texts(body: Fields) -> None:
    prompt = Fields(body.mapping("prompt_info")).optional("prompt") or ""
    if "name" in body.values:
        body.text("name")
    for name, longest in LONGEST.items():
        if len(body.optional(name) or "") > longest:
            raise ApiError(4000, f"{name} has at most {longest} characters")
    if len(prompt) > LONGEST_PROMPT:
        raise ApiError(4000, f"prompt has at most {LONGEST_PROMPT} characters")


def _check_onboarding(onboarding: Fields) -> None:
    if len(onboarding.optional("prologue") or "") > LONGEST_PROLOGUE:
        raise ApiError(4000, f"prologue has at most {LONGEST_PROLOGUE} characters")
    if any(len(question) > LONGEST_SUGGESTION for question in onboarding.texts("suggested_questions")):
        raise ApiError(4000, f"a suggested question has at most {LONGEST_SUGGESTION} characters")


def _knowledge(backend: Backend, request: IncomingRequest) -> BotSettings:
    """Read `knowledge`; it replaces all datasets of the bot."""
    knowledge = Fields(request.body.mapping("knowledge"))
    dataset_ids = knowledge.texts("dataset_ids")
    strategy = knowledge.number("search_strategy", 0, 0, max(STRATEGIES))
    if len(dataset_ids) > MOST_DATASETS:
        raise ApiError(4000, f"a bot has at most {MOST_DATASETS} datasets")
    if strategy not in STRATEGIES:
        raise ApiError(4000, f"search_strategy must be one of {', '.join(map(str, STRATEGIES))}")
    for dataset_id in dataset_ids:
        dataset = backend.state.get(StoredDataset, dataset_id)
        if dataset is None or dataset.account != request.account:
            raise ApiError(4000, f"{dataset_id} is not one of your datasets")
    auto_call = knowledge.flag("auto_call", default=True)
    return {"dataset_ids": dataset_ids, "auto_call": auto_call, "search_strategy": strategy}


def describe_bot(backend: Backend, bot: StoredBot, settings: Mapping[str, object], version: str) -> dict[str, object]:
    """Return the JSON of a bot in get_metadata; of the knowledge it contains only the datasets."""
    fields = Fields(settings)
    onboarding = fields.mapping("onboarding_info")
    return {
        "bot_id": bot.id,
        "name": name_of(settings),
        "description": fields.optional("description") or "",
        "icon_url": icon_url(backend, settings),
        "create_time": bot.created_at,
        "update_time": bot.updated_at,
        "version": version,
        "prompt_info": {"prompt": "", **fields.mapping("prompt_info")},
        "onboarding_info": {"prologue": "", "suggested_questions": [], **onboarding},
        "bot_mode": 0,
        "plugin_info_list": [*_plugins(backend, fields), *_client_plugins(backend, bot.id)],
        "model_info": {**MODEL, **fields.mapping("model_info_config")},
        "knowledge": {"knowledge_infos": _datasets(backend, settings)},
        "workflow_info_list": _workflows(backend, fields),
        "suggest_reply_info": {"reply_mode": "enable", **fields.mapping("suggest_reply_info")},
        "shortcut_commands": [],
        "variables": [],
        "voice_info_list": [],
        "default_user_input_type": "text",
        "owner_user_id": bot.account,
        "folder_id": "",
    }


def icon_url(backend: Backend, settings: Mapping[str, object]) -> str:
    """Return the address of a bot's icon; empty if there is none."""
    file = backend.state.get(StoredFile, Fields(settings).optional("icon_file_id") or "")
    return f"http://127.0.0.1/bot_files/{file.id}/{file.file_name}" if file else ""


def _datasets(backend: Backend, settings: Mapping[str, object]) -> list[dict[str, object]]:
    """List the datasets that still exist."""
    found = [backend.state.get(StoredDataset, dataset_id) for dataset_id in knowledge_of(settings)[0]]
    return [{"id": dataset.id, "name": dataset.name} for dataset in found if dataset]


def _plugins(backend: Backend, fields: Fields) -> list[dict[str, object]]:
    return [_plugin(plugin_id, tools, backend.plugins.get(plugin_id)) for plugin_id, tools in _tool_ids(fields).items()]


def _client_plugins(backend: Backend, bot_id: str) -> list[dict[str, object]]:
    """Return the client plugins of a scripted bot as one plugin; its ids are made up."""
    declared = backend.bots[bot_id].plugins if bot_id in backend.bots else ()
    functions = [Fields(function_of(each)) for each in declared]
    tools: list[dict[str, object]] = [
        {"api_id": f"{bot_id}{number}", "name": each.text("name"), "description": each.optional("description") or ""}
        for number, each in enumerate(functions, 1)
    ]
    head = {"plugin_id": f"{bot_id}0", "name": "client", "description": "", "icon_url": ""}
    return [{**head, "api_info_list": tools}] if tools else []


def _tool_ids(fields: Fields) -> dict[str, list[str]]:
    """Return the tool ids by plugin id."""
    tool_ids: dict[str, list[str]] = {}
    for item in Fields(fields.mapping("plugin_id_list")).objects("id_list"):
        tool_ids.setdefault(item.text("plugin_id"), []).append(item.text("api_id"))
    return tool_ids


def _plugin(plugin_id: str, tool_ids: list[str], plugin: ScriptedPlugin | None) -> dict[str, object]:
    names = {tool.id: tool.name for tool in plugin.tools} if plugin else {}
    tools = [{"api_id": each, "name": names.get(each, ""), "description": ""} for each in tool_ids]
    name, description = (plugin.name, plugin.description) if plugin else ("", "")
    head = {"plugin_id": plugin_id, "name": name, "description": description, "icon_url": ""}
    return {**head, "api_info_list": tools}


def _workflows(backend: Backend, fields: Fields) -> list[dict[str, object]]:
    return [_workflow(each, backend.workflows.get(each)) for each in _workflow_ids(fields)]


def _workflow(workflow_id: str, workflow: Workflow | None) -> dict[str, object]:
    name, description = (workflow.title, workflow.description) if workflow else ("", "")
    return {"id": workflow_id, "name": name, "description": description, "icon_url": ""}


def _workflow_ids(fields: Fields) -> list[str]:
    return [item.text("id") for item in Fields(fields.mapping("workflow_id_list")).objects("ids")]

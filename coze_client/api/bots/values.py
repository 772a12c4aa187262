"""Values of the bot API: the settings of a bot, its entry in a listing, and its versions.

API pages: get_metadata_draft_published, bots_list_draft_published, list_bot_versions, create_bot, update_bot.
"""

from __future__ import annotations

from typing import Any, cast

from pydantic import AliasChoices, AliasPath, Field, field_validator, model_validator

from coze_client.core.model import Model

_RESPONSE_FORMATS = {0: "text", 1: "markdown", 2: "json"}  # coze-studio's numbers


class BotPromptInfo(Model):
    """The instructions for the bot; ``prompt`` has at most 20,000 characters."""

    prompt: str = ""


class BotOnboardingInfo(Model):
    """The opening of a dialogue: ``prologue`` (at most 300 characters), and questions that the user can choose."""

    prologue: str = Field(default="", validation_alias=AliasChoices("prologue", "Prologue"))
    suggested_questions: tuple[str, ...] = Field(
        default=(), validation_alias=AliasChoices("suggested_questions", "SuggestedQuestions")
    )


class BotSuggestReplyInfo(Model):
    """Whether the bot suggests questions after an answer: ``reply_mode`` enable, disable or customized."""

    reply_mode: str = ""
    customized_prompt: str = ""


class BotKnowledge(Model):
    """The datasets of a bot, at most 150; Coze returns only ``dataset_ids``, under two names.

    ``auto_call`` (default true): the bot searches them for every question, otherwise only when its prompt demands it.
    ``search_strategy``: 0 semantic (default), 1 hybrid, 20 full text.
    """

    dataset_ids: tuple[str, ...] = ()
    auto_call: bool | None = None
    search_strategy: int | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_infos(cls, given: object) -> object:
        members = cast("dict[str, object]", given) if isinstance(given, dict) else {}
        infos = members.get("knowledge_infos")
        if members.get("dataset_ids") or not isinstance(infos, list):
            return given
        ids = [info["id"] for info in cast("list[object]", infos) if isinstance(info, dict) and info.get("id")]
        return {**members, "dataset_ids": ids}


class BotModelInfo(Model):
    """The language model of a bot and its parameters; ``context_round``: rounds of the dialogue in its context."""

    model_id: str = ""
    model_name: str = ""
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    context_round: int | None = Field(
        default=None, validation_alias=AliasChoices("context_round", AliasPath("short_memory_policy", "history_round"))
    )
    response_format: str = ""

    @field_validator("response_format", mode="before")
    @classmethod
    def _named(cls, given: object) -> object:
        return _RESPONSE_FORMATS.get(given, given) if isinstance(given, int) else given


class BotPluginTool(Model):
    """One tool of a plugin that a bot uses, with its id and description."""

    api_id: str = ""
    name: str = Field(default="", validation_alias=AliasChoices("name", "api_name"))
    description: str = ""


class BotPlugin(Model):
    """A plugin that a bot uses, with the tools it may call."""

    plugin_id: str = ""
    name: str = ""
    description: str = ""
    api_info_list: tuple[BotPluginTool, ...] = ()


class BotWorkflow(Model):
    """A workflow that a bot uses, with its id and description."""

    id: str = Field(default="", validation_alias=AliasChoices("id", "workflow_id"))
    name: str = Field(default="", validation_alias=AliasChoices("name", "workflow_name"))
    description: str = Field(default="", validation_alias=AliasChoices("description", "desc"))


class BotVariable(Model):
    """A variable in a bot's memory; ``channel`` is custom, system or location."""

    keyword: str = ""
    default_value: str = ""
    variable_type: str = ""
    channel: str = ""
    description: str = ""
    enable: bool | None = None
    prompt_enable: bool | None = None


class BotShortcutCommand(Model):
    """A shortcut of a bot; pass its ``id`` in the ``shortcut_command`` of a chat. ``components`` are its inputs."""

    id: str = ""
    name: str = ""
    command: str = ""
    description: str = ""
    query_template: str = ""
    components: tuple[dict[str, Any], ...] = ()  # JSON of their own shape
    tool: dict[str, Any] | None = None  # JSON of its own shape


class Bot(Model):
    """The settings of a bot; times are unix seconds, ``version`` is "" for a draft that was never published.

    ``bot_mode``: 0 single, 1 multi, 2 single workflow. coze-studio sends neither times (``None``) nor datasets, and of
    plugins only the ids and the names of tools.
    """

    bot_id: str = ""
    name: str = ""
    description: str = ""
    icon_url: str = ""
    create_time: int | None = None
    update_time: int | None = None
    version: str = ""
    bot_mode: int | None = None
    owner_user_id: str = ""
    folder_id: str = ""
    prompt_info: BotPromptInfo = Field(default_factory=BotPromptInfo)
    onboarding_info: BotOnboardingInfo = Field(default_factory=BotOnboardingInfo)
    suggest_reply_info: BotSuggestReplyInfo = Field(default_factory=BotSuggestReplyInfo)
    knowledge: BotKnowledge = Field(default_factory=BotKnowledge)
    model_info: BotModelInfo = Field(default_factory=BotModelInfo)
    plugin_info_list: tuple[BotPlugin, ...] = ()
    workflow_info_list: tuple[BotWorkflow, ...] = ()
    shortcut_commands: tuple[BotShortcutCommand, ...] = ()
    variables: tuple[BotVariable, ...] = ()
    default_user_input_type: str = ""

    @field_validator("create_time", "update_time", mode="before")
    @classmethod
    def _without_zero(cls, given: object) -> object:
        return given or None

    @field_validator("plugin_info_list", mode="before")
    @classmethod
    def _with_their_tools(cls, given: object) -> object:
        """Group the tools by plugin, since coze-studio sends one entry for each tool."""
        if not isinstance(given, list):
            return given
        plugins: dict[object, dict[str, object]] = {}
        for number, entry in enumerate(cast("list[object]", given)):
            if not (isinstance(entry, dict) and "api_id" in entry and "api_info_list" not in entry):
                plugins[number] = cast("dict[str, object]", entry)
                continue
            plugin_id = str(entry.get("plugin_id"))
            plugin = plugins.setdefault(plugin_id, {"plugin_id": plugin_id, "api_info_list": []})
            cast("list[object]", plugin["api_info_list"]).append(entry)
        return [*plugins.values()]


class BotEntry(Model):
    """A bot in a listing; times are unix seconds, ``published_at`` is ``None`` for a bot that was never published."""

    bot_id: str = Field(default="", validation_alias=AliasChoices("bot_id", "id"))
    name: str = Field(default="", validation_alias=AliasChoices("name", "bot_name"))
    description: str = ""
    icon_url: str = ""
    is_published: bool = False
    updated_at: int | None = None
    published_at: int | None = Field(default=None, validation_alias=AliasChoices("published_at", "publish_time"))
    owner_user_id: str = ""
    folder_id: str = ""


class BotVersion(Model):
    """A version of a bot; pass ``version`` as the ``bot_version`` of a chat. ``created_at`` is in unix seconds."""

    version: str = ""
    changelog: str = Field(default="", validation_alias=AliasChoices("changelog", "description"))
    publish_status: str = ""
    created_at: int | None = None
    creator: dict[str, str] | None = None

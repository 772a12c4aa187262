"""Values of the bot API: the settings of a bot, its entry in a listing, and its versions.

API pages: get_metadata_draft_published, bots_list_draft_published, list_bot_versions, create_bot, update_bot.
"""

from __future__ import annotations

from typing import Any, cast

from pydantic import AliasChoices, Field, model_validator

from coze_client.core.model import Model


class PromptInfo(Model):
    """The instructions for the bot; ``prompt`` has at most 20,000 characters."""

    prompt: str = ""


class OnboardingInfo(Model):
    """The opening of a dialogue: ``prologue`` (at most 300 characters), and questions that the user can choose."""

    prologue: str = Field(default="", validation_alias=AliasChoices("prologue", "Prologue"))
    suggested_questions: tuple[str, ...] = Field(
        default=(), validation_alias=AliasChoices("suggested_questions", "SuggestedQuestions")
    )


class SuggestReplyInfo(Model):
    """Whether the bot suggests questions after an answer: ``reply_mode`` enable, disable or customized."""

    reply_mode: str = ""
    customized_prompt: str = ""


class Knowledge(Model):
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


class ModelInfo(Model):
    """The language model of a bot and its parameters; ``context_round``: rounds of the dialogue in its context."""

    model_id: str = ""
    model_name: str = ""
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    context_round: int | None = None
    response_format: str = ""


class BotPluginTool(Model):
    """One tool of a plugin that a bot uses, with its id and description."""

    api_id: str = ""
    name: str = ""
    description: str = ""


class BotPlugin(Model):
    """A plugin that a bot uses, with the tools it may call."""

    plugin_id: str = ""
    name: str = ""
    description: str = ""
    api_info_list: tuple[BotPluginTool, ...] = ()


class BotWorkflow(Model):
    """A workflow that a bot uses, with its id and description."""

    id: str = ""
    name: str = ""
    description: str = ""


class BotVariable(Model):
    """A variable in a bot's memory; ``channel`` is custom, system or location."""

    keyword: str = ""
    default_value: str = ""
    variable_type: str = ""
    channel: str = ""
    description: str = ""
    enable: bool | None = None
    prompt_enable: bool | None = None


class ShortcutCommand(Model):
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

    ``bot_mode``: 0 single, 1 multi, 2 single workflow.
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
    prompt_info: PromptInfo = Field(default_factory=PromptInfo)
    onboarding_info: OnboardingInfo = Field(default_factory=OnboardingInfo)
    suggest_reply_info: SuggestReplyInfo = Field(default_factory=SuggestReplyInfo)
    knowledge: Knowledge = Field(default_factory=Knowledge)
    model_info: ModelInfo = Field(default_factory=ModelInfo)
    plugin_info_list: tuple[BotPlugin, ...] = ()
    workflow_info_list: tuple[BotWorkflow, ...] = ()
    shortcut_commands: tuple[ShortcutCommand, ...] = ()
    variables: tuple[BotVariable, ...] = ()
    default_user_input_type: str = ""


class BotEntry(Model):
    """A bot in a listing; times are unix seconds, ``published_at`` is ``None`` for a bot that was never published."""

    bot_id: str = Field(default="", validation_alias=AliasChoices("bot_id", "id"))
    name: str = ""
    description: str = ""
    icon_url: str = ""
    is_published: bool = False
    updated_at: int | None = None
    published_at: int | None = None
    owner_user_id: str = ""
    folder_id: str = ""


class BotVersion(Model):
    """A version of a bot; pass ``version`` as the ``bot_version`` of a chat. ``created_at`` is in unix seconds."""

    version: str = ""
    changelog: str = Field(default="", validation_alias=AliasChoices("changelog", "description"))
    publish_status: str = ""
    created_at: int | None = None
    creator: dict[str, str] | None = None

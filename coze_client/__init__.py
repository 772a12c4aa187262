"""A client for Coze's API: chats, bots, workflows, knowledge bases, files, plugins and OAuth.

Start with ``CozeClient`` (blocking) or ``AsyncCozeClient`` (asyncio). Both have the same methods, with retries, typed
results and streams. The names in ``__all__`` are public; each is imported at its first use.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

from coze_client.version import __version__

if TYPE_CHECKING:
    from coze_client.api.api_apps import ApiApp, ApiAppEvent, ApiAppType
    from coze_client.api.apps import App, AppPublishStatus, StudioApp
    from coze_client.api.audio.values import (
        CloneFormat,
        Live,
        LiveStream,
        Room,
        RoomAudioConfig,
        RoomConfig,
        RoomTranslateConfig,
        RoomTurnDetection,
        RoomVideoConfig,
        SampleRate,
        SpeechEmotion,
        SpeechFormat,
        Transcription,
        Voice,
        VoiceEmotion,
        VoiceEmotionInterval,
        VoiceLanguage,
        VoiceModelType,
        Voiceprint,
        VoiceprintGroup,
        VoiceprintScore,
        VoiceprintUser,
        VoiceState,
    )
    from coze_client.api.benefit_limitations import BenefitEntityType, BenefitLimitation, BenefitTriggerUnit
    from coze_client.api.benefits import Benefit, BenefitBasis, BenefitItem, BenefitStatus, PlanBenefits
    from coze_client.api.bill_tasks import BillTask
    from coze_client.api.bots.resource import BotPublishStatus
    from coze_client.api.bots.values import (
        Bot,
        BotEntry,
        BotKnowledge,
        BotModelInfo,
        BotOnboardingInfo,
        BotPlugin,
        BotPluginTool,
        BotPromptInfo,
        BotShortcutCommand,
        BotSuggestReplyInfo,
        BotVariable,
        BotVersion,
        BotWorkflow,
    )
    from coze_client.api.chats.chat_event import ChatEvent
    from coze_client.api.chats.failures import ChatFailed, ConversationMismatch
    from coze_client.api.chats.stream import AsyncChatStream, ChatStream
    from coze_client.api.chats.values import (
        Chat,
        ChatResult,
        FunctionCall,
        LastError,
        PublishStatus,
        RequiredAction,
        SubmitToolOutputs,
        TokenDetails,
        ToolCall,
        ToolOutput,
        ToolOutputLike,
        Usage,
    )
    from coze_client.api.collaborators import CollaborationMode
    from coze_client.api.connectors import ConnectorConfig, ConnectorOption
    from coze_client.api.conversations.values import AttachmentSource, Conversation, Message, MessageLike, Section
    from coze_client.api.copy_tasks import CopiedType, CopyFailure, CopyTask, StartedCopy
    from coze_client.api.databases.values import (
        Database,
        DatabaseCell,
        DatabaseChange,
        DatabaseConnectorReadMode,
        DatabaseField,
        DatabaseIndex,
        DatabaseReadWriteMode,
        DatabaseRow,
        DatabaseTask,
        RowCondition,
        RowFilter,
        RowFilterLike,
        RowOperation,
    )
    from coze_client.api.datasets.document_base import DocumentBase
    from coze_client.api.datasets.resource import OnDocumentProgress
    from coze_client.api.datasets.values import (
        ChunkStrategy,
        Dataset,
        Document,
        DocumentProgress,
        Image,
        UpdateRule,
    )
    from coze_client.api.enterprises import EnterpriseRole, Organization
    from coze_client.api.files.attachments import Attachment, Medium
    from coze_client.api.files.values import File, FileSource
    from coze_client.api.folders import Folder, FolderType
    from coze_client.api.legacy_chats.stream import AsyncLegacyChatStream, LegacyChatStream
    from coze_client.api.legacy_chats.values import LegacyChat, LegacyMessage
    from coze_client.api.organizations import OrganizationMember, OrganizationRole
    from coze_client.api.plugins import Plugin, PluginCategory, PluginEntry, PluginTool
    from coze_client.api.recall.helper_bot import RecallBot
    from coze_client.api.recall.resource import RecallUntil
    from coze_client.api.recall.slices import OutputPath
    from coze_client.api.recall.values import Recall, Slice
    from coze_client.api.templates import TemplateCopy
    from coze_client.api.users import User
    from coze_client.api.variables import Variable
    from coze_client.api.workflows.events import WorkflowEvent
    from coze_client.api.workflows.failures import WorkflowFailed, WorkflowInterrupted
    from coze_client.api.workflows.file_arguments import FileSources
    from coze_client.api.workflows.history import NodeOutput, NodeStatus, RunHistory, WorkflowRun
    from coze_client.api.workflows.resource import RunMode, WorkflowPublishStatus
    from coze_client.api.workflows.result import WorkflowResult
    from coze_client.api.workflows.signature import JsonSchema, SignatureLike, WorkflowSignature
    from coze_client.api.workflows.stream import AsyncWorkflowStream, WorkflowStream
    from coze_client.api.workflows.values import (
        Creator,
        Interrupt,
        Workflow,
        WorkflowInfo,
        WorkflowInputs,
        WorkflowMessage,
        WorkflowOutputs,
        WorkflowParameter,
        WorkflowVersion,
    )
    from coze_client.api.workspaces.values import (
        AddedMembers,
        MemberRole,
        RemovedMembers,
        Workspace,
        WorkspaceMember,
    )
    from coze_client.auth.config_file import from_config
    from coze_client.auth.environment import from_env
    from coze_client.auth.grants import PKCE, DeviceCode, DeviceLogin, Login, UserGrant, WebOAuth
    from coze_client.auth.jwt import JWT
    from coze_client.auth.redis_store import RedisStore
    from coze_client.auth.token import Freshness, Token
    from coze_client.auth.token_store import FileStore, MemoryStore, TokenStore
    from coze_client.callbacks import CallbackEvent, CallbackHeader, CallbackRefused, CallbackVerifier, answer_challenge
    from coze_client.client import AsyncCozeClient, CozeClient
    from coze_client.core.byte_stream import (
        AsyncByteStream,
        ByteStream,
    )
    from coze_client.core.config import Region, Timeout, WhenBusy
    from coze_client.core.credentials import Caller, Credentials, PersonalToken, TokenFunction
    from coze_client.core.paging import AsyncListing, Listing, Page
    from coze_client.core.rate_limit import RateLimit
    from coze_client.core.request import Request
    from coze_client.core.response import Response
    from coze_client.core.retry import Retry
    from coze_client.errors import (
        AccessDenied,
        APIError,
        AuthenticationError,
        ConfigurationError,
        ConnectionFailed,
        ConversationBusy,
        CozeError,
        ExpiredToken,
        InvalidArguments,
        InvalidClient,
        InvalidRequest,
        NotFound,
        OAuthError,
        PermissionDenied,
        ProtocolError,
        QuotaExceeded,
        RateLimited,
        ReceivedMessage,
        ServerError,
        StreamInterrupted,
        TimedOut,
        TransportError,
    )

logging.getLogger("coze_client").addHandler(logging.NullHandler())

_MODULES = {
    "api.audio.values": (
        "CloneFormat",
        "Live",
        "LiveStream",
        "Room",
        "RoomAudioConfig",
        "RoomConfig",
        "RoomTranslateConfig",
        "RoomTurnDetection",
        "RoomVideoConfig",
        "SampleRate",
        "SpeechEmotion",
        "SpeechFormat",
        "Transcription",
        "Voice",
        "VoiceEmotion",
        "VoiceEmotionInterval",
        "VoiceLanguage",
        "VoiceModelType",
        "VoiceState",
        "Voiceprint",
        "VoiceprintGroup",
        "VoiceprintScore",
        "VoiceprintUser",
    ),
    "api.variables": ("Variable",),
    "core.byte_stream": (
        "AsyncByteStream",
        "ByteStream",
    ),
    "api.api_apps": (
        "ApiApp",
        "ApiAppEvent",
        "ApiAppType",
    ),
    "api.apps": (
        "App",
        "AppPublishStatus",
        "StudioApp",
    ),
    "api.benefit_limitations": (
        "BenefitEntityType",
        "BenefitLimitation",
        "BenefitTriggerUnit",
    ),
    "api.benefits": (
        "Benefit",
        "BenefitBasis",
        "BenefitItem",
        "BenefitStatus",
        "PlanBenefits",
    ),
    "api.bill_tasks": ("BillTask",),
    "api.bots.resource": ("BotPublishStatus",),
    "api.bots.values": (
        "Bot",
        "BotEntry",
        "BotKnowledge",
        "BotModelInfo",
        "BotOnboardingInfo",
        "BotPlugin",
        "BotPluginTool",
        "BotPromptInfo",
        "BotShortcutCommand",
        "BotSuggestReplyInfo",
        "BotVariable",
        "BotVersion",
        "BotWorkflow",
    ),
    "api.chats.chat_event": ("ChatEvent",),
    "api.chats.failures": ("ChatFailed", "ConversationMismatch"),
    "api.chats.stream": (
        "AsyncChatStream",
        "ChatStream",
    ),
    "api.chats.values": (
        "Chat",
        "ChatResult",
        "FunctionCall",
        "LastError",
        "PublishStatus",
        "RequiredAction",
        "SubmitToolOutputs",
        "TokenDetails",
        "ToolCall",
        "ToolOutput",
        "ToolOutputLike",
        "Usage",
    ),
    "api.collaborators": ("CollaborationMode",),
    "api.connectors": (
        "ConnectorConfig",
        "ConnectorOption",
    ),
    "api.conversations.values": (
        "AttachmentSource",
        "Conversation",
        "Message",
        "MessageLike",
        "Section",
    ),
    "api.copy_tasks": (
        "CopiedType",
        "CopyFailure",
        "CopyTask",
        "StartedCopy",
    ),
    "api.databases.values": (
        "Database",
        "DatabaseCell",
        "DatabaseChange",
        "DatabaseConnectorReadMode",
        "DatabaseField",
        "DatabaseIndex",
        "DatabaseReadWriteMode",
        "DatabaseRow",
        "DatabaseTask",
        "RowCondition",
        "RowFilter",
        "RowFilterLike",
        "RowOperation",
    ),
    "api.datasets.document_base": ("DocumentBase",),
    "api.datasets.resource": ("OnDocumentProgress",),
    "api.datasets.values": (
        "ChunkStrategy",
        "Dataset",
        "Document",
        "DocumentProgress",
        "Image",
        "UpdateRule",
    ),
    "api.enterprises": (
        "EnterpriseRole",
        "Organization",
    ),
    "api.files.attachments": (
        "Attachment",
        "Medium",
    ),
    "api.files.values": (
        "File",
        "FileSource",
    ),
    "api.folders": (
        "Folder",
        "FolderType",
    ),
    "api.legacy_chats.stream": (
        "AsyncLegacyChatStream",
        "LegacyChatStream",
    ),
    "api.legacy_chats.values": (
        "LegacyChat",
        "LegacyMessage",
    ),
    "api.organizations": (
        "OrganizationMember",
        "OrganizationRole",
    ),
    "api.plugins": (
        "Plugin",
        "PluginCategory",
        "PluginEntry",
        "PluginTool",
    ),
    "api.recall.helper_bot": ("RecallBot",),
    "api.recall.resource": ("RecallUntil",),
    "api.recall.slices": ("OutputPath",),
    "api.recall.values": (
        "Recall",
        "Slice",
    ),
    "api.templates": ("TemplateCopy",),
    "api.users": ("User",),
    "api.workflows.events": ("WorkflowEvent",),
    "api.workflows.failures": (
        "WorkflowFailed",
        "WorkflowInterrupted",
    ),
    "api.workflows.file_arguments": ("FileSources",),
    "api.workflows.history": (
        "NodeOutput",
        "NodeStatus",
        "RunHistory",
        "WorkflowRun",
    ),
    "api.workflows.resource": (
        "RunMode",
        "WorkflowPublishStatus",
    ),
    "api.workflows.result": ("WorkflowResult",),
    "api.workflows.signature": (
        "JsonSchema",
        "SignatureLike",
        "WorkflowSignature",
    ),
    "api.workflows.stream": (
        "AsyncWorkflowStream",
        "WorkflowStream",
    ),
    "api.workflows.values": (
        "Creator",
        "Interrupt",
        "Workflow",
        "WorkflowInfo",
        "WorkflowInputs",
        "WorkflowMessage",
        "WorkflowOutputs",
        "WorkflowParameter",
        "WorkflowVersion",
    ),
    "api.workspaces.values": (
        "AddedMembers",
        "MemberRole",
        "RemovedMembers",
        "Workspace",
        "WorkspaceMember",
    ),
    "auth.config_file": ("from_config",),
    "auth.environment": ("from_env",),
    "auth.grants": (
        "DeviceCode",
        "DeviceLogin",
        "Login",
        "PKCE",
        "UserGrant",
        "WebOAuth",
    ),
    "auth.jwt": ("JWT",),
    "auth.token": (
        "Freshness",
        "Token",
    ),
    "auth.redis_store": ("RedisStore",),
    "auth.token_store": (
        "FileStore",
        "MemoryStore",
        "TokenStore",
    ),
    "callbacks": (
        "CallbackEvent",
        "CallbackHeader",
        "CallbackRefused",
        "CallbackVerifier",
        "answer_challenge",
    ),
    "client": (
        "AsyncCozeClient",
        "CozeClient",
    ),
    "core.config": (
        "Region",
        "Timeout",
        "WhenBusy",
    ),
    "core.credentials": (
        "Caller",
        "Credentials",
        "PersonalToken",
        "TokenFunction",
    ),
    "core.paging": (
        "AsyncListing",
        "Listing",
        "Page",
    ),
    "core.request": ("Request",),
    "core.rate_limit": ("RateLimit",),
    "core.response": ("Response",),
    "core.retry": ("Retry",),
    "errors": (
        "APIError",
        "AccessDenied",
        "AuthenticationError",
        "ConfigurationError",
        "ConnectionFailed",
        "ConversationBusy",
        "CozeError",
        "ExpiredToken",
        "InvalidArguments",
        "InvalidClient",
        "InvalidRequest",
        "NotFound",
        "OAuthError",
        "PermissionDenied",
        "ProtocolError",
        "QuotaExceeded",
        "RateLimited",
        "ReceivedMessage",
        "ServerError",
        "StreamInterrupted",
        "TimedOut",
        "TransportError",
    ),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "JWT",
    "PKCE",
    "APIError",
    "AccessDenied",
    "AddedMembers",
    "ApiApp",
    "ApiAppEvent",
    "ApiAppType",
    "App",
    "AppPublishStatus",
    "AsyncByteStream",
    "AsyncChatStream",
    "AsyncCozeClient",
    "AsyncLegacyChatStream",
    "AsyncListing",
    "AsyncWorkflowStream",
    "Attachment",
    "AttachmentSource",
    "AuthenticationError",
    "Benefit",
    "BenefitBasis",
    "BenefitEntityType",
    "BenefitItem",
    "BenefitLimitation",
    "BenefitStatus",
    "BenefitTriggerUnit",
    "BillTask",
    "Bot",
    "BotEntry",
    "BotKnowledge",
    "BotModelInfo",
    "BotOnboardingInfo",
    "BotPlugin",
    "BotPluginTool",
    "BotPromptInfo",
    "BotPublishStatus",
    "BotShortcutCommand",
    "BotSuggestReplyInfo",
    "BotVariable",
    "BotVersion",
    "BotWorkflow",
    "ByteStream",
    "CallbackEvent",
    "CallbackHeader",
    "CallbackRefused",
    "CallbackVerifier",
    "Caller",
    "Chat",
    "ChatEvent",
    "ChatFailed",
    "ChatResult",
    "ChatStream",
    "ChunkStrategy",
    "CloneFormat",
    "CollaborationMode",
    "ConfigurationError",
    "ConnectionFailed",
    "ConnectorConfig",
    "ConnectorOption",
    "Conversation",
    "ConversationBusy",
    "ConversationMismatch",
    "CopiedType",
    "CopyFailure",
    "CopyTask",
    "CozeClient",
    "CozeError",
    "Creator",
    "Credentials",
    "Database",
    "DatabaseCell",
    "DatabaseChange",
    "DatabaseConnectorReadMode",
    "DatabaseField",
    "DatabaseIndex",
    "DatabaseReadWriteMode",
    "DatabaseRow",
    "DatabaseTask",
    "Dataset",
    "DeviceCode",
    "DeviceLogin",
    "Document",
    "DocumentBase",
    "DocumentProgress",
    "EnterpriseRole",
    "ExpiredToken",
    "File",
    "FileSource",
    "FileSources",
    "FileStore",
    "Folder",
    "FolderType",
    "Freshness",
    "FunctionCall",
    "Image",
    "Interrupt",
    "InvalidArguments",
    "InvalidClient",
    "InvalidRequest",
    "JsonSchema",
    "LastError",
    "LegacyChat",
    "LegacyChatStream",
    "LegacyMessage",
    "Listing",
    "Live",
    "LiveStream",
    "Login",
    "Medium",
    "MemberRole",
    "MemoryStore",
    "Message",
    "MessageLike",
    "NodeOutput",
    "NodeStatus",
    "NotFound",
    "OAuthError",
    "OnDocumentProgress",
    "Organization",
    "OrganizationMember",
    "OrganizationRole",
    "OutputPath",
    "Page",
    "PermissionDenied",
    "PersonalToken",
    "PlanBenefits",
    "Plugin",
    "PluginCategory",
    "PluginEntry",
    "PluginTool",
    "ProtocolError",
    "PublishStatus",
    "QuotaExceeded",
    "RateLimit",
    "RateLimited",
    "Recall",
    "RecallBot",
    "RecallUntil",
    "ReceivedMessage",
    "RedisStore",
    "Region",
    "RemovedMembers",
    "Request",
    "RequiredAction",
    "Response",
    "Retry",
    "Room",
    "RoomAudioConfig",
    "RoomConfig",
    "RoomTranslateConfig",
    "RoomTurnDetection",
    "RoomVideoConfig",
    "RowCondition",
    "RowFilter",
    "RowFilterLike",
    "RowOperation",
    "RunHistory",
    "RunMode",
    "SampleRate",
    "Section",
    "ServerError",
    "SignatureLike",
    "Slice",
    "SpeechEmotion",
    "SpeechFormat",
    "StartedCopy",
    "StreamInterrupted",
    "StudioApp",
    "SubmitToolOutputs",
    "TemplateCopy",
    "TimedOut",
    "Timeout",
    "Token",
    "TokenDetails",
    "TokenFunction",
    "TokenStore",
    "ToolCall",
    "ToolOutput",
    "ToolOutputLike",
    "Transcription",
    "TransportError",
    "UpdateRule",
    "Usage",
    "User",
    "UserGrant",
    "Variable",
    "Voice",
    "VoiceEmotion",
    "VoiceEmotionInterval",
    "VoiceLanguage",
    "VoiceModelType",
    "VoiceState",
    "Voiceprint",
    "VoiceprintGroup",
    "VoiceprintScore",
    "VoiceprintUser",
    "WebOAuth",
    "WhenBusy",
    "Workflow",
    "WorkflowEvent",
    "WorkflowFailed",
    "WorkflowInfo",
    "WorkflowInputs",
    "WorkflowInterrupted",
    "WorkflowMessage",
    "WorkflowOutputs",
    "WorkflowParameter",
    "WorkflowPublishStatus",
    "WorkflowResult",
    "WorkflowRun",
    "WorkflowSignature",
    "WorkflowStream",
    "WorkflowVersion",
    "Workspace",
    "WorkspaceMember",
    "__version__",
    "answer_challenge",
    "from_config",
    "from_env",
]


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

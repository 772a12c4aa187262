"""Which methods of the other clients fail against the emulator, and whose fault that is."""

from __future__ import annotations

from dataclasses import dataclass

_ASYNC = "AsyncCoze"
_BOTH = ("Coze", _ASYNC)

NOT_SERVED: tuple[str, ...] = ()
"""Our calls to which the emulator answers 501; a method that makes one of them fails so, too."""


@dataclass(frozen=True)
class Failure:
    """Methods that fail because of their client: what the failure says, and why it comes."""

    clients: tuple[str, ...]
    methods: tuple[str, ...]
    says: str
    why: str


FAULTS = (
    Failure(
        _BOTH,
        ("audio.voices.clone",),
        "validation errors for Voice",
        "reads a whole voice from an answer that has its id alone",
    ),
    Failure(
        _BOTH,
        ("knowledge.documents.create",),
        "format_type and chunk_strategy are required",
        "cannot send `format_type`, which is required",
    ),
    Failure(
        (_ASYNC,),
        ("datasets.documents.create",),
        "format_type and chunk_strategy are required",
        "cannot send `format_type`, which is required",
    ),
    Failure(
        _BOTH,
        ("workflows.list",),
        "page_size must be a number from 1 to 30",
        "asks for 100 workflows a page unless told otherwise; 30 are allowed",
    ),
    Failure(
        _BOTH,
        ("workspaces.members.list",),
        "validation errors for WorkspaceMember",
        "reads the page of members as one member",
    ),
    Failure(
        ("@coze/api",),
        ("knowledge.documents.list",),
        "The requested API was not found",
        "sends GET where the API has POST",
    ),
    Failure(
        ("coze-go",),
        tuple(f"Conversations.Messages.{name}" for name in ("Create", "List", "Retrieve", "Update")),
        "cannot unmarshal string into Go struct field",
        "reads `updated_at` as a number alone; the documentation shows a text",
    ),
)


_CHATS = ("chats.cancel", "chats.create", "chats.retrieve", "chats.submit_tool_outputs")
_CONVERSATIONS = ("conversations.create", "conversations.list", "conversations.retrieve")

UNREAD: dict[str, dict[str, set[str]]] = {
    "Coze": {
        "audio.voices.list": {
            *("support_emotions", "emotion", "display_name", "emotion_scale_interval", "default", "min", "max"),
        },
        "datasets.documents.create": {"tos_uri"},
        "workflows.chat": {"debug_url"},
        "workflows.run_history": {"token"},
        "workflows.stream": {"content_type", "node_execute_uuid", "node_id"},
        "workflows.stream_resume": {"content_type", "debug_url", "node_id"},
        "workspaces.list": {"joined_status", "owner_uid"},
        **{call: {"section_id"} for call in _CHATS},
    },
    "coze-go": {
        "apps.list": {"folder_id"},
        "audio.voices.list": {
            *("support_emotions", "emotion", "display_name", "emotion_scale_interval", "default", "min", "max"),
        },
        "bots.retrieve_v1": {
            *("default_user_input_type", "knowledge", "onboarding_info", "reply_mode", "suggest_reply_info"),
        },
        "chats.create_and_poll": {"inserted_additional_messages"},
        "datasets.documents.create": {"tos_uri"},
        "datasets.images.list": {"type", "url"},
        "plugins.list": {"entity_version"},
        "workflows.list": {"created_at", "creator", "id", "name", "updated_at"},
        "workflows.run_history": {"token"},
        "workflows.stream": {"content_type", "node_execute_uuid", "node_id"},
        "workflows.stream_resume": {"content_type", "node_id"},
        "workspaces.list": {"joined_status", "owner_uid"},
        **{call: {"section_id", "inserted_additional_messages"} for call in _CHATS},
        **{call: {"connector_id", "creator_id", "updated_at"} for call in _CONVERSATIONS},
    },
}
"""By client with types and by our call: fields that the emulator sends and the client does not read.

AsyncCoze reads what Coze reads, and @coze/api hands out whatever it gets.
"""


def expected_failures(client: str, our_names: dict[str, str]) -> dict[str, str]:
    """Return each method of the client that fails, with a part of what it says; `our_names` has its methods."""
    unserved = {method: "501" for method, ours in our_names.items() if ours in NOT_SERVED}
    return unserved | faults_of(client)


def faults_of(client: str) -> dict[str, str]:
    return {name: fault.says for fault in FAULTS if client in fault.clients for name in fault.methods}

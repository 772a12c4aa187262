"""The column of coze-studio in the table of dialects, its versions, and the choice of a dialect by name."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from coze_client.emulator.protocol.dialect import CLOUD, Dialect
from coze_client.emulator.protocol.route_lists import STUDIO_0_5_0, STUDIO_ROUTES
from coze_client.emulator.protocol.stream import Event

_CONVERSATION = ("id", "created_at", "meta_data", "connector_id", "last_section_id")
CONVERSATION_FIELDS = MappingProxyType(
    {
        "create": (*_CONVERSATION, "user_id"),
        "list": (*_CONVERSATION, "name", "user_id"),
        "retrieve": (*_CONVERSATION, "name", "creator_d"),
        "update": (*_CONVERSATION, "name"),
    }
)

STUDIO = Dialect(
    name="studio",
    stream_by_default=True,
    one_running_chat=False,
    unsaved_chats=False,
    strict_messages=False,
    limits=False,
    empty_questions=True,
    orphaned_context=True,
    bot_versions=False,
    checks_bot_owner=True,
    client_plugins=False,
    cancelling_stops=False,
    fails_lost_chats=False,
    echoes_meta_data=False,
    finds_chats_first=True,
    upload_limit=200 * 1024 * 1024,
    takes_empty_files=True,
    online_bots_only=True,
    retrieves_apps=True,
    audio=False,
    oauth=False,
    rejects_empty_ids=True,
    creates_unknown_conversations=True,
    own_sections=True,
    keeps_deleted_conversations=True,
    fills_new_conversations=False,
    conversation_fields=CONVERSATION_FIELDS,
    pages_by_time=True,
    lists_questions=True,
    honours_message_order=False,
    sends_empty_fields=False,
    updated_at_as_text=False,
    full_deltas=True,
    follow_ups_last=False,
    completes_failed_chats=True,
    recall_encoding="knowledge",
    recall_details=False,
    dataset_formats=(0, 1, 2),
    file_sources=False,
    unpaged_dataset_list=True,
    numeric_ids=False,
    integer_document_ids=True,
    first_document_page=0,
    document_page_size=2**31,
    rejects_unknown_documents=True,
    image_page_size=None,
    has_logid=False,
    logid_header="x-log-id",
    numeric_paths=True,
    checks_token_first=True,
    checks_run_workflow=False,
    pings=False,
    creates_named_conversations=False,
    workflow_versions=False,
    app_conversations=True,
    conversation_name_optional=False,
    created_status="created",
    canceled_status="conversation.chat.cancelled",
    done=Event("conversation.stream.done", ""),
    payload_keys=MappingProxyType(
        {
            "/v3/chat/cancel": "ChatV3ChatDetail",
            "/v3/chat/message/list": "Messages",
            "/v1/conversation/retrieve": "ConversationData",
        }
    ),
    bare_paths=frozenset({"/v3/chat/cancel"}),
    base_response=("/v3/chat", "/v1/conversations", "/v1/conversation/retrieve"),
    omits_empty_lists=frozenset({"/v3/chat/message/list", "/v1/conversation/message/list"}),
    routes=STUDIO_ROUTES,
    codes=MappingProxyType(
        {
            4000: (400, 400),
            4001: (200, 103200003),
            4002: (200, 103000002),
            4003: (400, 400),
            4004: (400, 400),
            4005: (200, 103200001),
            4006: (200, 100000000),
            4007: (400, 400),
            4015: (200, 100000000),
            4100: (200, 700012006),
            4101: (200, 700012006),
            4104: (200, 103200005),
            4300: (200, 104000006),
            4301: (200, 104000007),
            5000: (500, 500),
        }
    ),
    dataset_codes=MappingProxyType({4101: 105000001, 4200: 105000011}),
)

NEWEST_STUDIO = "0.5.1"
STUDIO_VERSIONS = MappingProxyType(
    {
        "0.5.0": replace(STUDIO, streams_every_chat=True, routes=STUDIO_0_5_0),
        NEWEST_STUDIO: STUDIO,
    }
)
"""The studio as it was; v0.3.0 was as v0.5.0."""


def find_dialect(name: str, version: str | None = None) -> Dialect:
    """Return the dialect of this name; `version` is that of the studio (None: newest). ValueError for unknown ones."""
    if name == "cloud" and version is None:
        return CLOUD
    if name == "studio" and (version or NEWEST_STUDIO) in STUDIO_VERSIONS:
        return STUDIO_VERSIONS[version or NEWEST_STUDIO]
    known = " or ".join(STUDIO_VERSIONS)
    raise ValueError(f'the dialect is "cloud", or "studio" with version {known}, not {name!r} with version {version!r}')

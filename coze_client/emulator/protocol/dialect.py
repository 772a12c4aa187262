"""The differences between the cloud and a self-hosted coze-studio, as one table; no route checks which one it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import gmtime, strftime
from types import MappingProxyType
from uuid import NAMESPACE_OID, uuid5

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, RawReply, Reply
from coze_client.emulator.protocol.route_lists import STUDIO_ONLY, Routes
from coze_client.emulator.protocol.stream import Event, to_json
from coze_client.emulator.protocol.studio_refusals import CHAT_PATHS, refusal
from coze_client.emulator.protocol.studio_workflow_refusals import WORKFLOW_PATHS, workflow_refusal

CLOUD_DONE = Event("done", '"[DONE]"')
MAPPED_STATUS = MappingProxyType({4000: 400, 4100: 401, 4101: 403, 4009: 429, 4020: 429, 4200: 404, 5000: 500})

DATASET_PATHS = ("/v1/datasets", "/open_api/knowledge/")
UNBOUND_PATHS = frozenset(f"/open_api/knowledge/document/{call}" for call in ("list", "update", "delete"))


def json_reply(status: int, value: object, headers: Mapping[str, str] | None = None) -> RawReply:
    return RawReply(status, to_json(value).encode(), headers=headers or {})


@dataclass(frozen=True)
class Dialect:
    """One column of the table; the defaults are the cloud's."""

    name: str = "cloud"
    stream_by_default: bool = False
    one_running_chat: bool = True
    unsaved_chats: bool = True
    """Whether auto_save_history=false has an effect; the studio always saves."""
    strict_messages: bool = True
    """Whether object_string and message types are validated; the studio skips what it does not know."""
    limits: bool = True
    """Whether documented limits of sizes and names are checked."""
    empty_questions: bool = False
    """Whether the empty question is asked if the last message is not the user's."""
    orphaned_context: bool = False
    """Whether the messages before the question are saved with a chat of their own, which never runs."""
    bot_versions: bool = True
    """Whether publish_status and bot_version have an effect; the studio always runs the online version."""
    checks_bot_owner: bool = False
    """Whether a streamed chat needs the token of the bot's owner."""
    client_plugins: bool = True
    """Whether the event requires_action exists; the studio's bots send an answer and a verbose message instead."""
    cancelling_stops: bool = True
    """Whether a cancelled chat stays cancelled; the studio's run goes on, and its end overwrites the status."""
    fails_lost_chats: bool = True
    """Whether a chat has failed if the server was stopped while it ran; the studio's stays in progress."""
    echoes_meta_data: bool = True
    """Whether a retrieved chat has the meta_data of its request and the ids of the saved messages."""
    finds_chats_first: bool = False
    """Whether a chat is looked up by its id alone, before its conversation."""
    upload_limit: int = 512 * 1024 * 1024
    """The largest file in bytes; for the studio, the largest request."""
    takes_empty_files: bool = False
    """Whether a file without content can be uploaded."""
    online_bots_only: bool = False
    """Whether bots are shown only as they are online, to their creator, and with the studio's names."""
    retrieves_apps: bool = False
    """Whether the route of an app is emulated."""
    audio: bool = True
    oauth: bool = True
    """Whether OAuth apps exist; the studio has only personal tokens."""
    rejects_empty_ids: bool = False
    """Whether an empty conversation_id in a query is an error, since it is not a number."""
    creates_unknown_conversations: bool = False
    """Whether an unknown conversation_id silently creates a new conversation, and so does an unknown name."""
    own_sections: bool = False
    """Whether the first section of a conversation has an id of its own; the cloud's is the conversation's."""
    keeps_deleted_conversations: bool = False
    """Whether a deleted conversation only leaves the list."""
    fills_new_conversations: bool = True
    """Whether a new conversation takes a name and messages."""
    conversation_fields: Mapping[str, tuple[str, ...]] | None = None
    """The fields of a conversation by the call that returns it; None: all of them."""
    pages_by_time: bool = False
    """Whether a cursor stands for the time of its message: others of the same millisecond are lost."""
    lists_questions: bool = False
    """Whether a chat's message list contains the question, too."""
    honours_message_order: bool = True
    """Whether a conversation's message list honours `order`; the studio always lists the newest first."""
    sends_empty_fields: bool = True
    """Whether a chat contains last_error and usage; the studio's answers have the usage in their meta_data."""
    updated_at_as_text: bool = True
    """Whether the calls that create, list, retrieve and modify messages have updated_at as a string of digits."""
    full_deltas: bool = False
    """Whether the messages of a chat have reasoning_content even if empty and no updated_at, and deltas have times."""
    follow_ups_last: bool = True
    """Whether follow-up questions come after generate_answer_finish."""
    completes_failed_chats: bool = False
    """Whether a chat whose model failed ends as completed, after an error event."""
    recall_encoding: str = "verbose"
    """The message type in which bots report recalled slices: verbose or knowledge."""
    recall_details: bool = True
    """Whether that message contains the question, and each document's format and link."""
    dataset_formats: tuple[int, ...] = (0, 2)
    """The format_type values that a new dataset may have: 0 texts, 1 tables, 2 images."""
    file_sources: bool = True
    """Whether documents can be created from files, web pages and images; the studio creates empty documents."""
    unpaged_dataset_list: bool = False
    """Whether a dataset list without page_num and page_size returns everything on one page."""
    numeric_ids: bool = True
    """Whether ids of documents are numbers, unless a header asks for strings."""
    integer_document_ids: bool = False
    """Whether the ids in a request for progress must be JSON numbers."""
    first_document_page: int = 1
    document_page_size: int = 10
    rejects_unknown_documents: bool = False
    """Whether unknown documents are an error when progress is requested; the cloud omits them."""
    image_page_size: int | None = 10
    """The default page size; None if the request must contain it."""
    has_logid: bool = True
    """Whether the JSON of replies contains a logid."""
    logid_header: str = "x-tt-logid"
    """The header of every reply that contains the logid; the studio's is a UUID."""
    numeric_paths: bool = False
    """Whether the ids in paths must be digits; the studio asks for its cookie otherwise."""
    checks_token_first: bool = False
    """Whether a wrong method of a path that exists is told only to a caller with a token."""
    streams_every_chat: bool = False
    """Whether a chat is streamed whatever `stream` says, as the studio did until v0.5.0."""
    checks_run_workflow: bool = True
    """Whether the record of a run is found only by the id of its workflow, too."""
    pings: bool = True
    """Whether a streamed run sends PING while nothing happens."""
    creates_named_conversations: bool = True
    """Whether get_or_create makes a conversation of a new name; the studio finds only names that were made before."""
    workflow_versions: bool = True
    """Whether workflow_version has an effect; the studio always runs the latest version."""
    app_conversations: bool = False
    """Whether each app has conversation names of its own, takes only its conversations, and creates them by name."""
    conversation_name_optional: bool = True
    """Whether a chatflow needs neither the id nor the name of a conversation."""
    created_status: str = "in_progress"
    canceled_status: str = "canceled"
    done: Event = CLOUD_DONE
    payload_keys: Mapping[str, str] = field(default_factory=dict)
    """The key of the payload by path, where it differs from the cloud's."""
    bare_paths: frozenset[str] = frozenset()
    """The paths whose replies have no code and msg."""
    base_response: tuple[str, ...] = ()
    """How the paths begin whose replies have a BaseResp, which is null."""
    omits_empty_lists: frozenset[str] = frozenset()
    """The paths whose replies have no payload if that is an empty list."""
    routes: Routes | None = None
    """Method and path of all routes of this dialect; None: all but those that only the studio has."""
    codes: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    """The HTTP status and code of this dialect by the cloud's code."""
    dataset_codes: Mapping[int, int] = field(default_factory=dict)
    """The code of all calls about datasets, documents and images by the cloud's code."""

    def has(self, method: str, path: str) -> bool:
        """Return whether this dialect has a route of this method and path."""
        return (method, path) in self.routes if self.routes is not None else (method, path) not in STUDIO_ONLY

    def streams(self, asked: object) -> bool:
        """Return whether a chat whose body has this `stream` is streamed."""
        return self.streams_every_chat or (self.stream_by_default if asked is None else asked is True)

    def logid(self, now: float, number: int) -> str:
        """Return the logid with this number: the UTC time and the number, or a UUID."""
        if not self.has_logid:
            return str(uuid5(NAMESPACE_OID, f"{now} {number}"))
        return strftime("%Y%m%d%H%M%S", gmtime(now)) + f"{number:020X}"

    def error_reply(self, error: ApiError, path: str, logid: str, *, streaming: bool, mapped: bool) -> Reply:
        """Build the reply for an error; `mapped` sends the cloud's codes with a 4xx or 5xx status."""
        if self.has_logid:
            status = MAPPED_STATUS.get(error.code, 200) if mapped else 200
            headers = {"retry-after": "1"} if status == 429 else {}
            body = {"code": error.code, "msg": error.msg, "detail": {"logid": logid}}
            return json_reply(status, body, headers)
        if path.startswith(WORKFLOW_PATHS) and error.code not in (4100, 4101):
            return workflow_refusal(error, path)
        if path.startswith(DATASET_PATHS) and error.code in self.dataset_codes:
            return json_reply(200, {"code": self.dataset_codes[error.code], "msg": error.msg})
        if error.code == 4302:
            return RawReply(413, b"Request Entity Too Large", "text/plain; charset=utf-8")
        if path in UNBOUND_PATHS and error.code == 4000:
            return RawReply(400, error.msg.encode(), "text/plain; charset=utf-8")
        if path.startswith(CHAT_PATHS) and (refused := refusal(error, path, streaming=streaming)):
            return refused
        if error.studio is not None and error.studio.code is not None and not path.startswith("/v3/"):
            return json_reply(200, {"code": error.studio.code, "msg": error.studio.text})
        status, code = self.codes.get(error.code, (500, 500))
        return json_reply(status, {"code": code, "msg": error.studio.text if error.studio else error.msg})

    def unknown_route(self, logid: str, *, path_exists: bool) -> RawReply:
        """Build the reply for an unknown path, or for an unknown method of a path that exists."""
        if self.has_logid:
            body = {"code": 4200, "msg": "The requested API was not found", "detail": {"logid": logid}}
            return json_reply(404, body)
        if path_exists:
            return RawReply(404, b"404 page not found", "text/plain")
        return json_reply(401, {"code": 401, "msg": "missing session_key in cookie"})

    def envelope(self, payload: JsonReply, path: str, logid: str) -> dict[str, object]:
        """Build the JSON of a successful reply."""
        key = self.payload_keys.get(path, payload.key)
        empty = payload.data is None or (path in self.omits_empty_lists and payload.data == [])
        data = {} if empty else {key: payload.data}
        bare = payload.bare or path in self.bare_paths
        head: dict[str, object] = {} if bare else {"code": 0, "msg": ""}
        detail = {"detail": {"logid": logid}} if self.has_logid and not payload.bare else {}
        base = {"BaseResp": None} if self.base_response and path.startswith(self.base_response) else {}
        return {**head, **data, **payload.beside, **detail, **base}


CLOUD = Dialect()

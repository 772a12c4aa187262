"""What each call is given in the tests of the peers, by the names that are sent: parameters that the API accepts.

The keys are this project's calls. Parameters stand at the top level, whether they are sent in the path, the query, the
body or a form.
"""

from __future__ import annotations

from collections.abc import Callable

from coze_client.emulator.routes.oauth.tokens import ACCOUNT
from coze_client.emulator.workflows import WORKSPACE
from tests.peers.world import TEXT, VOICE, World, content
from tests.support.api_calls import Json
from tests.support.dataset_calls import AUTOMATIC_CHUNKS, file

_IN_WORKSPACE = {"workspace_id": WORKSPACE}
_IN_SPACE = {"space_id": WORKSPACE}
_CONNECTOR = "1024"

GIVEN: dict[str, Callable[[World], Json]] = {
    "api_apps.create": lambda _: {"app_type": "normal", "name": "listener"},
    "api_apps.delete": lambda world: {"app_id": world.api_app},
    "api_apps.events.create": lambda world: {"api_app_id": world.api_app, "event_types": ["bot.published"]},
    "api_apps.events.delete": lambda world: {"api_app_id": world.api_app, "event_types": ["bot.published"]},
    "api_apps.events.list": lambda world: {"api_app_id": world.api_app},
    "api_apps.list": lambda _: {},
    "api_apps.update": lambda world: {"app_id": world.api_app, "name": "hearer"},
    "apps.list": lambda _: _IN_WORKSPACE,
    "audio.live.retrieve": lambda world: {"live_id": world.emulator.lives[0]},
    "audio.rooms.create": lambda world: {"bot_id": world.emulator.bots["echo"]},
    "audio.speech.create": lambda _: {"input": "hello", "voice_id": VOICE},
    "audio.transcriptions.create": lambda world: {"file": world.sound},
    "audio.voiceprint_groups.create": lambda _: {"name": "friends"},
    "audio.voiceprint_groups.delete": lambda world: world.group(),
    "audio.voiceprint_groups.features.create": lambda world: {**world.group(), "name": "Ada", "file": world.sound},
    "audio.voiceprint_groups.features.delete": lambda world: world.group(feature_id="Ada"),
    "audio.voiceprint_groups.features.list": lambda world: without(world.group(_="Ada"), "_"),
    "audio.voiceprint_groups.features.update": lambda world: {**world.group(feature_id="Ada"), "name": "Bea"},
    "audio.voiceprint_groups.list": lambda _: {},
    "audio.voiceprint_groups.speaker_identify": lambda world: {
        **without(world.group(_="Ada"), "_"),
        "file": world.sound,
    },
    "audio.voiceprint_groups.update": lambda world: {**world.group(), "name": "foes"},
    "audio.voices.clone": lambda world: {"voice_name": "Ada", "file": world.sound, "audio_format": "wav"},
    "audio.voices.list": lambda _: {},
    "bots.create": lambda _: {**_IN_SPACE, "name": "Ada"},
    "bots.list": lambda _: _IN_WORKSPACE,
    "bots.list_v1": lambda _: _IN_SPACE,
    "bots.publish": lambda world: {"bot_id": world.bot, "connector_ids": [_CONNECTOR]},
    "bots.retrieve": lambda world: {"bot_id": world.bot},
    "bots.retrieve_v1": lambda world: {"bot_id": world.bot},
    "bots.unpublish": lambda world: {"bot_id": world.bot, "connector_id": _CONNECTOR},
    "bots.update": lambda world: {"bot_id": world.bot, "name": "Bea"},
    "chats.cancel": lambda world: world.chat("slow"),
    "chats.create": lambda world: world.question(),
    "chats.create_and_poll": lambda world: world.question(),
    "chats.messages": lambda world: world.chat(),
    "chats.retrieve": lambda world: world.chat(),
    "chats.stream": lambda world: world.question(),
    "chats.stream_tool_outputs": lambda world: {**world.tool_outputs, "stream": True},
    "chats.submit_tool_outputs": lambda world: {**world.tool_outputs, "stream": False},
    "connectors.bots.update": lambda world: {
        "connector_id": _CONNECTOR,
        "bot_id": world.bot,
        "audit_status": 2,
    },
    "conversations.clear": lambda world: world.conversation,
    "conversations.create": lambda world: {"bot_id": world.emulator.bots["echo"]},
    "conversations.delete": lambda world: world.conversation,
    "conversations.list": lambda world: {"bot_id": world.emulator.bots["echo"]},
    "conversations.messages.create": lambda world: {
        **world.conversation,
        "role": "user",
        "content": "one",
        "content_type": "text",
    },
    "conversations.messages.create_feedback": lambda world: {**world.answer, "feedback_type": "like"},
    "conversations.messages.delete": lambda world: world.message,
    "conversations.messages.delete_feedback": lambda world: world.answer,
    "conversations.messages.list": lambda world: {"conversation_id": world.message["conversation_id"]},
    "conversations.messages.retrieve": lambda world: world.message,
    "conversations.messages.update": lambda world: {**world.message, "content": "two", "content_type": "text"},
    "conversations.retrieve": lambda world: world.conversation,
    "conversations.update": lambda world: {**world.conversation, "name": "trip"},
    "datasets.create": lambda _: {**_IN_SPACE, "name": "Birds", "format_type": TEXT},
    "datasets.delete": lambda world: world.dataset(),
    "datasets.documents.create": lambda world: {
        **world.dataset(),
        "document_bases": [file("owls.txt")],
        "chunk_strategy": AUTOMATIC_CHUNKS,
        "format_type": TEXT,
    },
    "datasets.documents.delete": lambda world: {"document_ids": [world.document["document_id"]]},
    "datasets.documents.list": lambda world: without(world.document, "document_id"),
    "datasets.documents.update": lambda world: {
        "document_id": world.document["document_id"],
        "document_name": "birds.txt",
    },
    "datasets.images.list": lambda world: without(world.picture, "document_id"),
    "datasets.images.update": lambda world: {**world.picture, "caption": "an owl"},
    "datasets.list": lambda world: {**_IN_SPACE, "name": world.dataset() and "Owls"},
    "datasets.process": lambda world: in_a_list(world.document),
    "datasets.update": lambda world: {**world.dataset(), "name": "Birds"},
    "enterprises.members.create": lambda world: {
        **world.enterprise,
        "users": [{"user_id": "7", "role": "enterprise_member"}],
    },
    "enterprises.members.delete": lambda world: {**world.enterprise, "user_id": "7", "receiver_user_id": ACCOUNT},
    "enterprises.members.update": lambda world: {
        **world.enterprise,
        "user_id": "7",
        "role": "enterprise_admin",
    },
    "files.retrieve": lambda world: world.file,
    "files.upload": lambda _: {"file": content("cat.png", b"meow")},
    "folders.list": lambda _: {**_IN_WORKSPACE, "folder_type": "development"},
    "folders.retrieve": lambda world: {"folder_id": world.emulator.folders["Hotel"]},
    "plugins.list": lambda _: {},
    "templates.duplicate": lambda world: {"template_id": world.emulator.templates["assistant"], **_IN_WORKSPACE},
    "users.me": lambda _: {},
    "variables.retrieve": lambda world: {**world.variables, "keywords": ["city", "tone"]},
    "variables.update": lambda world: {**world.variables, "data": [{"keyword": "city", "value": "Ulm"}]},
    "workflows.chat": lambda world: {
        "workflow_id": world.emulator.workflows["host"],
        "bot_id": world.emulator.bots["echo"],
        "additional_messages": world.question()["additional_messages"],
    },
    "workflows.list": lambda _: _IN_WORKSPACE,
    "workflows.node_history": lambda world: world.node,
    "workflows.retrieve": lambda world: {"workflow_id": world.emulator.workflows["book_table"]},
    "workflows.run": lambda world: {
        "workflow_id": world.emulator.workflows["table_price"],
        "parameters": {"guests": 2},
    },
    "workflows.run_history": lambda world: world.run,
    "workflows.stream": lambda world: {
        "workflow_id": world.emulator.workflows["book_table"],
        "parameters": {"city": "Rome"},
    },
    "workflows.stream_resume": lambda world: world.interrupt,
    "workflows.versions": lambda world: {"workflow_id": world.emulator.workflows["book_table"]},
    "workspaces.list": lambda _: {},
    "workspaces.members.create": lambda world: {
        **_IN_WORKSPACE,
        "users": [{"user_id": world.stranger, "role_type": "admin"}],
    },
    "workspaces.members.delete": lambda world: {**_IN_WORKSPACE, "user_ids": [world.member]},
    "workspaces.members.list": lambda _: _IN_WORKSPACE,
}


def without(given: Json, name: str) -> Json:
    return {each: value for each, value in given.items() if each != name}


def in_a_list(given: Json) -> Json:
    """Give the one document as a list of documents."""
    return {**without(given, "document_id"), "document_ids": [given["document_id"]]}

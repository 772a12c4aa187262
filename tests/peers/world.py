"""The objects that the calls of the peers are about: each property makes a new one over plain HTTP."""

from __future__ import annotations

import base64
import sys
from functools import cached_property

import httpx

from coze_client.emulator import Emulator
from coze_client.emulator.workflows import WORKSPACE
from tests.peers.sent_fields import SentFields
from tests.support import dataset_calls as datasets
from tests.support import workflow_calls as workflows
from tests.support.api_calls import ApiClient, Json, chat_ids, data, question

TEXT, PICTURES = 0, 2
VOICE = "7468512265134799901"
"""A voice that every emulator has."""


class World:
    """The objects of one emulator, with its demo content, as parameters that lead to them; `sent` is what it sends."""

    def __init__(self, emulator: Emulator, api: ApiClient) -> None:
        self.emulator, self.api = emulator, api
        self.sent = SentFields()
        emulator.inject(self.sent, "*", sys.maxsize)
        emulator.plugin("Weather", [get_weather])

    # --- bots ---

    @property
    def bot(self) -> str:
        """The id of a bot that is published."""
        bot_id = data(self.api.post("/v1/bot/create", json={"space_id": WORKSPACE, "name": "Ada"}))["bot_id"]
        data(self.api.post("/v1/bot/publish", json={"bot_id": bot_id, "connector_ids": ["1024"]}))
        return str(bot_id)

    @cached_property
    def variables(self) -> Json:
        """A bot with two variables, and the end user whose they are."""
        self.emulator.add_variables(self.emulator.bots["echo"], {"city": "Bonn", "tone": "calm"})
        return {"bot_id": self.emulator.bots["echo"], "connector_uid": "ada"}

    # --- chats and conversations ---

    def question(self, bot: str = "echo") -> Json:
        return {"bot_id": self.emulator.bots[bot], "user_id": "ada", "additional_messages": [question("Hello")]}

    def chat(self, bot: str = "echo") -> Json:
        """A chat that has come to rest, or goes on: the one of the bot "slow"."""
        chat = self.api.start(bot, "What is the weather in Zurich?")
        return chat_ids(chat if bot == "slow" else self.api.finish(chat))

    @property
    def tool_outputs(self) -> Json:
        """A chat that waits for the output of a plugin, and the output."""
        ids = self.chat("plugins")
        waiting = data(self.api.get("/v3/chat/retrieve", params=ids))
        [call] = waiting["required_action"]["submit_tool_outputs"]["tool_calls"]
        return {**ids, "tool_outputs": [{"tool_call_id": call["id"], "output": "sunny"}]}

    @property
    def conversation(self) -> Json:
        return {"conversation_id": self.api.conversation()["id"]}

    @property
    def message(self) -> Json:
        where = self.conversation
        made = data(self.api.post("/v1/conversation/message/create", params=where, json=question("one")))
        return {**where, "message_id": made["id"]}

    @property
    def answer(self) -> Json:
        """The answer of a bot."""
        ids = self.chat()
        [found, *_] = [
            each for each in data(self.api.get("/v3/chat/message/list", params=ids)) if each["type"] == "answer"
        ]
        return {"conversation_id": ids["conversation_id"], "message_id": found["id"]}

    # --- files and sounds ---

    @property
    def file(self) -> Json:
        return {"file_id": self.api.upload()["id"]}

    @cached_property
    def sound(self) -> Json:
        """The name and the bytes of a sound that says "hello"."""
        spoken = self.api.post("/v1/audio/speech", json={"input": "hello", "voice_id": VOICE, "response_format": "wav"})
        return content("hello.wav", spoken.content)

    def group(self, **features: str) -> Json:
        """A group of voiceprints; `features` names the ids of those that it shall have."""
        group_id = self._id("/v1/audio/voiceprint_groups", {"name": "family"})
        path = f"/v1/audio/voiceprint_groups/{group_id}/features"
        sound = {"file": ("hello.wav", base64.b64decode(self.sound["base64"]))}
        made = {
            each: _read_id(self.api.post(path, data={"name": name}, files=sound)) for each, name in features.items()
        }
        return {"group_id": group_id, **made}

    # --- datasets ---

    def dataset(self, format_type: int = TEXT) -> Json:
        return {"dataset_id": datasets.create_dataset(self.api, "Owls", format_type)}

    @property
    def document(self) -> Json:
        where = self.dataset()
        [document_id] = datasets.create_documents(self.api, where["dataset_id"], datasets.file("owls.txt"))
        return {**where, "document_id": document_id}

    @property
    def picture(self) -> Json:
        where = self.dataset(PICTURES)
        given = {"format_type": PICTURES, "chunk_strategy": datasets.AUTOMATIC_CAPTIONS}
        made = datasets.create_documents(self.api, where["dataset_id"], datasets.image(self.file["file_id"]), **given)
        return {**where, "document_id": made[0]}

    # --- workflows ---

    @property
    def interrupt(self) -> Json:
        """A run that waits for an answer, and the answer."""
        workflow_id = self.emulator.workflows["book_table"]
        asked = workflows.interrupt(workflows.stream(self.api, workflow_id, {"city": "Rome"}))
        return workflows.resume_body(asked, workflow_id, "19:00")

    @property
    def run(self) -> Json:
        """An asynchronous run with an output node that has ended."""
        workflow_id = self.emulator.workflows["seat_guests"]
        execute_id = workflows.run(self.api, workflow_id, {"guests": 2}, is_async=True)["execute_id"]

        def record() -> Json:
            return workflows.run_history(self.api, workflow_id, execute_id)

        self.emulator.wait_until(lambda: record()["execute_status"] == "Success")
        return {"workflow_id": workflow_id, "execute_id": execute_id}

    @property
    def node(self) -> Json:
        run = self.run
        nodes = workflows.run_history(self.api, run["workflow_id"], run["execute_id"])["node_execute_status"]
        return {**run, "node_execute_uuid": nodes["Seats"]["node_execute_uuid"]}

    # --- accounts and apps ---

    @property
    def member(self) -> str:
        """The user id of another account, which is in the workspace."""
        self.emulator.issue_token(account="7")
        return "7"

    @property
    def stranger(self) -> str:
        """The user id of another account, which has left the workspace."""
        user = self.member
        self.api.request("DELETE", f"/v1/workspaces/{WORKSPACE}/members", json={"user_ids": [user]})
        return user

    @property
    def enterprise(self) -> Json:
        """An enterprise with the other account as a member."""
        return {"enterprise_id": self.emulator.add_enterprise({self.member: "enterprise_member"})}

    @property
    def api_app(self) -> str:
        """The id of a callback app that gets events."""
        app_id = self._id("/v1/api_apps", {"app_type": "normal", "name": "listener"})
        self.api.post(f"/v1/api_apps/{app_id}/events", json={"event_types": ["bot.published"]})
        return app_id

    def _id(self, path: str, body: Json) -> str:
        return _read_id(self.api.post(path, json=body))


def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"sunny in {city}"


def _read_id(response: httpx.Response) -> str:
    """Return the id of what was made."""
    return str(data(response)["id"])


def content(name: str, raw: bytes) -> Json:
    """A file, as the peers' programs take it."""
    return {"name": name, "base64": base64.b64encode(raw).decode()}

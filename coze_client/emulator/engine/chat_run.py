"""Run a chat: convert a bot's script to messages, states and events, whether or not a client reads them."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace

from coze_client.emulator.engine.dataset_recall import recall
from coze_client.emulator.engine.incoming_messages import FIRST_MESSAGE_ID
from coze_client.emulator.protocol.stream import Event, to_json
from coze_client.emulator.scripting.bot import ScriptedBot
from coze_client.emulator.scripts import (
    Answer,
    AskClient,
    AskUser,
    Audio,
    Extra,
    Fail,
    FollowUps,
    FunctionCall,
    Hold,
    Item,
    Pause,
    Reasoning,
    ToolOutput,
    ToolResponse,
    Turn,
    Verbose,
)
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.chat_records import StoredChat, StoredMessage

logger = logging.getLogger(__name__)
FIRST_CHAT_ID = 7470000000000000001


class ChatRun:
    """One run of a chat, from its start or from submitted tool outputs until it ends or waits for the client."""

    def __init__(self, backend: Backend, chat: StoredChat, bot: ScriptedBot, turn: Turn) -> None:
        self.backend = backend
        self.dialect = backend.dialect
        self.chat = chat
        self.bot = bot
        self.turn = turn
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._answer: StoredMessage | None = None
        self._answers_open = True
        self._audio: list[bytes] = []
        self._characters = 0

    def start(self) -> None:
        """Start on the running event loop; the chat also continues if the client disconnects."""
        self.backend.runs.add(self.chat.id, self)
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def events(self) -> AsyncIterator[Event]:
        """Yield the events of this run, up to its end."""
        while (event := await self._events.get()) is not None:
            yield event

    async def _run(self) -> None:
        try:
            self._emit("conversation.chat.created", replace(self.chat, status="created").describe(self.dialect))
            self._emit("conversation.chat.in_progress", self.chat.describe(self.dialect))
            outputs = tool_outputs(self.chat)
            if not outputs:
                self._recall()
            await self._play_script(self.bot.script(replace(self.turn, outputs=outputs)))
        except Exception as error:
            logger.exception("the script of bot %s failed", self.bot.name)
            self._fail(Fail(5000, f"script error: {error}"))
        finally:
            self._events.put_nowait(None)
            if self.chat.status != "requires_action":
                self.backend.runs.remove(ChatRun, self.chat.id)

    def _recall(self) -> None:
        """Search the bot's datasets and send the result before any other message."""
        found = recall(self.backend, self.bot, self.turn.question)
        if found is not None:
            self.turn = replace(self.turn, recalled=found.slices)
            for message in found.messages:
                self._send_message(message.type, message.content)

    async def _play_script(self, items: Iterable[Item]) -> None:
        for item in items:
            if isinstance(item, Fail):
                self._fail(item)
                return
            if isinstance(item, AskClient):
                self._ask_client(item)
                return
            if isinstance(item, AskUser):
                await self._ask_user(item)
                return
            await self._send(item)
        self._finish_answers()
        self._complete()

    async def _send(self, item: Item) -> None:
        match item:
            case Reasoning(text):
                await self._send_reasoning(text)
            case Answer():
                await self._send_answer(item)
            case FunctionCall(name, arguments):
                call = {"name": name, "arguments": dict(arguments), "plugin_id": 7281192623887548473, "plugin_type": 1}
                self._send_message("function_call", to_json(call))
            case ToolResponse(content):
                self._send_message("tool_response", content)
            case Extra(kind, content, content_type):
                self._send_message(kind, content, content_type)
            case Verbose(msg_type, data):
                self._send_verbose(msg_type, data)
            case FollowUps(questions):
                self._finish_answers()
                for question in questions:
                    self._send_message("follow_up", question)
            case Audio(data):
                self._audio.append(data)
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Hold(until):
                while not until():  # noqa: ASYNC110 - the predicate is the test's and cannot wake anybody
                    await asyncio.sleep(0.005)

    async def _send_reasoning(self, text: str) -> None:
        message = self._answer = self._answer or self._new_message("answer")
        for piece in Answer(text).deltas:
            self._emit("conversation.message.delta", message.delta(reasoning=piece))
            await asyncio.sleep(self.backend.settings.pace)
        self._answer = replace(message, reasoning_content=message.reasoning_content + text)

    async def _send_answer(self, answer: Answer) -> None:
        message = self._answer or self._new_message("answer")
        pace = self.backend.settings.pace if answer.pace is None else answer.pace
        for piece in answer.deltas:
            self._emit("conversation.message.delta", message.delta(piece, content_type=answer.content_type))
            await asyncio.sleep(pace)
        self._answer = None
        self._complete_message(replace(message, content=answer.text, content_type=answer.content_type))

    def _send_message(self, kind: str, content: str, content_type: str = "text") -> None:
        self._complete_message(replace(self._new_message(kind), content=content, content_type=content_type))

    def _send_verbose(self, msg_type: str, data: str) -> None:
        self._send_message(
            "verbose", to_json({"msg_type": msg_type, "data": data, "from_module": None, "from_unit": None})
        )

    def _new_message(self, kind: str) -> StoredMessage:
        return self.chat.message(self.backend.state.new_id(StoredMessage, FIRST_MESSAGE_ID), kind, self.backend.now)

    def _complete_message(self, message: StoredMessage) -> None:
        if message.type not in ("verbose", "knowledge"):
            self._characters += len(message.content) + len(message.reasoning_content)
        if self.chat.saved and self._still_running():
            self.backend.state.save(message)
        self._emit("conversation.message.completed", message.describe(self.dialect))

    def _finish_answers(self) -> None:
        """Send the verbose message that follows the last answer, once."""
        if self._answers_open:
            self._answers_open = False
            key = "FinData" if self.dialect.has_logid else "fin_data"
            self._send_verbose("generate_answer_finish", to_json({"finish_reason": 0, key: ""}))

    def _complete(self) -> None:
        self._save_status("completed", usage=usage(self.turn, self._characters), ended_at=self.backend.now)
        self._emit("conversation.chat.completed", self.chat.describe(self.dialect))
        for data in self._audio if self.dialect.audio else ():
            piece = base64.b64encode(data).decode()
            self._emit("conversation.audio.delta", self._new_message("answer").delta(piece, content_type="audio"))
        self._emit_done()

    def _fail(self, fail: Fail) -> None:
        self._save_status("failed", error_code=fail.code, error_msg=fail.msg, ended_at=self.backend.now)
        if self.dialect.client_plugins:
            self._emit("conversation.chat.failed", self.chat.describe(self.dialect))
        else:
            self._emit("error", {"code": 103100001, "msg": fail.msg})

    def _ask_client(self, ask: AskClient) -> None:
        calls = [
            {"id": self._call_id(number), "type": "function", "name": name, "arguments": to_json(dict(arguments))}
            for number, (name, arguments) in enumerate(ask.calls)
        ]
        for call in calls:
            content = {"name": call["name"], "arguments": json.loads(call["arguments"]), "plugin_type": 1}
            self._send_message("function_call", to_json(content))
        if not self.dialect.client_plugins:
            self._interrupt(calls)
        self._require_action(calls)

    async def _ask_user(self, ask: AskUser) -> None:
        await self._send_answer(Answer(ask.question))
        self._require_action([{"id": self._call_id(0), "type": "reply_message"}])

    def _call_id(self, number: int) -> str:
        return f"call_{self.chat.id}_{len(self.chat.calls) + number + 1}"

    def _require_action(self, calls: list[dict[str, str]]) -> None:
        self._save_status(self.dialect.action_status, calls=self.chat.calls + calls)
        if self.dialect.client_plugins:
            self._emit("conversation.chat.requires_action", self.chat.describe(self.dialect))
        self._emit_done()

    def _interrupt(self, calls: list[dict[str, str]]) -> None:
        """Send the studio's form of requires_action: an answer, and a verbose message whose meta_data has the calls."""
        text = "I need: " + ", ".join(f"{call['name']}({call['arguments']})" for call in calls)
        message = self._new_message("answer")
        self._emit("conversation.message.delta", message.delta(text))
        self._complete_message(replace(message, content=text))
        content = {"msg_type": "interrupt", "data": "", "from_module": None, "from_unit": None}
        details = {"requires_action": to_json(calls), "tool_calls_ids": to_json([call["id"] for call in calls])}
        self._complete_message(replace(self._new_message("verbose"), content=to_json(content), meta_data=details))

    def _save_status(self, status: str, **changes: object) -> None:
        """Save the chat before its event is emitted, so that a reader of the event finds it; keep a cancelled chat."""
        self.chat = replace(self.chat, status=status, **changes)  # type: ignore[arg-type]  # the names are fields of StoredChat
        if self._still_running():
            self.backend.state.save(self.chat)
            self.backend.notify()

    def _still_running(self) -> bool:
        stored = self.backend.state.get(StoredChat, self.chat.id)
        return stored is not None and stored.running

    def _emit(self, name: str, data: Mapping[str, object]) -> None:
        self._events.put_nowait(Event(name, data))

    def _emit_done(self) -> None:
        self._events.put_nowait(self.dialect.done)


def tool_outputs(chat: StoredChat) -> tuple[ToolOutput, ...]:
    """Return the calls of a chat whose outputs were submitted."""
    return tuple(
        ToolOutput(call["name"], json.loads(call["arguments"]), call["output"])
        for call in chat.calls
        if "output" in call
    )


def usage(turn: Turn, characters: int) -> dict[str, int]:
    """Count four characters as one token, so that the count never varies."""
    read = len(turn.question) + sum(len(line.text) for line in turn.history)
    counts = {"output_count": characters // 4 + 1, "input_count": read // 4 + 1}
    return {"token_count": sum(counts.values()), **counts}

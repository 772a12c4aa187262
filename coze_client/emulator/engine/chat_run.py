"""Run a chat: convert a bot's script to messages, states and events, whether or not a client reads them."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace

from coze_client.emulator.engine.chat_format import OAUTH, QUESTION, chat_format_of, interrupt_details
from coze_client.emulator.engine.dataset_recall import recall
from coze_client.emulator.engine.incoming_messages import FIRST_MESSAGE_ID
from coze_client.emulator.protocol.stream import Event, to_json
from coze_client.emulator.protocol.studio_refusals import AGENT_FAILED
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
    Partial,
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
        self.format = chat_format_of(backend.dialect)
        self.chat = chat
        self.bot = bot
        self.turn = turn
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._answer: StoredMessage | None = None
        self._answers_open = True
        self._audio: list[bytes] = []
        self._characters = 0
        self._server_calls = 0
        self._usage: dict[str, int] = {}

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
            case Partial(text):
                await self._send_deltas(self._answer or self._new_message("answer"), Answer(text))
            case FunctionCall(name, arguments):
                self._server_calls += 1
                self._send_call(self._call_id(self._server_calls), name, arguments, {"plugin_id": 7281192623887548473})
            case ToolResponse(content):
                self._send_message("tool_response", content)
            case Extra(kind, content, content_type):
                self._send_message(kind, content, content_type)
            case Verbose(msg_type, data):
                self._send_verbose(msg_type, data)
            case FollowUps(questions):
                if self.dialect.follow_ups_last:
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
            self._emit("conversation.message.delta", message.delta(self.dialect, reasoning=piece))
            await asyncio.sleep(self.backend.settings.pace)
        self._answer = replace(message, reasoning_content=message.reasoning_content + text)

    async def _send_answer(self, answer: Answer) -> None:
        message = self._answer or self._new_message("answer")
        await self._send_deltas(message, answer)
        self._answer = None
        self._complete_message(replace(message, content=answer.text, content_type=answer.content_type))

    async def _send_deltas(self, message: StoredMessage, answer: Answer) -> None:
        pace = self.backend.settings.pace if answer.pace is None else answer.pace
        for piece in answer.deltas:
            delta = message.delta(self.dialect, piece, content_type=answer.content_type)
            self._emit("conversation.message.delta", delta)
            await asyncio.sleep(pace)

    def _send_call(
        self, call_id: str, name: str, arguments: Mapping[str, object], plugin: Mapping[str, object]
    ) -> None:
        self._send_message("function_call", self.format.call(call_id, name, arguments, plugin))

    def _send_message(self, kind: str, content: str, content_type: str = "text") -> None:
        self._complete_message(replace(self._new_message(kind), content=content, content_type=content_type))

    def _send_verbose(self, msg_type: str, data: str) -> None:
        self._send_message("verbose", self.format.verbose(msg_type, data))

    def _new_message(self, kind: str) -> StoredMessage:
        return self.chat.message(self.backend.state.new_id(StoredMessage, FIRST_MESSAGE_ID), kind, self.backend.now)

    def _complete_message(self, message: StoredMessage) -> None:
        if message.type not in ("verbose", "knowledge"):
            self._characters += len(message.content) + len(message.reasoning_content)
        if message.type in ("answer", "function_call"):
            self._usage = usage(self.turn, self._characters)
        message = self.format.finish(replace(message, stored_at=self.backend.next_millisecond()), self._usage)
        if self.chat.saved and self._can_change():
            self.backend.state.save(message)
        self._emit("conversation.message.completed", self.format.sent(message).describe(self.dialect))

    def _finish_answers(self) -> None:
        """Send the verbose message that follows the last answer, once."""
        if self._answers_open:
            self._answers_open = False
            self._send_verbose("generate_answer_finish", self.format.finished())

    def _complete(self) -> None:
        spent = usage(self.turn, self._characters) if self.dialect.sends_empty_fields else self._usage
        self._save_status("completed", usage=spent, ended_at=self.backend.now)
        self._emit("conversation.chat.completed", self.chat.describe(self.dialect))
        for data in self._audio if self.dialect.audio else ():
            piece = base64.b64encode(data).decode()
            spoken = self._new_message("answer").delta(self.dialect, piece, content_type="audio")
            self._emit("conversation.audio.delta", spoken)
        self._emit_done()

    def _fail(self, fail: Fail) -> None:
        if self.dialect.completes_failed_chats and not fail.before_answering:
            self._emit("error", {"code": 103200002, "msg": "Internal Server Error"})
            self._complete()
            return
        self._save_status("failed", error_code=fail.code, error_msg=fail.msg, ended_at=self.backend.now)
        if self.dialect.completes_failed_chats:
            self._emit("error", {"code": AGENT_FAILED, "msg": fail.msg})
        else:
            self._emit("conversation.chat.failed", self.chat.describe(self.dialect))

    def _ask_client(self, ask: AskClient) -> None:
        calls = [
            {"id": self._call_id(number), "type": "function", "name": name, "arguments": to_json(dict(arguments))}
            for number, (name, arguments) in enumerate(ask.calls)
        ]
        for call in calls:
            self._send_call(call["id"], call["name"], json.loads(call["arguments"]), {})
        if self.dialect.client_plugins:
            self._require_action(calls)
        else:
            text = "I need: " + ", ".join(f"{call['name']}({call['arguments']})" for call in calls)
            self._interrupt(text, calls[0]["id"], OAUTH)

    async def _ask_user(self, ask: AskUser) -> None:
        call_id = self._call_id(0)
        if self.dialect.client_plugins:
            await self._send_answer(Answer(ask.question))
            self._require_action([{"id": call_id, "type": "reply_message"}])
        else:
            self._send_call(call_id, "ask", {}, {})
            self._interrupt(ask.question, call_id, QUESTION)

    def _call_id(self, number: int) -> str:
        return f"call_{self.chat.id}_{len(self.chat.calls) + number + 1}"

    def _require_action(self, calls: list[dict[str, str]]) -> None:
        self._save_status("requires_action", calls=self.chat.calls + calls)
        self._emit("conversation.chat.requires_action", self.chat.describe(self.dialect))
        self._emit_done()

    def _interrupt(self, text: str, call_id: str, kind: int) -> None:
        """Send the studio's form of a question: an answer, and a verbose message with the details; end the chat."""
        self._send_message("tool_response", "directly streaming reply")
        message = self._new_message("answer")
        self._emit("conversation.message.delta", message.delta(self.dialect, text))
        self._complete_message(replace(message, content=text))
        details, content = interrupt_details(call_id, kind), self.format.verbose("interrupt", "")
        self._complete_message(replace(self._new_message("verbose"), content=content, meta_data=details))
        self._finish_answers()
        self._complete()

    def _save_status(self, status: str, **changes: object) -> None:
        """Save the chat before its event is emitted, so that a reader of the event finds it."""
        self.chat = replace(self.chat, status=status, **changes)  # type: ignore[arg-type]  # the names are fields of StoredChat
        if self._can_change():
            self.backend.state.save(self.chat)
            self.backend.notify()

    def _can_change(self) -> bool:
        """Whether the run may still change what is stored; a cancelled chat of the studio runs on."""
        stored = self.backend.state.get(StoredChat, self.chat.id)
        return stored is not None and (stored.running or not self.dialect.cancelling_stops)

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

"""A chat being performed: a bot's script turned into messages, states and events, whether or not anybody reads them."""

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
from coze_client.emulator.state.records import StoredChat, StoredMessage

logger = logging.getLogger(__name__)
FIRST_CHAT_ID = 7470000000000000001


class BotRun:
    """One chat from its start, or from the submission of tool outputs, to where it rests again."""

    def __init__(self, backend: Backend, chat: StoredChat, bot: ScriptedBot, turn: Turn) -> None:
        self.backend = backend
        self.dialect = backend.dialect
        self.chat = chat
        self.bot = bot
        self.turn = turn
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._answer: StoredMessage | None = None
        self._answering = True
        self._audio: list[bytes] = []
        self._written = 0

    def start(self) -> None:
        """Begins on the running loop; the chat then goes on by itself, also when its reader has left."""
        self.backend.runs.add(self.chat.id, self)
        self._task = asyncio.get_running_loop().create_task(self._perform())

    async def events(self) -> AsyncIterator[Event]:
        while (event := await self._events.get()) is not None:
            yield event

    async def _perform(self) -> None:
        try:
            self._say("conversation.chat.created", replace(self.chat, status="created").wire(self.dialect))
            self._say("conversation.chat.in_progress", self.chat.wire(self.dialect))
            outputs = tool_outputs(self.chat)
            if not outputs:
                self._recall()
            await self._play(self.bot.script(replace(self.turn, outputs=outputs)))
        except Exception as error:
            logger.exception("the script of bot %s failed", self.bot.name)
            self._fail(Fail(5000, f"script error: {error}"))
        finally:
            self._events.put_nowait(None)
            if self.chat.status != "requires_action":
                self.backend.runs.remove(BotRun, self.chat.id)

    def _recall(self) -> None:
        """Looks into the bot's datasets, and tells what it found before anything else."""
        found = recall(self.backend, self.bot, self.turn.question)
        if found is not None:
            self.turn = replace(self.turn, recalled=found.slices)
            for message in found.messages:
                self._message(message.type, message.content)

    async def _play(self, items: Iterable[Item]) -> None:
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
            await self._do(item)
        self._finish_answers()
        self._complete()

    async def _do(self, item: Item) -> None:
        match item:
            case Reasoning(text):
                await self._reason(text)
            case Answer():
                await self._say_answer(item)
            case FunctionCall(name, arguments):
                call = {"name": name, "arguments": dict(arguments), "plugin_id": 7281192623887548473, "plugin_type": 1}
                self._message("function_call", to_json(call))
            case ToolResponse(content):
                self._message("tool_response", content)
            case Extra(kind, content, content_type):
                self._message(kind, content, content_type)
            case Verbose(msg_type, data):
                self._verbose(msg_type, data)
            case FollowUps(questions):
                self._finish_answers()
                for question in questions:
                    self._message("follow_up", question)
            case Audio(data):
                self._audio.append(data)
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Hold(until):
                while not until():  # noqa: ASYNC110 - the predicate is the test's and cannot wake anybody
                    await asyncio.sleep(0.005)

    async def _reason(self, text: str) -> None:
        message = self._answer = self._answer or self._new_message("answer")
        for piece in Answer(text).deltas:
            self._say("conversation.message.delta", message.delta(reasoning=piece))
            await asyncio.sleep(self.backend.settings.pace)
        self._answer = replace(message, reasoning_content=message.reasoning_content + text)

    async def _say_answer(self, answer: Answer) -> None:
        message = self._answer or self._new_message("answer")
        pace = self.backend.settings.pace if answer.pace is None else answer.pace
        for piece in answer.deltas:
            self._say("conversation.message.delta", message.delta(piece, content_type=answer.content_type))
            await asyncio.sleep(pace)
        self._answer = None
        self._complete_message(replace(message, content=answer.text, content_type=answer.content_type))

    def _message(self, kind: str, content: str, content_type: str = "text") -> None:
        self._complete_message(replace(self._new_message(kind), content=content, content_type=content_type))

    def _verbose(self, msg_type: str, data: str) -> None:
        self._message("verbose", to_json({"msg_type": msg_type, "data": data, "from_module": None, "from_unit": None}))

    def _new_message(self, kind: str) -> StoredMessage:
        return self.chat.message(self.backend.state.new_id(StoredMessage, FIRST_MESSAGE_ID), kind, self.backend.now)

    def _complete_message(self, message: StoredMessage) -> None:
        if message.type not in ("verbose", "knowledge"):
            self._written += len(message.content) + len(message.reasoning_content)
        if self.chat.saved and self._still_wanted():
            self.backend.state.save(message)
        self._say("conversation.message.completed", message.wire(self.dialect))

    def _finish_answers(self) -> None:
        """The verbose message that says so, once, after the last answer."""
        if self._answering:
            self._answering = False
            key = "FinData" if self.dialect.says_logid else "fin_data"
            self._verbose("generate_answer_finish", to_json({"finish_reason": 0, key: ""}))

    def _complete(self) -> None:
        self._rest("completed", usage=usage(self.turn, self._written), ended_at=self.backend.now)
        self._say("conversation.chat.completed", self.chat.wire(self.dialect))
        for data in self._audio if self.dialect.audio else ():
            piece = base64.b64encode(data).decode()
            self._say("conversation.audio.delta", self._new_message("answer").delta(piece, content_type="audio"))
        self._say_done()

    def _fail(self, fail: Fail) -> None:
        self._rest("failed", error_code=fail.code, error_msg=fail.msg, ended_at=self.backend.now)
        if self.dialect.client_plugins:
            self._say("conversation.chat.failed", self.chat.wire(self.dialect))
        else:
            self._say("error", {"code": 103100001, "msg": fail.msg})

    def _ask_client(self, ask: AskClient) -> None:
        calls = [
            {"id": self._call_id(number), "type": "function", "name": name, "arguments": to_json(dict(arguments))}
            for number, (name, arguments) in enumerate(ask.calls)
        ]
        for call in calls:
            content = {"name": call["name"], "arguments": json.loads(call["arguments"]), "plugin_type": 1}
            self._message("function_call", to_json(content))
        if not self.dialect.client_plugins:
            self._interrupt(calls)
        self._require_action(calls)

    async def _ask_user(self, ask: AskUser) -> None:
        await self._say_answer(Answer(ask.question))
        self._require_action([{"id": self._call_id(0), "type": "reply_message"}])

    def _call_id(self, number: int) -> str:
        return f"call_{self.chat.id}_{len(self.chat.calls) + number + 1}"

    def _require_action(self, calls: list[dict[str, str]]) -> None:
        self._rest(self.dialect.action_status, calls=self.chat.calls + calls)
        if self.dialect.client_plugins:
            self._say("conversation.chat.requires_action", self.chat.wire(self.dialect))
        self._say_done()

    def _interrupt(self, calls: list[dict[str, str]]) -> None:
        """The studio's agents ask in an answer, and say the rest in a verbose message's meta_data."""
        text = "I need: " + ", ".join(f"{call['name']}({call['arguments']})" for call in calls)
        message = self._new_message("answer")
        self._say("conversation.message.delta", message.delta(text))
        self._complete_message(replace(message, content=text))
        content = {"msg_type": "interrupt", "data": "", "from_module": None, "from_unit": None}
        details = {"requires_action": to_json(calls), "tool_calls_ids": to_json([call["id"] for call in calls])}
        self._complete_message(replace(self._new_message("verbose"), content=to_json(content), meta_data=details))

    def _rest(self, status: str, **changes: object) -> None:
        """The state is saved before the event says it, so that its reader finds it so; a cancelled chat stays that."""
        self.chat = replace(self.chat, status=status, **changes)  # type: ignore[arg-type]  # the names are Chat's own
        if self._still_wanted():
            self.backend.state.save(self.chat)
            self.backend.notify()

    def _still_wanted(self) -> bool:
        known = self.backend.state.get(StoredChat, self.chat.id)
        return known is not None and known.running

    def _say(self, name: str, data: Mapping[str, object]) -> None:
        self._events.put_nowait(Event(name, data))

    def _say_done(self) -> None:
        self._events.put_nowait(self.dialect.done)


def tool_outputs(chat: StoredChat) -> tuple[ToolOutput, ...]:
    return tuple(
        ToolOutput(call["name"], json.loads(call["arguments"]), call["output"])
        for call in chat.calls
        if "output" in call
    )


def usage(turn: Turn, written: int) -> dict[str, int]:
    """Tokens counted as four characters each, the same every time."""
    read = len(turn.question) + sum(len(line.text) for line in turn.history)
    counts = {"output_count": written // 4 + 1, "input_count": read // 4 + 1}
    return {"token_count": sum(counts.values()), **counts}

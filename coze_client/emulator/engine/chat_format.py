"""The contents and the meta_data of a bot's messages in both dialects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from coze_client.emulator.protocol.dialect import Dialect
from coze_client.emulator.protocol.stream import to_json
from coze_client.emulator.state.chat_records import StoredMessage

OAUTH, QUESTION = 7, 2
"""The studio's numbers for what an agent waits for."""


class ChatFormat:
    """The format of the cloud."""

    def call(self, call_id: str, name: str, arguments: Mapping[str, object], plugin: Mapping[str, object]) -> str:
        """Return the content of a function_call; `plugin` has the fields of a plugin that the server runs itself."""
        return to_json({"name": name, "arguments": dict(arguments), **plugin, "plugin_type": 1})

    def verbose(self, msg_type: str, data: str) -> str:
        """Return the content of a verbose message."""
        return to_json({"msg_type": msg_type, "data": data, "from_module": None, "from_unit": None})

    def finished(self) -> str:
        """Return the data of generate_answer_finish."""
        return to_json({"finish_reason": 0, "FinData": ""})

    def finish(self, message: StoredMessage, usage: Mapping[str, int]) -> StoredMessage:
        """Return a completed message with its meta_data; `usage` is that of the chat so far."""
        return message

    def sent(self, message: StoredMessage) -> StoredMessage:
        """Return the message as its event has it."""
        return message


class StudioChatFormat(ChatFormat):
    """The format of coze-studio, read from its source."""

    def call(self, call_id: str, name: str, arguments: Mapping[str, object], plugin: Mapping[str, object]) -> str:
        function = {"name": name, "arguments": to_json(dict(arguments))}
        return to_json({"id": call_id, "type": "function", "function": function})

    def verbose(self, msg_type: str, data: str) -> str:
        return to_json({"msg_type": msg_type, "data": data, "from_unit": ""})

    def finished(self) -> str:
        return to_json({"finish_reason": 0, "fin_data": ""})

    def finish(self, message: StoredMessage, usage: Mapping[str, int]) -> StoredMessage:
        bot_id = message.bot_id
        state = {"bot_id": bot_id, "agent_name": "", "agent_id": bot_id, "awaiting": bot_id}
        meta_data = {**message.meta_data, "bot_state": to_json(state)}
        if message.type == "answer":
            meta_data |= {
                "token": str(usage["token_count"]),
                "input_tokens": str(usage["input_count"]),
                "output_tokens": str(usage["output_count"]),
            }
        if message.type in ("answer", "function_call", "tool_response", "knowledge"):
            meta_data["time_cost"] = "0.0"
        return replace(message, meta_data=meta_data)

    def sent(self, message: StoredMessage) -> StoredMessage:
        return replace(message, reasoning_content="")  # only the deltas and the list have it


def chat_format_of(dialect: Dialect) -> ChatFormat:
    """Return the format of the dialect."""
    return ChatFormat() if dialect.name == "cloud" else StudioChatFormat()


def interrupt_details(call_id: str, kind: int) -> dict[str, str]:
    """Return the meta_data of the studio's message about an interrupt; the calls themselves are not in it."""
    resume = {
        "AllToolInterruptData": None,
        "AllWfInterruptData": None,
        "ToolCallID": call_id,
        "InterruptType": kind,
        "InterruptID": call_id,
        "ChatflowInterrupt": None,
    }
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": None}}
    return {"requires_action": to_json(action), "resume_info": to_json(resume), "tool_calls_ids": call_id}

"""Streams an answer for which the bot calls two functions of this program, all in one chat.

The bot needs the client plugins ``get_weather(city)`` and ``get_time(timezone)``, declared in Coze.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from coze_client import ChatStream, CozeClient, Message, ToolCall, ToolOutput

PLUGINS: dict[str, Callable[..., str]] = {
    "get_weather": lambda city: f"14 °C in {city}",
    "get_time": lambda timezone: f"half past nine in {timezone}",
}


def run_plugin(call: ToolCall) -> ToolOutput:
    """Runs the function that the bot called."""
    if call.function is None or call.function.name not in PLUGINS:
        return ToolOutput(tool_call_id=call.id, output="There is no such plugin")
    arguments = json.loads(call.function.arguments)
    print(f"[{call.function.name} {arguments}]")
    return ToolOutput(tool_call_id=call.id, output=PLUGINS[call.function.name](**arguments))


def show(stream: ChatStream) -> None:
    """Prints the answer of a stream; continues the chat as long as it requires tool outputs."""
    with stream:
        for event in stream:
            print(event.delta, end="", flush=True)
    if stream.chat and stream.chat.tool_calls:
        show(
            client.chats.stream_tool_outputs(
                conversation_id=stream.chat.conversation_id,
                chat_id=stream.chat.id,
                tool_outputs=[run_plugin(call) for call in stream.chat.tool_calls],
                known_message_ids=[message.id for message in stream.messages],
            )
        )


client = CozeClient()
question = Message.user("What is the weather in Zurich, and what time is it there?")
show(client.chats.stream(bot_id=os.environ["COZE_BOT_ID"], user_id="examples", additional_messages=[question]))
print()

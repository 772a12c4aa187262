"""A dialogue with a bot in one conversation: asks, shows the answer, hands over files and outputs of tools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from coze_client.api.chats.stream import ChatStream
from coze_client.api.chats.values import Chat, PublishStatus, ToolCall, ToolOutput
from coze_client.api.conversations.values import Message
from coze_client.api.files.values import File
from coze_client.cli.answer_view import view_for
from coze_client.cli.folded import Folded, describe_usage
from coze_client.cli.terminal import Terminal
from coze_client.client import CozeClient
from coze_client.core.media import mime_of
from coze_client.errors import ConfigurationError

AskForOutput = Callable[[str], str]
"""Asks the user for the output of a call, which is given as ``name(arguments)``."""


def refuse_call(call: str) -> str:
    """Raise ConfigurationError for a call of a tool, where nobody can be asked for its output."""
    raise ConfigurationError(
        f"The bot calls {call}, and waits for the output", cure="Chat in a terminal, or use a program that has the tool"
    )


@dataclass
class ChatSession:
    """A dialogue with a bot. ``conversation_id`` is "" until the first answer begins.

    ``files`` go with the next question. ``folded``: the thoughts and calls of the last answer.
    """

    client: CozeClient
    terminal: Terminal
    bot_id: str
    user_id: str
    conversation_id: str = ""
    publish_status: PublishStatus | None = None
    ask_for_output: AskForOutput = refuse_call
    files: list[File] = field(default_factory=list)
    folded: Sequence[Folded] = ()

    def attach(self, path: Path) -> File:
        """Upload a file for the next question."""
        file = self.client.files.upload(path.expanduser())
        self.files.append(file)
        return file

    def ask(self, text: str) -> None:
        """Ask, and show the answer until its end. Ctrl-C, or any error, cancels the chat and keeps the conversation."""
        stream = self.client.chats.stream(
            bot_id=self.bot_id,
            user_id=self.user_id,
            additional_messages=[self._message(text)],
            conversation_id=self.conversation_id or None,
            publish_status=self.publish_status,
        )
        self.folded, known = (), list[Message]()
        while chat := self._show(stream):
            known += stream.messages
            stream = self.client.chats.stream_tool_outputs(
                conversation_id=chat.conversation_id,
                chat_id=chat.id,
                tool_outputs=self._outputs(chat),
                known_message_ids=[message.id for message in known],
            )

    def _message(self, text: str) -> Message:
        kinds = [(mime_of(file.file_name).partition("/")[0], file) for file in self.files]
        return Message.user(
            text,
            images=[file for kind, file in kinds if kind == "image"],
            audio=[file for kind, file in kinds if kind == "audio"],
            files=[file for kind, file in kinds if kind not in ("image", "audio")],
        )

    def _show(self, stream: ChatStream) -> Chat | None:
        """Show a stream to its end; return the chat if it waits for outputs of tools."""
        view = view_for(self.terminal)
        try:
            with view, stream:
                for event in stream:
                    view.add(event)
        finally:
            self.conversation_id = stream.conversation_id or self.conversation_id
            self.folded = (*self.folded, *view.parts.parts)
            self.files = [] if stream.chat_id else self.files  # a chat that did not begin took none
        for question in view.parts.follow_ups:
            self.terminal.note(f"→ {question}")
        if usage := describe_usage(stream.chat.usage if stream.chat else None):
            self.terminal.note(usage)
        return stream.chat if stream.chat and waiting_calls(stream.chat) else None

    def _outputs(self, chat: Chat) -> list[ToolOutput]:
        """Ask for the output of each call. Without it the chat waits on, and the next question ends it."""
        return [
            ToolOutput(tool_call_id=call.id, output=self.ask_for_output(_described(call)))
            for call in waiting_calls(chat)
        ]


def waiting_calls(chat: Chat) -> list[ToolCall]:
    """The calls of functions that a chat waits for; a question of a workflow is answered by the next message."""
    return [call for call in chat.tool_calls if call.function and call.type != "reply_message"]


def _described(call: ToolCall) -> str:
    return f"{call.function.name}({call.function.arguments})" if call.function else call.id

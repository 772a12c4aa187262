"""Prints errors with their code, their log id (Coze's support asks for it) and their likely cure."""

from __future__ import annotations

import os

from coze_client import ChatFailed, CozeClient, CozeError, Message, NotFound, StreamInterrupted

client = CozeClient()


def ask(bot_id: str) -> str:
    """Returns the answer, or the part of it that arrived."""
    try:
        with client.chats.stream(
            bot_id=bot_id, user_id="examples", additional_messages=[Message.user("How are you?")]
        ) as stream:
            for _ in stream:
                pass
        return stream.text
    except StreamInterrupted as error:  # the connection broke, and the rest cannot be fetched
        return error.text
    except ChatFailed as error:  # the bot started to answer and failed
        return f"{error.text} [{error.code}: {error.message}]"


print(ask(os.environ["COZE_BOT_ID"]))

try:
    ask("1234567890123456789")
except NotFound as error:
    print(error.code, error.message, error.logid)
    print("Cure:", error.cure)
except CozeError as error:  # any other error
    print(error)

"""cozepy has no recall: its user reads the whole chat and selects the message."""

from __future__ import annotations

from cozepy import Coze, Message, TokenAuth


class Blocking:
    def __init__(self, url: str) -> None:
        self.chat = Coze(auth=TokenAuth("token"), base_url=url).chat

    def call(self) -> object:
        question = [Message.build_user_question_text("Which train is late?")]
        return list(self.chat.stream(bot_id="1", user_id="u", additional_messages=question))

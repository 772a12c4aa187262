"""Creates a bot with a picture, publishes it, chats with it, changes and publishes it again, and takes it offline."""

from __future__ import annotations

import os
from pathlib import Path

from coze_client import BotOnboardingInfo, BotPromptInfo, CozeClient, Message

client = CozeClient()
picture = client.files.upload(Path(__file__).with_name("picture.png"))
bot_id = client.bots.create(
    name="Translator",
    workspace_id=os.environ["COZE_WORKSPACE_ID"],
    icon_file_id=picture.id,
    prompt_info=BotPromptInfo(prompt="You translate from English to Chinese."),
    onboarding_info=BotOnboardingInfo(prologue="What may I translate?", suggested_questions=("Hello", "Thank you")),
)
try:
    print("Version", client.bots.publish(bot_id=bot_id))
    result = client.chats.create_and_poll(
        bot_id=bot_id, user_id="examples", additional_messages=[Message.user("Good morning")]
    )
    print("It answered:", result.text)

    client.bots.update(bot_id=bot_id, name="Interpreter")  # changes the draft alone
    print("Still online:", client.bots.retrieve(bot_id=bot_id).name)
    client.bots.publish(bot_id=bot_id)
    print("Now online:", client.bots.retrieve(bot_id=bot_id).name)
finally:
    client.bots.unpublish(bot_id=bot_id)

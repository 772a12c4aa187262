"""Sets timeouts and retries for a client and for one call, then chats over your own HTTP client."""

from __future__ import annotations

import os

import httpx

from coze_client import CozeClient, Message, NotFound, Retry, Timeout

bot_id = os.environ["COZE_BOT_ID"]

# Seconds: to connect, between two pieces of an answer, and for a whole call with its retries.
patient = CozeClient(timeout=Timeout(connect=5, read=600, deadline=900), retry=Retry(attempts=5, deadline=120))

# A copy for one call, over the same connections; retry=None disables retries.
hurried = patient.options(timeout=10, retry=None)
try:
    hurried.chats.retrieve(conversation_id="1", chat_id="1")
except NotFound as error:
    print("Answered in time:", error)

# Your own HTTP client: its limits, proxy and certificates are used, and you close it.
with httpx.Client(limits=httpx.Limits(max_connections=10)) as http_client:
    client = CozeClient(http_client=http_client)
    with client.chats.stream(
        bot_id=bot_id, user_id="examples", additional_messages=[Message.user("Hello over your own client")]
    ) as stream:
        for event in stream:
            print(event.delta, end="", flush=True)
print()

"""A service account: no user logs in, the app signs with its private key.

Put the path of the OAuth app's configuration ("service") into ``COZE_OAUTH_CONFIG``. ``CozeClient()`` alone would find
it there too, and so would ``ChatCoze(bot_id=…)`` and ``CozeLLM(bot_id=…)``.
"""

from __future__ import annotations

import os
from pathlib import Path

from coze_client import JWT, CozeClient, FileStore, from_config

service = from_config(Path(os.environ["COZE_OAUTH_CONFIG"]), store=FileStore("coze_tokens.json"))
assert isinstance(service, JWT)
client = CozeClient(service)  # the token is had when it is needed, shared by processes, and renewed before it expires
print("This is", client.request("GET", "/v1/users/me")["data"])

# One service, many users: each has a token of their own, and sees only their own conversations.
for user in ("ann", "bob"):
    tenant = client.options(token=service.for_session(user))  # over the same connections
    print(user, "talks in", tenant.conversations.create().id)

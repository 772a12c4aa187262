"""Signs in as a service account, without a user, and creates one conversation each for two users of the service.

Set ``COZE_OAUTH_CONFIG`` to the path of the OAuth app's configuration ("service"). ``CozeClient()``,
``ChatCoze(bot_id=…)`` and ``CozeLLM(bot_id=…)`` also read this variable.
"""

from __future__ import annotations

import os
from pathlib import Path

from coze_client import JWT, CozeClient, FileStore, from_config

service = from_config(Path(os.environ["COZE_OAUTH_CONFIG"]), store=FileStore("coze_tokens.json"))
assert isinstance(service, JWT)
client = CozeClient(service)  # requests a token at the first call, renews it in time, shares it with other processes
print("This is", client.users.me().user_name)

# One service, many users: each user has a separate token, and sees only their own conversations.
for user in ("ann", "bob"):
    tenant = client.options(token=service.for_session(user))  # uses the same connections
    print(user, "talks in", tenant.conversations.create().id)

"""Passes a personal access token in three ways, and prints the account that it belongs to.

Create a token at https://www.coze.com/open/oauth/pats (or coze.cn) and set ``COZE_API_TOKEN`` to it.
"""

from __future__ import annotations

import os

from coze_client import CozeClient


def read_token() -> str:
    """Returns the token, for each request; here you could read a vault, or a token that changes."""
    return os.environ["COZE_API_TOKEN"]


from_environment = CozeClient()
from_text = CozeClient(os.environ["COZE_API_TOKEN"])
from_function = CozeClient(read_token)

for client in (from_environment, from_text, from_function):
    user = client.users.me()
    print("The token is good for", client.base_url, "and belongs to", user.user_name, user.user_id)

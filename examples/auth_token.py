"""Personal access token: the three ways to say who is calling.

Make a token at https://www.coze.com/open/oauth/pats (or coze.cn) and put it into ``COZE_API_TOKEN``.
"""

from __future__ import annotations

import os

from coze_client import CozeClient


def read_token() -> str:
    """Called for each request: a place for a vault, or for tokens that change."""
    return os.environ["COZE_API_TOKEN"]


from_environment = CozeClient()
from_text = CozeClient(os.environ["COZE_API_TOKEN"])
from_function = CozeClient(read_token)

for client in (from_environment, from_text, from_function):
    account = client.request("GET", "/v1/users/me")["data"]
    print("The token is good for", client.base_url, "and belongs to", account)

"""Prints a link and a code, waits until the user confirms the code on another machine, and prints the user.

Set ``COZE_OAUTH_CONFIG`` to the path of the OAuth app's configuration ("TV or limited input device").
"""

from __future__ import annotations

import os

from coze_client import AccessDenied, CozeClient, ExpiredToken, FileStore, from_config

client = CozeClient(from_config(os.environ["COZE_OAUTH_CONFIG"], store=FileStore("coze_tokens.json")))

login = client.oauth.start_device()
print(f"Open {login.verification_url} and confirm {login.user_code} within {login.expires_in:.0f} s", flush=True)
try:
    client.oauth.wait_for_device(login)  # polls as often as the server allows; Ctrl-C stops it
except AccessDenied:
    raise SystemExit("You have refused.") from None
except ExpiredToken:
    raise SystemExit("That took too long: run me again.") from None

print("Logged in as", client.users.me().user_name)

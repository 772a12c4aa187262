"""OAuth of a device: a command line on a server shows a code, and the user confirms it on another machine.

Put the path of the OAuth app's configuration ("TV or limited input device") into ``COZE_OAUTH_CONFIG``.
"""

from __future__ import annotations

import os

from coze_client import AccessDenied, CozeClient, ExpiredToken, FileStore, from_config

client = CozeClient(from_config(os.environ["COZE_OAUTH_CONFIG"], store=FileStore("coze_tokens.json")))

login = client.oauth.start_device()
print(f"Open {login.verification_url} and confirm {login.user_code} within {login.expires_in:.0f} s", flush=True)
try:
    client.oauth.wait_for_device(login)  # asks as often as the server allows; Ctrl-C ends it
except AccessDenied:
    raise SystemExit("You have refused.") from None
except ExpiredToken:
    raise SystemExit("That took too long: run me again.") from None

print("Logged in as", client.request("GET", "/v1/users/me")["data"])

"""OAuth of a web app: the user's browser goes to Coze and comes back with a code.

Download the configuration of your OAuth app ("web application") from Coze and put its path into ``COZE_OAUTH_CONFIG``.
``web_login/app.py`` is the same as a real web app.
"""

from __future__ import annotations

import os

from coze_client import CozeClient, FileStore, from_config

app = from_config(
    os.environ["COZE_OAUTH_CONFIG"],
    store=FileStore("coze_tokens.json"),  # the login outlives the process
    redirect_uri=os.environ.get("COZE_OAUTH_REDIRECT_URI", "http://127.0.0.1:8766/callback"),
)
client = CozeClient(app)

login = client.oauth.login()  # keep it beside the user's session: its state is checked when they come back
print("Open", login.url)
client.oauth.finish(login, input("Then paste the address that you came back to: "))

print("Logged in as", client.request("GET", "/v1/users/me")["data"])  # from here on the token is renewed by itself

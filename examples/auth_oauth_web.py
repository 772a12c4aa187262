"""Prints a login link of a web app, reads the address that Coze redirects to, and prints the user.

Download the configuration of your OAuth app ("web application") from Coze and set ``COZE_OAUTH_CONFIG`` to its path.
``web_login/app.py`` does the same in a real web app.
"""

from __future__ import annotations

import os

from coze_client import CozeClient, FileStore, from_config

app = from_config(
    os.environ["COZE_OAUTH_CONFIG"],
    store=FileStore("coze_tokens.json"),  # the login survives a restart of the program
    redirect_uri=os.environ.get("COZE_OAUTH_REDIRECT_URI", "http://127.0.0.1:8766/callback"),
)
client = CozeClient(app)

login = client.oauth.login()  # keep it in the user's session: `finish` checks its state
print("Open", login.url)
client.oauth.finish(login, input("Then paste the address that you came back to: "))

print("Logged in as", client.users.me().user_name)  # from now on the client renews the token

"""Opens the browser for a login with PKCE, and prints the user. PKCE is for apps that cannot keep a secret.

Register an OAuth app ("mobile, desktop") whose redirect URI is on your own machine. Set ``COZE_OAUTH_CONFIG`` to the
path of its configuration.
"""

from __future__ import annotations

import os

from coze_client import CozeClient, FileStore, from_config

app = from_config(
    os.environ["COZE_OAUTH_CONFIG"],
    store=FileStore("coze_tokens.json"),
    redirect_uri=os.environ.get("COZE_OAUTH_REDIRECT_URI", "http://127.0.0.1:8766/callback"),
)
client = CozeClient(app)

client.oauth.login_with_browser()  # opens the browser, and listens at the redirect URI for one request
print("Logged in as", client.users.me().user_name)

# Step by step, if your program opens the page itself:
login = client.oauth.login(method="S256")
print("Verifier of", len(login.verifier or ""), "characters, kept until client.oauth.finish(login, address)")

client.oauth.logout()  # deletes the stored token

"""Prints the user of the token, then calls an endpoint by its path, with the same token, retries and errors."""

from __future__ import annotations

from coze_client import CozeClient

client = CozeClient()
user = client.users.me()
print("You are", user.user_name)

# By their path you can also call endpoints that have no method here.
answer = client.request("GET", "/v1/users/me")
print("The API returns", answer["data"])

"""Calls an endpoint that has no method here, with the same token, retries and errors, and prints its JSON."""

from __future__ import annotations

from coze_client import CozeClient

client = CozeClient()
answer = client.request("GET", "/v1/users/me")
print("You are", answer["data"])

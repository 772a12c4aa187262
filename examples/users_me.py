"""An endpoint without a method here: the same token, retries and errors, and plain JSON back."""

from __future__ import annotations

from coze_client import CozeClient

client = CozeClient()
answer = client.request("GET", "/v1/users/me")
print("You are", answer["data"])

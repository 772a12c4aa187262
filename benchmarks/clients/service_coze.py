"""This project's core as a service account, with threads and with tasks, and the cost of one more user."""

from __future__ import annotations

from functools import cache
from itertools import count

from benchmarks.clients.service_key import private_key
from coze_client import JWT, AsyncCozeClient, CozeClient


def service() -> JWT:
    return JWT("1", private_key=private_key(), public_key_id="k")


class Threads:
    def __init__(self, url: str) -> None:
        self.chats = CozeClient(service(), base_url=url).chats

    def call(self) -> object:
        return self.chats.retrieve(chat_id="1", conversation_id="1")


class Tasks:
    def __init__(self, url: str) -> None:
        self.chats = AsyncCozeClient(service(), base_url=url).chats

    async def call(self) -> object:
        return await self.chats.retrieve(chat_id="1", conversation_id="1")


@cache
def shared(url: str) -> tuple[JWT, CozeClient]:
    made = service()
    return made, CozeClient(made, base_url=url)


class Tenant:
    numbers = count()

    def __init__(self, url: str) -> None:
        common, client = shared(url)
        self.chats = client.options(token=common.for_session(f"user {next(self.numbers)}")).chats


class Signature:
    def __init__(self, url: str) -> None:
        self.signed = shared(url)[0].sign(url)

"""Users: the account that a token belongs to.

Not on coze-studio. No API page; the official SDKs of Python, Go and JavaScript agree.
"""

from __future__ import annotations

from coze_client.core.model import Model
from coze_client.core.request import Request
from coze_client.core.resource import ConcurrencyT, Resource, call
from coze_client.core.response import Payload


class User(Model):
    """A Coze account; only ``user_id`` is sure to be set, the names and the URL of the picture may be ""."""

    user_id: str = ""
    user_name: str = ""
    nick_name: str = ""
    avatar_url: str = ""


class Users(Resource[ConcurrencyT]):
    """``client.users``: the user that the token belongs to."""

    @call
    def me(self) -> Request[User]:
        """Retrieve the user that the token belongs to: the cheapest check of a token. Any valid token may call it.

        Raises AuthenticationError (4100) for a wrong token, ProtocolError if the response names no user.
        """
        return Request("GET", "/v1/users/me", Payload(User, needed="user_id"))

"""Prints three errors of signing in, each with its likely cure.

Set ``COZE_OAUTH_CONFIG`` to the path of any OAuth app's configuration.
"""

from __future__ import annotations

import os

from coze_client import (
    AccessDenied,
    AuthenticationError,
    CozeClient,
    CozeError,
    ExpiredToken,
    InvalidClient,
    OAuthError,
    PermissionDenied,
    from_config,
)


def explain(client: CozeClient) -> str:
    """Requests the current user; returns the user, or the error and what to do about it."""
    try:
        return f"Good: you are {client.users.me().user_name}"
    except ExpiredToken as error:  # nobody is logged in, or the login has expired: send the user to the login page
        return f"Log in: {error}"
    except AccessDenied as error:  # the user, or the owner of the app, refused
        return f"Refused: {error}"
    except InvalidClient as error:  # the app's secret, its key or this machine's clock is wrong
        return f"Check the app: {error}"
    except OAuthError as error:  # any other error of signing in; error.code is Coze's code
        return f"Cannot sign in: {error}"
    except AuthenticationError as error:  # a personal token that is wrong, expired or of another region
        return f"Check the token: {error}"
    except PermissionDenied as error:  # a valid token without the permission for this call
        return f"Not allowed: {error}"


app = from_config(os.environ["COZE_OAUTH_CONFIG"])
print(explain(CozeClient(app)))
print(explain(CozeClient("pat_of_somebody_else", base_url=app.base_url)))

try:
    from_config({"client_type": "jwt", "client_id": "1160", "public_key_id": "k", "private_key": "/path/to/key.pem"})
except CozeError as error:  # a wrong configuration raises before anything is sent
    print("Check the configuration:", error)

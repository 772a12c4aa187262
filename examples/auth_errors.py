"""What goes wrong when signing in: each failure has a class, and each error names the likely cure.

Put the path of any OAuth app's configuration into ``COZE_OAUTH_CONFIG``.
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
    """Asks who is calling, and says what became of it."""
    try:
        return f"Good: {client.request('GET', '/v1/users/me')['data']}"
    except ExpiredToken as error:  # nobody is logged in, or the login is over: send the user to the login page
        return f"Log in: {error}"
    except AccessDenied as error:  # the user, or the owner of the app, refused
        return f"Refused: {error}"
    except InvalidClient as error:  # the app's secret, key, or this machine's clock
        return f"Check the app: {error}"
    except OAuthError as error:  # anything else about signing in; error.code is Coze's own word for it
        return f"Cannot sign in: {error}"
    except AuthenticationError as error:  # a personal token that is wrong, expired or of another region
        return f"Check the token: {error}"
    except PermissionDenied as error:  # a good token that may not do this
        return f"Not allowed: {error}"


app = from_config(os.environ["COZE_OAUTH_CONFIG"])
print(explain(CozeClient(app)))
print(explain(CozeClient("pat_of_somebody_else", base_url=app.base_url)))

try:
    from_config({"client_type": "jwt", "client_id": "1160", "public_key_id": "k", "private_key": "/path/to/key.pem"})
except CozeError as error:  # what cannot work is told before anything is sent
    print("Check the configuration:", error)

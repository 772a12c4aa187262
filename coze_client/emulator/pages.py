"""The few HTML pages that a person sees when an app asks for their consent."""

from __future__ import annotations

from html import escape

from .oauth_apps import OAuthApp
from .reply import Raw

DEFAULT_USER = "user-1"


def page(title: str, inner: str, status: int = 200) -> Raw:
    text = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title></head>\n<body><h1>{escape(title)}</h1>\n{inner}\n</body></html>\n"
    )
    return Raw(status, text.encode(), "text/html; charset=utf-8")


def consent(app: OAuthApp, user: str, note: str = "") -> Raw:
    """What the app wants and who grants it; the form goes back to the page's own URL with `user` and `decision`."""
    wanted = "everything you may do" if app.scopes is None else ", ".join(app.scopes)
    return page(
        f"{app.name} asks for access",
        f"<p>It will be allowed: {escape(wanted)}.</p>\n<p>{escape(note)}</p>\n"
        f'<form method="post">\n<p><label>Signed in as <input name="user" value="{escape(user)}"></label></p>\n'
        '<button name="decision" value="allow">Allow</button>\n'
        '<button name="decision" value="deny">Deny</button>\n</form>',
    )


def ask_user_code(path: str) -> Raw:
    return page(
        "Connect a device",
        f'<form action="{escape(path)}"><p><label>Code on the device <input name="user_code"></label></p>\n'
        "<button>Continue</button></form>",
    )


def notice(title: str, text: str, status: int = 200) -> Raw:
    return page(title, f"<p>{escape(text)}</p>", status)

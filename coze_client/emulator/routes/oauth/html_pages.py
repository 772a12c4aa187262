"""The HTML pages on which a user allows or denies an app, and the fields of their forms."""

from __future__ import annotations

from functools import wraps
from html import escape

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import RawReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Handler
from coze_client.emulator.routes.oauth.oauth_apps import OAuthApp
from coze_client.emulator.state.backend import Backend

DEFAULT_USER = "user-1"


def page(title: str, inner: str, status: int = 200) -> RawReply:
    """Build a page from HTML."""
    text = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title></head>\n<body><h1>{escape(title)}</h1>\n{inner}\n</body></html>\n"
    )
    return RawReply(status, text.encode(), "text/html; charset=utf-8")


def notice(title: str, text: str, status: int = 200) -> RawReply:
    """Build a page that shows a text."""
    return page(title, f"<p>{escape(text)}</p>", status)


def consent(app: OAuthApp, user: str, note: str) -> RawReply:
    """Build the form in which a user decides; it sends `user` and `decision` to the page's own URL."""
    wanted = "everything you may do" if app.scopes is None else ", ".join(app.scopes)
    return page(
        f"{app.name} asks for access",
        f"<p>It will be allowed: {escape(wanted)}.</p>\n<p>{escape(note)}</p>\n"
        f'<form method="post">\n<p><label>Signed in as <input name="user" value="{escape(user)}"></label></p>\n'
        '<button name="decision" value="allow">Allow</button>\n'
        '<button name="decision" value="deny">Deny</button>\n</form>',
    )


def user_code_form() -> RawReply:
    """Build the form for the code that a device shows."""
    return page(
        "Connect a device",
        '<form>\n<p><label>Code on the device <input name="user_code"></label></p>\n<button>Continue</button>\n</form>',
    )


def user_of(request: IncomingRequest) -> str:
    """Return the user who signs in: from the form, from `emulator_user` in the URL (for tests), or user-1."""
    named = request.query.values.get("emulator_user", DEFAULT_USER)
    return request.form.optional("user") or str(named)


def allowed(request: IncomingRequest) -> bool:
    """Whether the user pressed the button to allow; ApiError if they pressed none."""
    return request.form.choice("decision", ("allow", "deny"), "") == "allow"


def with_page_errors(handler: Handler) -> Handler:
    """Wrap a handler so that its errors are shown as a page."""

    @wraps(handler)
    async def handled(backend: Backend, request: IncomingRequest) -> Reply:
        try:
            return await handler(backend, request)
        except ApiError as error:
            return notice("This does not work", error.msg, 400)

    return handled

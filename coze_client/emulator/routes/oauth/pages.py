"""The few HTML pages that a person sees when an app asks for their consent, and what comes back from their form."""

from __future__ import annotations

from functools import wraps
from html import escape

from coze_client.emulator.protocol.refusal import Refusal
from coze_client.emulator.protocol.reply import RawReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.routes.endpoint import Handler
from coze_client.emulator.routes.oauth.oauth_apps import OAuthApp
from coze_client.emulator.state.backend import Backend

DEFAULT_USER = "user-1"


def page(title: str, inner: str, status: int = 200) -> RawReply:
    text = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title></head>\n<body><h1>{escape(title)}</h1>\n{inner}\n</body></html>\n"
    )
    return RawReply(status, text.encode(), "text/html; charset=utf-8")


def notice(title: str, text: str, status: int = 200) -> RawReply:
    return page(title, f"<p>{escape(text)}</p>", status)


def consent(app: OAuthApp, user: str, note: str) -> RawReply:
    """What the app wants and who grants it; the form goes back to the page's own URL with `user` and `decision`."""
    wanted = "everything you may do" if app.scopes is None else ", ".join(app.scopes)
    return page(
        f"{app.name} asks for access",
        f"<p>It will be allowed: {escape(wanted)}.</p>\n<p>{escape(note)}</p>\n"
        f'<form method="post">\n<p><label>Signed in as <input name="user" value="{escape(user)}"></label></p>\n'
        '<button name="decision" value="allow">Allow</button>\n'
        '<button name="decision" value="deny">Deny</button>\n</form>',
    )


def user_code_form() -> RawReply:
    return page(
        "Connect a device",
        '<form>\n<p><label>Code on the device <input name="user_code"></label></p>\n<button>Continue</button>\n</form>',
    )


def user_of(request: IncomingRequest) -> str:
    """Who signs in: as the form says, else as the link says (`emulator_user`, for tests), else user-1."""
    named = request.query.values.get("emulator_user", DEFAULT_USER)
    return request.form.optional("user") or str(named)


def allowed(request: IncomingRequest) -> bool:
    """Which button was pressed; a Refusal if none."""
    return request.form.choice("decision", ("allow", "deny"), "") == "allow"


def with_page_errors(handler: Handler) -> Handler:
    """The handler with its refusals as a page for people."""

    @wraps(handler)
    async def handled(backend: Backend, request: IncomingRequest) -> Reply:
        try:
            return await handler(backend, request)
        except Refusal as refusal:
            return notice("This does not work", refusal.msg, 400)

    return handled

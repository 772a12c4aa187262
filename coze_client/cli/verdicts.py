"""The verdicts of the doctor's checks, from what was found; nothing here asks a server."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from re import match
from urllib.parse import urlsplit

from coze_client.api.conversations.messages import DAYS_KEPT
from coze_client.auth.token_request import NOTICEABLE_SKEW
from coze_client.cli.checks import Verdict
from coze_client.errors import CozeError, NotFound, PermissionDenied

DISTRIBUTION = "coze-adapters"
_FRAMEWORKS = ("langchain-core", "langgraph", "llama-index-core")
_SECONDS_A_DAY = 86400


def verdict_of(error: CozeError) -> Verdict:
    """The verdict of a check that ended with an error: bad, unless it only says that the server lacks the call."""
    lacks_call = isinstance(error, NotFound) and error.code is None
    return Verdict("unknown" if lacks_call else "bad", _one_line(error), error.cure)


def _one_line(error: CozeError) -> str:
    """The message of an error with its code and logid; its cure stands apart."""
    where = [f"code {error.code}" if error.code is not None else "", f"logid {error.logid}" if error.logid else ""]
    source = ", ".join(filter(None, where))
    return " ".join(error.message.split()) + (f" ({source})" if source else "")


def check_packages() -> Verdict:
    """The versions of Python, of this distribution, of what it needs, and of the frameworks that are installed."""
    needed = [name[0] for each in requires_of(DISTRIBUTION) if (name := match(r"[\w.-]+", each))]
    missing = [name for name in needed if not installed(name)]
    if missing:
        return Verdict("bad", f"not installed: {', '.join(missing)}")
    names = (DISTRIBUTION, *needed, *_FRAMEWORKS)
    found = [f"{name} {number}" for name in names if (number := installed(name))]
    python = ".".join(map(str, sys.version_info[:3]))
    return Verdict("good" if needed else "unknown", ", ".join((f"Python {python}", *found)))


def requires_of(distribution: str) -> list[str]:
    """What a distribution needs, without its extras; empty for one that is not installed."""
    try:
        return [each for each in requires(distribution) or () if "extra ==" not in each]
    except PackageNotFoundError:
        return []


def installed(distribution: str) -> str:
    """The version of a distribution; "" if it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def check_proxy(found: str | None) -> Verdict:
    """A proxy's address, without the name and password that it may hold."""
    if found is None:
        return Verdict("good", "none")
    parts = urlsplit(found)
    if parts.scheme not in ("http", "https", "socks5", "socks5h") or not parts.hostname:
        return Verdict("bad", "the address of the proxy is none")
    return Verdict("good", f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")


def check_clock(server: float | None, here: float) -> Verdict:
    """Compare the server's time with this machine's, both in unix seconds."""
    if server is None:
        return Verdict("unknown", "the server sent no date")
    ahead = here - server
    if abs(ahead) <= NOTICEABLE_SKEW:
        return Verdict("good", f"within {NOTICEABLE_SKEW:g} s of the server's")
    return Verdict("bad", f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the server's")


def check_permissions(refusals: Mapping[str, CozeError | None]) -> Verdict:
    """What each listing answered: ``None`` for a page, else why it was refused."""
    refused = {noun: error for noun, error in refusals.items() if isinstance(error, PermissionDenied)}
    if refused:
        return Verdict("bad", f"may not list: {', '.join(refused)}", next(iter(refused.values())).cure)
    failed = {noun: error for noun, error in refusals.items() if error}
    listed = ", ".join(noun for noun in refusals if noun not in failed)
    if failed:
        reasons = "; ".join(f"{noun}: {_one_line(error)}" for noun, error in failed.items())
        return Verdict("unknown", f"lists {listed or 'nothing'}; {reasons}")
    return Verdict("good", f"lists {listed}")


def check_plugins(functions: Collection[str], declared: Collection[str], *, none: bool) -> Verdict:
    """Compare the names of functions with the plugins that a bot declares; `none`: it has no plugin at all."""
    names = ", ".join(declared)
    if none:
        return Verdict("bad", "the bot has no plugins, so it can call none of the functions")
    missing = [name for name in functions if name not in declared]
    if missing:
        return Verdict("unknown", f"the bot declares {names or 'nothing by name'}, and not {', '.join(missing)}")
    return Verdict("good", f"the bot declares {names}")


def check_age(created_at: int | None, now: float) -> Verdict:
    """How old a conversation is; messages of one that is older than Coze keeps them are gone."""
    if created_at is None:
        return Verdict("unknown", "the server does not tell its age")
    days = int((now - created_at) // _SECONDS_A_DAY)
    text = f"{days} day{'' if days == 1 else 's'} old"
    return Verdict("good", text) if days < DAYS_KEPT else Verdict("bad", f"{text}: its first messages are gone")


def describe_inputs(schema: Mapping[str, object]) -> str:
    """The inputs of a workflow as ``name: type``, those that may be left out with a question mark."""
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, dict):
        return ""
    needed = required if isinstance(required, list) else []
    return ", ".join(
        f"{name}{'' if name in needed else '?'}: {each.get('type', 'any')}" for name, each in properties.items()
    )

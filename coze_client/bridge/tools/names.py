"""Names of tools, which language models' APIs take only in ASCII; pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from unicodedata import normalize

from coze_client.errors import ConfigurationError

_LONGEST = 64  # the shortest limit of the well-known APIs
_LONGEST_ID = 20
_PREFIX = re.compile(r"[A-Za-z0-9_-]*")
_NO_NAME = re.compile(r"[^a-z0-9]+")


def tool_names(titles: Mapping[str, str], *, kind: str = "workflow", prefix: str = "") -> dict[str, str]:
    """A name for each id: its title in ASCII, else ``workflow_<id>`` (or another `kind`).

    Of equal names each gets its id, and so does one that is like another with its id: no name depends on the order in
    which tools are loaded.
    """
    names = {each: tool_name(title, each, kind=kind, prefix=prefix) for each, title in titles.items()}
    with_ids = {each: f"{name}_{each}" for each, name in names.items()}
    often = Counter([*names.values(), *with_ids.values()])
    return {each: with_ids[each] if often[name] > 1 else name for each, name in names.items()}


def tool_name(title: str, unique_id: str, *, kind: str = "workflow", prefix: str = "") -> str:
    """One name, of at most 64 ASCII letters, digits and underscores, with room for an id behind it.

    Raises ConfigurationError for a `prefix` that has something else than these and hyphens.
    """
    if not _PREFIX.fullmatch(prefix):
        raise ConfigurationError(f"A tool's name begins with ASCII letters, digits, _ and -, not with {prefix!r}")
    ascii_title = normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = _NO_NAME.sub("_", ascii_title).strip("_")
    if not slug or slug[0].isdigit():
        slug = f"{kind}_{slug or unique_id}"
    return f"{prefix}{slug}"[: _LONGEST - _LONGEST_ID].rstrip("_")

"""Names of tools: the APIs of language models take only short ASCII names; pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from unicodedata import normalize

from coze_client.errors import ConfigurationError

_MAX_NAME = 64  # the smallest limit among the well-known APIs
_MAX_ID = 20
_PREFIX = re.compile(r"[A-Za-z0-9_-]*")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


def tool_names(titles: Mapping[str, str], *, kind: str = "workflow", prefix: str = "") -> dict[str, str]:
    """A name for each id: its title in ASCII, or ``workflow_<id>`` (`kind` replaces "workflow") if none is left.

    Equal names get their ids as suffix, and so does a name that equals another one with its suffix. So no name depends
    on the order in which tools are loaded.
    """
    names = {each: tool_name(title, each, kind=kind, prefix=prefix) for each, title in titles.items()}
    with_ids = {each: f"{name}_{each}" for each, name in names.items()}
    counts = Counter([*names.values(), *with_ids.values()])
    return {each: with_ids[each] if counts[name] > 1 else name for each, name in names.items()}


def tool_name(title: str, unique_id: str, *, kind: str = "workflow", prefix: str = "") -> str:
    """One name of ASCII letters, digits and underscores, short enough to add an id within 64 characters.

    Raises ConfigurationError if `prefix` has other characters than these and hyphens.
    """
    if not _PREFIX.fullmatch(prefix):
        raise ConfigurationError(f"A tool name may only have ASCII letters, digits, _ and -; the prefix is {prefix!r}")
    ascii_title = normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = _NOT_IN_NAMES.sub("_", ascii_title).strip("_")
    if not slug or slug[0].isdigit():
        slug = f"{kind}_{slug or unique_id}"
    return f"{prefix}{slug}"[: _MAX_NAME - _MAX_ID].rstrip("_")

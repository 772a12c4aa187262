"""Tells the id of an uploaded file from a path, a name or a URL; pure."""

from __future__ import annotations

import re

_LONGEST = 256
# Where a path begins, what no id contains, and how a file's name ends.
_PATH = r"(?i)^(?:[/~.]|[a-z]:[/\\]|file:|data:)|[\s\\]|\.[a-z][a-z0-9]{1,4}$"


def is_file_id(text: str) -> bool:
    """True for text that can be the id of an uploaded file: any form but that of a path, a file's name or a URL."""
    return 0 < len(text) <= _LONGEST and text.isprintable() and "://" not in text and re.search(_PATH, text) is None

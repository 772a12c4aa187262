"""The form in which document names are compared."""

from __future__ import annotations

from unicodedata import normalize


def normalized_name(name: str) -> str:
    """Return `name` in Unicode's form NFC: file systems and servers compose accents differently."""
    return normalize("NFC", name)

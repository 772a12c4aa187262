"""Names of documents, as they are compared."""

from __future__ import annotations

from unicodedata import normalize


def normalized_name(name: str) -> str:
    """The same for a name however its accents are composed: file systems and servers differ in that."""
    return normalize("NFC", name)

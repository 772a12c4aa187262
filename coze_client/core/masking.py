"""Keeps tokens and other secrets out of error messages."""

from __future__ import annotations

from itertools import takewhile

from coze_client.errors import CozeError

_SHORTEST_SECRET = 8  # a shorter one would match parts of ordinary words


def mask_secret(error: CozeError, secret: str) -> None:
    """Replace a secret in the text of an error by "[token]": the server may have repeated it."""
    error.message = _masked(error.message, secret)
    error.args = (error.message,)
    error.server_text = _masked(error.server_text, secret)


def _masked(text: str, secret: str) -> str:
    """`text` without the secret, also if an excerpt cut its end off."""
    if len(secret) < _SHORTEST_SECRET:
        return text
    text = text.replace(secret, "[token]")
    rest = text.find(secret[:_SHORTEST_SECRET])
    if rest < 0:
        return text
    same = takewhile(lambda pair: pair[0] == pair[1], zip(text[rest:], secret, strict=False))
    return text.replace("".join(character for character, _ in same), "[token]")

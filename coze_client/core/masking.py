"""Keeps tokens and other secrets out of error messages."""

from __future__ import annotations

from itertools import takewhile

from coze_client.errors import CozeError

_SHORTEST_SECRET = 8  # a shorter one would match parts of ordinary words


class SecretText(str):
    """A token or another secret. Its repr hides it: tools that report errors show the variables of every frame."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'[secret]'"


def mask_secret(error: CozeError, secret: str) -> None:
    """Replace a secret in all texts of an error by "[token]": the server may have repeated it, also as an id."""
    for name, value in list(vars(error).items()):
        if isinstance(value, str):
            setattr(error, name, masked(value, secret))
    error.args = (error.message,)
    if len(secret) >= _SHORTEST_SECRET:
        _cut_chain(error, secret)


def _cut_chain(error: BaseException, secret: str) -> None:
    """Drop the causes of an error from the first one on that shows the secret: libraries quote what arrived."""
    seen = {id(error)}
    while (cause := error.__cause__ or error.__context__) and id(cause) not in seen:
        if secret in f"{cause!s} {cause!r}":
            error.__cause__ = error.__context__ = None
            return
        seen.add(id(cause))
        error = cause


def masked(text: str, secret: str) -> str:
    """`text` without the secret, also if an excerpt cut its end off."""
    if len(secret) < _SHORTEST_SECRET:
        return text
    text = text.replace(secret, "[token]")
    rest = text.find(secret[:_SHORTEST_SECRET])
    if rest < 0:
        return text
    same = takewhile(lambda pair: pair[0] == pair[1], zip(text[rest:], secret, strict=False))
    return text.replace("".join(character for character, _ in same), "[token]")

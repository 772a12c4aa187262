"""Create RSA key pairs of service apps, as PEM texts."""

from __future__ import annotations

import base64
import hashlib
from typing import NamedTuple


class KeyPair(NamedTuple):
    """A key pair as PEM; `private_key` is PKCS#8, or "" if only the public key is known."""

    public_key: str
    private_key: str = ""


def new_key_pair() -> KeyPair:
    """Generate a key pair of 2048 bits; needs cryptography."""
    from cryptography.hazmat.primitives import serialization as pem
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption())
    public = key.public_key().public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(public.decode(), private.decode())


def fingerprint(public_key: str) -> str:
    """Return the fingerprint of a public key, which JWTs have as `kid`; ValueError if the text is not a key."""
    from cryptography.hazmat.primitives import serialization as pem

    key = pem.load_pem_public_key(public_key.encode())
    der = key.public_bytes(pem.Encoding.DER, pem.PublicFormat.SubjectPublicKeyInfo)
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()

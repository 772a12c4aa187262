"""TLS contexts: each CA bundle has its own, whoever asks for it first."""

from __future__ import annotations

import ssl
from itertools import permutations
from pathlib import Path

import pytest

from coze_client.core.tls import TlsContexts
from tests.support.certificates import write_certificate


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
async def test_each_bundle_has_a_context_of_its_own(tmp_path: Path, certificate: Path, order: tuple[int, ...]) -> None:
    bundles = [None, str(certificate), str(write_certificate(tmp_path / "other.pem"))]
    contexts = TlsContexts(lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    loaded = {bundles[number]: await contexts.load(bundles[number]) for number in order}
    serials = [[each["serialNumber"] for each in loaded[bundle].get_ca_certs()] for bundle in bundles]
    assert [len(each) for each in serials] == [0, 1, 1]
    assert serials[1] != serials[2]
    assert [contexts(bundle) for bundle in bundles] == [loaded[bundle] for bundle in bundles]

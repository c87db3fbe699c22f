from __future__ import annotations

import pytest

from delivery.samples import SAMPLES
from mailtls.delivery.clauses import take_apart
from mailtls.delivery.grammars import GRAMMARS, grammar_of, named_tls, tls_of, version_label


def test_every_grammar_has_a_real_sample_and_every_sample_one_grammar() -> None:
    """The order of the rows decides nothing for what servers really write."""
    assert {grammar.software for grammar in GRAMMARS} <= {sample.software for sample in SAMPLES}
    for sample in SAMPLES:
        body = " ".join(sample.field.split())
        field = take_apart(body.replace("de/crypted with ", "de/crypted "))
        marked = [grammar.software for grammar in GRAMMARS if grammar.mark(field)]
        assert marked == ([sample.software] if sample.software else [])


@pytest.mark.parametrize(
    ("written", "cipher", "label"),
    [
        ("TLSv1.3", "", "TLSv1.3"),
        ("TLS1.2", "", "TLSv1.2"),
        ("TLS1_2", "", "TLSv1.2"),
        ("TLS-1.0", "", "TLSv1.0"),
        ("TLSv1", "", "TLSv1.0"),
        ("SSLv3", "", "SSLv3"),
        ("TLSv1/SSLv3", "RC4-MD5", ""),
        ("TLSv1/SSLv3", "ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2"),
        ("", "TLS_AES_256_GCM_SHA384", "TLSv1.3"),
        ("", "TLS13_AES_256_GCM_SHA384", "TLSv1.3"),
        ("", "AEAD-CHACHA20-POLY1305-SHA256", "TLSv1.3"),
        ("", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLSv1.2"),
        ("", "ECDHE-ECDSA-CHACHA20-POLY1305", "TLSv1.2"),
        ("", "ECDHE-ECDSA-AES128-CCM8", "TLSv1.2"),
        ("", "ECDHE-RSA-AES256-SHA384", ""),
        ("", "TLS_RSA_WITH_AES_128_CBC_SHA", ""),
    ],
)
def test_versions(written: str, cipher: str, label: str) -> None:
    assert version_label(written, cipher) == label
    assert tls_of(written, cipher).version == label


def test_a_servers_own_way_alone_is_looked_for() -> None:
    field = take_apart("from a (using TLSv1.3 with cipher X) by b (8.17.1/8.17.1) with ESMTP id 1")
    assert grammar_of(field).software == "Sendmail"
    assert named_tls(field, grammar_of(field)) is None

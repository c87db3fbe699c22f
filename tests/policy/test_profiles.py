"""The profile data beside the statements of the guideline it cites."""

from __future__ import annotations

import pytest

from mailtls.policy.profiles import load_profile
from mailtls.terms import Level, TlsVersion


def test_bcp195_says_what_rfc_9325_and_rfc_8996_say():
    profile = load_profile("bcp195")

    # RFC 9325 3.1.1: MUST NOT negotiate SSLv2, SSLv3, TLS 1.0, TLS 1.1; MUST support TLS 1.2.
    assert {graded.code: graded.level for graded in profile.versions} == {
        TlsVersion.SSL2: Level.ERROR,
        TlsVersion.SSL3: Level.ERROR,
        TlsVersion.TLS1_0: Level.ERROR,
        TlsVersion.TLS1_1: Level.ERROR,
    }
    assert profile.required_version is TlsVersion.TLS1_2
    # RFC 9325 4.5: RSA keys of at least 2048 bits, curves of at least 224 bits (Edwards curves have
    # 255 and 448); SHA-256 recommended, SHA-1 and MD5 MUST NOT.
    assert profile.rsa_bits == 2048
    assert set(profile.curves) == {
        "P-256",
        "P-384",
        "P-521",
        "brainpoolP256r1",
        "brainpoolP384r1",
        "brainpoolP512r1",
        "ed25519",
        "ed448",
    }
    assert set(profile.signature_hashes) == {"sha256", "sha384", "sha512"}


@pytest.mark.parametrize("name", ["nothing", "../model", "bcp195.json", ""])
def test_there_is_no_other_way_to_a_file(name):
    with pytest.raises(KeyError):
        load_profile(name)

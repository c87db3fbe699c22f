"""The profile data beside the statements of the guideline it cites."""

from __future__ import annotations

import re

import pytest

from mailtls.policy.profiles import load_profile
from mailtls.policy.shape import schema
from mailtls.terms import Level, TlsVersion
from mailtls.tls.codepoints import group_name, groups, suite_by_name, suite_name, suites

OLD = {"SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"}


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


def suites_at(profile, level):
    return {suite_name(graded.code) for graded in profile.suites if graded.level is level}


def groups_left(profile):
    """Return the names of the groups that a profile says nothing against."""
    graded = {entry.code for entry in profile.groups}
    return {name for code, name in groups().items() if code not in graded}


def allowed(profile):
    graded = {entry.code for entry in profile.suites}
    known = [s for s in suites().values() if s.min_version is not TlsVersion.SSL2 and s.code]
    return {suite.name for suite in known if suite.code not in graded}


# RFC 9325 4.1: what must not, and what should not be negotiated; 4.2 adds CBC without EtM.
MUST_NOT = {
    "TLS_RSA_WITH_NULL_SHA256",
    "TLS_ECDHE_RSA_WITH_NULL_SHA",
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_RC4_128_MD5",
    "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
    "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA",
    "TLS_RSA_WITH_DES_CBC_SHA",
    # RFC 5246 A.5: anonymous suites must not be used unless the application asks for them.
    "TLS_DH_anon_WITH_AES_128_GCM_SHA256",
    "TLS_ECDH_anon_WITH_AES_256_CBC_SHA",
}
SHOULD_NOT = {
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",  # less than 128 bits
    "TLS_RSA_WITH_AES_128_GCM_SHA256",  # static RSA
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_DH_RSA_WITH_AES_256_GCM_SHA384",  # static finite-field
    "TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256",  # static elliptic curve
    "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",  # ephemeral finite-field in TLS 1.2
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",  # CBC
}
RECOMMENDED = {
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
}


def test_bcp195_grades_suites_as_rfc_9325_4_1_and_4_2_do():
    profile = load_profile("bcp195")
    errors, warnings = suites_at(profile, Level.ERROR), suites_at(profile, Level.WARNING)

    assert errors >= MUST_NOT
    assert warnings >= SHOULD_NOT
    assert allowed(profile) >= RECOMMENDED | {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"}
    for name in errors:
        assert any(w in name for w in ("NULL", "RC4", "EXPORT", "DES", "RC2", "anon", "FORTEZZA"))
    # RFC 9325 4.3 leaves the suites of TLS 1.3 to RFC 8446.
    tls13 = {s.name for s in suites().values() if s.min_version is TlsVersion.TLS1_3}
    assert allowed(profile) >= tls13


def test_bcp195_notes_anonymous_suites_on_a_relay_that_have_no_graver_fault():
    relay = {suite_name(g.code): g.level for g in load_profile("bcp195").relay_suites}

    assert relay["TLS_DH_anon_WITH_AES_128_CBC_SHA"] is Level.NOTE
    assert relay["TLS_ECDH_anon_WITH_AES_256_CBC_SHA"] is Level.NOTE
    assert "TLS_DH_anon_WITH_RC4_128_MD5" not in relay
    assert "TLS_ECDH_anon_WITH_NULL_SHA" not in relay
    assert all("_anon_" in name for name in relay)


def test_bcp195_says_the_rest_of_rfc_9325():
    profile = load_profile("bcp195")

    assert profile.compression is Level.WARNING  # 3.3: SHOULD NOT
    assert profile.renegotiation is Level.ERROR  # 3.5: MUST implement renegotiation_info
    assert profile.master_secret is Level.ERROR  # 3.5: MUST support extended_master_secret
    assert profile.dh_bits == 2048  # 4.5: REQUIRED
    # 4.5: curves of less than 224 bits MUST NOT be used.
    small = {name for name in groups().values() if re.match(r"(sect|secp)1\d\d", name)}
    assert {group_name(g.code) for g in profile.groups if g.level is Level.ERROR} == small
    assert {g.level for g in profile.groups} == {Level.ERROR}


# ssl-config.mozilla.org/guidelines/6.0.json
MOZILLA_TLS13 = {
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
}
MOZILLA_CURVES = {"X25519MLKEM768", "x25519", "secp256r1", "secp384r1"}
MOZILLA_INTERMEDIATE = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)


def test_mozilla_intermediate_says_what_guidelines_6_0_say():
    profile = load_profile("mozilla-intermediate-6.0")
    listed = {suite_name(suite_by_name(name)) for name in MOZILLA_INTERMEDIATE.split(":")}

    assert {TlsVersion(g.code).label for g in profile.versions} == OLD
    assert profile.required_version is TlsVersion.TLS1_2
    assert allowed(profile) == MOZILLA_TLS13 | listed
    assert {g.level for g in (*profile.suites, *profile.groups)} == {Level.ERROR}
    assert groups_left(profile) == MOZILLA_CURVES
    assert (profile.rsa_bits, profile.dh_bits, profile.curves) == (2048, 2048, ("P-256", "P-384"))
    assert (profile.renegotiation, profile.compression, profile.master_secret) == (None,) * 3


def test_mozilla_modern_says_what_guidelines_6_0_say():
    profile = load_profile("mozilla-modern-6.0")

    assert {TlsVersion(g.code).label for g in profile.versions} == {*OLD, "TLSv1.2"}
    assert profile.required_version is TlsVersion.TLS1_3
    assert allowed(profile) == MOZILLA_TLS13
    assert groups_left(profile) == MOZILLA_CURVES
    # certificate_types: ecdsa; rsa_key_size and dh_param_size: null
    assert (profile.rsa_bits, profile.dh_bits, profile.curves) == (0, 0, ("P-256", "P-384"))


# NCSC-NL 2025-05 appendix B and 3.3.2, 3.3.3, as Internet.nl's tls_constants.py has them.
NCSC_GOOD = {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
NCSC_SUFFICIENT = (
    "TLS_AES_128_GCM_SHA256 TLS_AES_128_CCM_SHA256 "
    "ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 "
    "ECDHE_ECDSA_WITH_AES_256_CCM ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 "
    "ECDHE_ECDSA_WITH_AES_128_CCM ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 "
    "ECDHE_RSA_WITH_AES_256_GCM_SHA384 ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    # Internet.nl also lists ECDHE_RSA with AES CCM, which nobody registered.
)
NCSC_PHASE_OUT = (
    "ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384 ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384 "
    "ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256 ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256 "
    "ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384 ECDHE_ECDSA_WITH_ARIA_256_CBC_SHA384 "
    "ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256 ECDHE_ECDSA_WITH_ARIA_128_CBC_SHA256 "
    "ECDHE_ECDSA_WITH_AES_256_CBC_SHA384 ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 "
    "ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384 ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384 "
    "ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256 ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256 "
    "ECDHE_RSA_WITH_ARIA_256_GCM_SHA384 ECDHE_RSA_WITH_ARIA_256_CBC_SHA384 "
    "ECDHE_RSA_WITH_ARIA_128_GCM_SHA256 ECDHE_RSA_WITH_ARIA_128_CBC_SHA256 "
    "ECDHE_RSA_WITH_AES_256_CBC_SHA384 ECDHE_RSA_WITH_AES_128_CBC_SHA256 "
    "DHE_RSA_WITH_CHACHA20_POLY1305_SHA256 DHE_RSA_WITH_CAMELLIA_256_GCM_SHA384 "
    "DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256 DHE_RSA_WITH_CAMELLIA_128_GCM_SHA256 "
    "DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256 DHE_RSA_WITH_ARIA_256_GCM_SHA384 "
    "DHE_RSA_WITH_ARIA_256_CBC_SHA384 DHE_RSA_WITH_ARIA_128_GCM_SHA256 "
    "DHE_RSA_WITH_ARIA_128_CBC_SHA256 DHE_RSA_WITH_AES_256_GCM_SHA384 "
    "DHE_RSA_WITH_AES_256_CCM DHE_RSA_WITH_AES_256_CBC_SHA256 "
    "DHE_RSA_WITH_AES_128_GCM_SHA256 DHE_RSA_WITH_AES_128_CCM DHE_RSA_WITH_AES_128_CBC_SHA256"
)


def iana(names):
    return {name if name.startswith("TLS_") else f"TLS_{name}" for name in names.split()}


def test_ncsc_nl_says_what_its_tables_say():
    profile = load_profile("ncsc-nl-2025-05")

    assert {TlsVersion(g.code).label for g in profile.versions} == OLD
    assert profile.required_version is TlsVersion.TLS1_2
    assert allowed(profile) == NCSC_GOOD | iana(NCSC_SUFFICIENT)
    assert suites_at(profile, Level.WARNING) == iana(NCSC_PHASE_OUT)
    phase_out = {group_name(g.code) for g in profile.groups if g.level is Level.WARNING}
    assert phase_out == {"secp224r1", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192"}
    assert groups_left(profile) >= {"x25519", "x448", "secp256r1", "secp384r1", "secp521r1"}
    assert groups_left(profile) >= {f"brainpoolP{bits}r1" for bits in (256, 384, 512)}
    assert groups_left(profile).isdisjoint({"secp192r1", "ffdhe2048", "sect283r1", "secp256k1"})
    assert profile.dh_bits == 3072
    assert profile.rsa_bits == 2048  # 2048 to 3071 is phase-out, less is insufficient
    assert {profile.renegotiation, profile.compression, profile.master_secret} == {Level.ERROR}


@pytest.mark.parametrize("name", schema()["$defs"]["profile"]["enum"])
def test_every_profile_of_the_schema_loads_and_names_what_is_known(name):
    profile = load_profile(name)

    assert profile.source
    assert all(graded.code in suites() for graded in profile.suites)
    assert all(graded.code in groups() for graded in profile.groups)
    assert len({graded.code for graded in profile.suites}) == len(profile.suites)

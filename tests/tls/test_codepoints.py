"""The table of suites against what OpenSSL and GnuTLS know, and the lookups by name."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from mailtls.terms import TlsVersion
from mailtls.tls.codepoints import (
    CURVES_TLS12,
    GROUPS_TLS13,
    LEGACY_SCHEMES,
    MODERN_SCHEMES,
    SignatureScheme,
    SuiteKind,
    group_by_name,
    group_name,
    groups,
    suite_by_name,
    suite_name,
    suites,
    suites_where,
    version_name,
)

OPENSSL_ENCRYPTIONS = {
    "AESGCM": ("AES", "GCM"),
    "AESCCM": ("AES", "CCM"),
    "AESCCM8": ("AES", "CCM_8"),
    "AES": ("AES", "CBC"),
    "ARIAGCM": ("ARIA", "GCM"),
    "Camellia": ("CAMELLIA", "CBC"),
    "CHACHA20/POLY1305": ("CHACHA20", "POLY1305"),
    "3DES": ("3DES", "CBC"),
    "SEED": ("SEED", "CBC"),
    "IDEA": ("IDEA", "CBC"),
    "RC4": ("RC4", "STREAM"),
    "None": ("NULL", ""),
}
OPENSSL_EXCHANGES = {"DH": "DHE", "ECDH": "ECDHE", "RSAPSK": "RSA_PSK", "DHEPSK": "DHE_PSK"} | {
    "ECDHEPSK": "ECDHE_PSK"
}


def test_openssl_agrees_on_every_suite_it_knows():
    listing = subprocess.run(
        ["openssl", "ciphers", "-V", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert len(listing) > 100
    for line in listing:
        code, _, name, version, *columns = line.split()
        suite = suites()[int(code.replace("0x", "").replace(",", ""), 16)]
        column = dict(entry.split("=", 1) for entry in columns if "=" in entry)
        encryption, _, bits = column["Enc"].rstrip(")").partition("(")
        assert suite.openssl_name == name
        assert suite_by_name(name) == suite.code
        assert suite.key_exchange == OPENSSL_EXCHANGES.get(column["Kx"], column["Kx"])
        assert suite.authentication == column["Au"].replace("None", "anon")
        assert (suite.encryption, suite.mode) == OPENSSL_ENCRYPTIONS[encryption]
        assert suite.bits == {"": 0, "168": 112}.get(bits, int(bits or 0))
        assert suite.mac == column["Mac"]
        modern = version in {"TLSv1.2", "TLSv1.3"}
        assert (suite.min_version.label == version) if modern else suite.min_version < 0x0303


def test_gnutls_agrees_on_every_suite_it_knows():
    listing = subprocess.run(["gnutls-cli", "--list"], capture_output=True, text=True, check=True)
    known = re.findall(r"^(TLS_\S+)\s+0x(..), 0x(..)", listing.stdout, re.MULTILINE)
    assert len(known) > 100
    for name, high, low in known:
        suite = suites()[int(high + low, 16)]
        ours = suite.name.upper().replace("_WITH_", "_").replace("RC4", "ARCFOUR")
        ours = ours.replace("PSK_DHE", "DHE_PSK")
        ours = re.sub("_SHA$", "_SHA1", ours)
        theirs = re.sub("POLY1305$", "POLY1305_SHA256", name)
        assert ours == theirs


def test_names_are_unique_and_found_in_any_case():
    names = [suite.name for suite in suites().values()]
    assert len(set(names)) == len(names)
    for suite in suites().values():
        assert suite_by_name(suite.name.lower()) == suite.code
        assert suite_name(suite.code) == suite.name
    assert suite_by_name("RC4-MD5") == 0x0004
    assert suite_by_name("DES-CBC3-MD5") == 0x0700C0
    assert suite_by_name("TLS_AES_128_GCM_SHA256") == 0x1301
    assert suite_by_name("no such suite") is None
    assert suite_name(0xFAFA) == "0xFAFA"


@pytest.mark.parametrize(
    ("kind", "inside", "outside"),
    [
        (SuiteKind.RC4, "ECDHE-RSA-RC4-SHA", "AES128-SHA"),
        (SuiteKind.TRIPLE_DES, "DES-CBC3-SHA", "DES-CBC-SHA"),
        (SuiteKind.NULL, "TLS_SHA256_SHA256", "RC4-SHA"),
        (SuiteKind.EXPORT, "EXP1024-RC4-SHA", "RC4-SHA"),
        (SuiteKind.ANONYMOUS, "AECDH-AES256-SHA", "PSK-AES128-CBC-SHA"),
        (SuiteKind.STATIC_RSA, "AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
        (SuiteKind.DHE, "DHE-RSA-AES128-SHA", "ECDHE-RSA-AES128-SHA"),
        (SuiteKind.CBC, "ECDHE-RSA-AES128-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
        (SuiteKind.WEAK, "DES-CBC-SHA", "DES-CBC3-SHA"),
    ],
)
def test_a_kind_holds_its_suites_and_no_others(kind, inside, outside):
    assert suite_by_name(inside) in suites_where(kind)
    assert suite_by_name(outside) not in suites_where(kind)
    assert all(code <= 0xFFFF for code in suites_where(kind))


def test_kinds_are_joined():
    both = suites_where(SuiteKind.RC4, SuiteKind.NULL)
    assert both == suites_where(SuiteKind.RC4) | suites_where(SuiteKind.NULL)
    assert suites_where() == frozenset()


def test_the_table_has_every_version_and_whole_rows():
    assert {suite.min_version for suite in suites().values()} == {
        TlsVersion.SSL2,
        TlsVersion.SSL3,
        TlsVersion.TLS1_0,
        TlsVersion.TLS1_2,
        TlsVersion.TLS1_3,
    }
    assert list(suites()) == sorted(suites())
    assert len(suites()) > 400


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("x25519", 0x1D),
        ("X25519MLKEM768", 0x11EC),
        ("x25519mlkem768", 0x11EC),
        ("secp256r1mlkem768", 0x11EB),
        ("SecP384r1MLKEM1024", 0x11ED),
        ("P-256", 0x17),
        ("secp256r1", 0x17),
        ("prime256v1", 0x17),
        ("ffdhe2048", 0x100),
        ("x448", 0x1E),
        ("brainpoolP384r1", 0x1B),
        ("P-255", None),
    ],
)
def test_groups_have_their_usual_names(name, code):
    assert group_by_name(name) == code


def test_offered_groups_are_known_and_curves_of_tls12_stay_out_of_tls13():
    assert set(CURVES_TLS12) | set(GROUPS_TLS13) <= set(groups())
    assert not {0x13, 0x1A, 0x1B, 0x1C} & set(GROUPS_TLS13)
    assert len(set(CURVES_TLS12)) == len(CURVES_TLS12)
    assert group_name(0x11EC) == "X25519MLKEM768"
    assert group_name(0x7777) == "0x7777"


def test_schemes_are_split_in_modern_and_legacy():
    assert set(MODERN_SCHEMES) | set(LEGACY_SCHEMES) == set(SignatureScheme)
    assert SignatureScheme.RSA_PKCS1_SHA1 not in MODERN_SCHEMES
    assert SignatureScheme.RSA_PKCS1_SHA256 in MODERN_SCHEMES


def test_versions_have_names():
    assert version_name(0x0303) == "TLSv1.2"
    assert version_name(0x7F1C) == "0x7f1c"


def test_importing_the_offers_reads_no_table():
    script = (
        "import mailtls.tls.offers, mailtls.tls.codepoints as c;"
        "print(c.suites.cache_info().currsize)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "0"

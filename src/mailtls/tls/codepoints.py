"""Names and properties of cipher suites, groups and signature schemes by their code points.

The suites are in `suites.json` (IANA "TLS Cipher Suites", read at first use); SSL 2.0 kinds have
24 bits there as on the wire, so both live in one table without meeting.
"""

from __future__ import annotations

import json
from enum import IntEnum, StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType

from mailtls.pure import pure
from mailtls.terms import TlsVersion

EMPTY_RENEGOTIATION_INFO_SCSV = 0x00FF
"""Signals RFC 5746 where no extension can be sent (RFC 5746 section 3.3)."""

_WEAK_BITS = 112
_FOLDER = Path(__file__).parent


class SuiteKind(StrEnum):
    """A family of suites that guidelines speak of; one suite may be of several."""

    RC4 = "rc4"
    TRIPLE_DES = "3des"
    NULL = "null"
    EXPORT = "export"
    ANONYMOUS = "anonymous"
    STATIC_RSA = "static-rsa"
    STATIC_DH = "static-dh"
    DHE = "dhe"
    CBC = "cbc"
    WEAK = "weak"  # less than 112 bits of strength


@pure
class Suite:
    """One cipher suite.

    `key_exchange` is "RSA", "DHE", "ECDHE", "DH", "ECDH" (static), "PSK", "DHE_PSK", ..., and "any"
    for TLS 1.3; `authentication` "RSA", "ECDSA", "DSS", "anon", "PSK", ... or "any"; `encryption`
    "AES", "3DES", "RC4", "NULL", ...; `mode` "CBC", "GCM", "CCM", "CCM_8", "POLY1305", "STREAM" or
    ""; `mac` "AEAD" or a hash. `bits` is the strength: 112 for 3DES, 40 for export, 0 for NULL.
    `openssl_name` is "" where OpenSSL never had one.
    """

    code: int
    name: str
    openssl_name: str
    key_exchange: str
    authentication: str
    encryption: str
    mode: str
    bits: int
    mac: str
    export: bool
    min_version: TlsVersion

    @property
    def anonymous(self) -> bool:
        """Return whether the server is not authenticated (RFC 5246 F.1.1.1)."""
        return self.authentication == "anon"

    @property
    def kinds(self) -> frozenset[SuiteKind]:
        """Return every family the suite belongs to."""
        return _kinds(self.code)


@cache
def _kinds(code: int) -> frozenset[SuiteKind]:
    suite = suites()[code]
    tests = {
        SuiteKind.RC4: suite.encryption == "RC4",
        SuiteKind.TRIPLE_DES: suite.encryption == "3DES",
        SuiteKind.NULL: suite.encryption == "NULL",
        SuiteKind.EXPORT: suite.export,
        SuiteKind.ANONYMOUS: suite.anonymous,
        SuiteKind.STATIC_RSA: suite.key_exchange == "RSA",
        SuiteKind.STATIC_DH: suite.key_exchange in {"DH", "ECDH"},
        SuiteKind.DHE: suite.key_exchange == "DHE",
        SuiteKind.CBC: suite.mode == "CBC",
        SuiteKind.WEAK: suite.bits < _WEAK_BITS,
    }
    return frozenset(kind for kind, holds in tests.items() if holds)


@cache
def suites() -> MappingProxyType[int, Suite]:
    """Return every known suite by code point, in the order of code points."""
    table = json.loads(_FOLDER.joinpath("suites.json").read_bytes())
    versions = {version.label: version for version in TlsVersion}
    known: dict[int, Suite] = {}
    for row in table["suites"]:
        fields = dict(zip(table["columns"], row, strict=True))
        fields["code"] = int(fields["code"], 16)
        fields["export"] = bool(fields["export"])
        fields["min_version"] = versions[fields["min_version"]]
        known[fields["code"]] = Suite(**fields)
    return MappingProxyType(known)


@cache
def _codes_by_name() -> MappingProxyType[str, int]:
    names: dict[str, int] = {}
    # SSL 2.0 shares OpenSSL names with TLS (RC4-MD5), and codes are sorted: the first, TLS, wins.
    for suite in suites().values():
        names.setdefault(suite.name.upper(), suite.code)
        names.setdefault((suite.openssl_name or suite.name).upper(), suite.code)
    return MappingProxyType(names)


def suite_by_name(name: str) -> int | None:
    """Return the code point of a suite by its IANA or OpenSSL name in any case, or None."""
    return _codes_by_name().get(name.upper())


def suite_name(code: int) -> str:
    """Return the IANA name of a suite, or its code point in hexadecimal."""
    suite = suites().get(code)
    return suite.name if suite else f"0x{code:04X}"


def suites_where(*kinds: SuiteKind) -> frozenset[int]:
    """Return the code points of the suites of SSLv3 and later that are of any of `kinds`.

    TLS_NULL_WITH_NULL_NULL is none: it is the state before a handshake (RFC 5246 A.5).
    """
    wanted = frozenset(kinds)
    return frozenset(
        suite.code
        for suite in suites().values()
        if suite.code and suite.min_version is not TlsVersion.SSL2 and suite.kinds & wanted
    )


@cache
def _names() -> dict[str, dict[str, str]]:
    names: dict[str, dict[str, str]] = json.loads(_FOLDER.joinpath("names.json").read_bytes())
    return names


@cache
def groups() -> MappingProxyType[int, str]:
    """Return every known group's IANA name by code point."""
    return MappingProxyType({int(code, 16): name for code, name in _names()["groups"].items()})


def version_name(version: int) -> str:
    """Return the name of a version as `TLSv1.2`, or its code point in hexadecimal."""
    return TlsVersion(version).label if version in tuple(TlsVersion) else f"0x{version:04x}"


_GROUP_ALIASES = {"p-192": 0x13, "p-224": 0x15, "p-256": 0x17, "p-384": 0x18, "p-521": 0x19} | {
    "prime192v1": 0x13,
    "prime256v1": 0x17,
    "curve25519": 0x1D,
    "curve448": 0x1E,
}

EXPLICIT_PRIME_CURVE = 0xFF01
EXPLICIT_CHAR2_CURVE = 0xFF02

CURVES_TLS12 = (0x1D, 0x17, 0x18, 0x19, 0x1E, *range(0x1A, 0x1D), *range(0x16, 0, -1))
"""Curves a hello of TLS 1.2 and below may offer, common ones first (RFC 8422, RFC 7027)."""

GROUPS_TLS13 = (
    *(0x11EC, 0x11EB, 0x11ED),
    *(0x1D, 0x17, 0x18, 0x19, 0x1E),
    *range(0x1F, 0x22),
    *range(0x100, 0x105),
    *range(0x200, 0x203),
)
"""Groups a hello of TLS 1.3 alone may offer. A curve of TLS 1.2 alone makes some servers abort."""


def group_name(code: int) -> str:
    """Return the IANA name of a group, or its code point in hexadecimal."""
    return groups().get(code, f"0x{code:04X}")


def group_by_name(name: str) -> int | None:
    """Return the code point of a group by its IANA, NIST or OpenSSL name in any case, or None."""
    return _group_codes().get(name.lower())


@cache
def _group_codes() -> dict[str, int]:
    return {name.lower(): code for code, name in groups().items()} | _GROUP_ALIASES


class SignatureScheme(IntEnum):
    """Signature schemes (RFC 8446 4.2.3, RFC 5246 7.4.1.4.1), in the order hellos offer them."""

    ECDSA_SECP256R1_SHA256 = 0x0403
    ECDSA_SECP384R1_SHA384 = 0x0503
    ECDSA_SECP521R1_SHA512 = 0x0603
    ED25519 = 0x0807
    ED448 = 0x0808
    RSA_PSS_RSAE_SHA256 = 0x0804
    RSA_PSS_RSAE_SHA384 = 0x0805
    RSA_PSS_RSAE_SHA512 = 0x0806
    RSA_PSS_PSS_SHA256 = 0x0809
    RSA_PSS_PSS_SHA384 = 0x080A
    RSA_PSS_PSS_SHA512 = 0x080B
    ECDSA_BRAINPOOLP256R1TLS13_SHA256 = 0x081A
    ECDSA_BRAINPOOLP384R1TLS13_SHA384 = 0x081B
    ECDSA_BRAINPOOLP512R1TLS13_SHA512 = 0x081C
    RSA_PKCS1_SHA256 = 0x0401
    RSA_PKCS1_SHA384 = 0x0501
    RSA_PKCS1_SHA512 = 0x0601
    MLDSA44 = 0x0904
    MLDSA65 = 0x0905
    MLDSA87 = 0x0906
    ECDSA_SHA224 = 0x0303
    RSA_PKCS1_SHA224 = 0x0301
    DSA_SHA256 = 0x0402
    DSA_SHA224 = 0x0302
    ECDSA_SHA1 = 0x0203
    RSA_PKCS1_SHA1 = 0x0201
    DSA_SHA1 = 0x0202
    RSA_PKCS1_MD5 = 0x0101


LEGACY_SCHEMES = (
    SignatureScheme.ECDSA_SHA224,
    SignatureScheme.RSA_PKCS1_SHA224,
    SignatureScheme.DSA_SHA256,
    SignatureScheme.DSA_SHA224,
    SignatureScheme.ECDSA_SHA1,
    SignatureScheme.RSA_PKCS1_SHA1,
    SignatureScheme.DSA_SHA1,
    SignatureScheme.RSA_PKCS1_MD5,
)
"""Schemes that only a hello of TLS 1.2 and below offers."""

MODERN_SCHEMES = tuple(scheme for scheme in SignatureScheme if scheme not in LEGACY_SCHEMES)
"""Schemes that every hello offers."""

"""The creatures: what each certificate or chain is, and what mailtls and openssl say of it."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose
from cryptography.x509.oid import ObjectIdentifier

from e2e.zoo import (
    DAY,
    DOMAIN,
    MIDDLE,
    NOW,
    ROOT,
    RSA_MIDDLE,
    SECOND,
    SHA1,
    Issued,
    Leaf,
    authority,
    called,
    curve_key,
    dates,
    dns,
    rsa_key,
)

TRUST, NAME, EXPIRY, USAGE, CHAIN, KEY, SIGNATURE = (
    f"certificate-{aspect}"
    for aspect in ("trust", "name", "expiry", "usage", "chain", "key", "signature")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Creature:
    """`build` gives key and chain as sent; `fails` are mailtls' rules that fail as errors.

    `code` is openssl's verdict. Where only one of the two accepts, `why` says why that is right.
    """

    name: str
    build: Callable[[str], tuple[Any, list[x509.Certificate]]]
    fails: frozenset[str] = frozenset()
    code: int = 0
    why: str = ""

    @property
    def host(self) -> str:
        return f"{self.name}.{DOMAIN}"


UNKNOWN_ROOT = authority("Unknown Root", None)
TWIN_KEY = ec.generate_private_key(ec.SECP256R1())
FRESH_TWIN = authority("Zoo Twin", ROOT, key=TWIN_KEY)
EXPIRED_TWIN = authority("Zoo Twin", ROOT, key=TWIN_KEY, dates=(NOW - 500 * DAY, NOW - 9 * DAY))
IMPOSTOR = authority("Zoo Intermediate", UNKNOWN_ROOT)
WEAK_CA = authority("Zoo Weak Intermediate", ROOT, key=rsa_key(1024))
SHA1_CA = authority("Zoo SHA-1 Intermediate", RSA_MIDDLE, digest=SHA1)
NO_CA = authority("Zoo No CA", ROOT, is_ca=False)
NO_SIGN = authority("Zoo Signs No Certificates", ROOT, usage=("crl_sign",))
SHORT = authority("Zoo Short", ROOT, length=0)
UNDER_SHORT = authority("Zoo Under Short", SHORT)
CLIENT_CA = authority(
    "Zoo Client Intermediate", ROOT, (x509.ExtendedKeyUsage([Purpose.CLIENT_AUTH]), False)
)


def limited(text: str, **subtrees: Any) -> Issued:
    limit = {"permitted_subtrees": None, "excluded_subtrees": None} | subtrees
    return authority(text, ROOT, (x509.NameConstraints(**limit), True))


INSIDE = limited("Zoo Inside", permitted_subtrees=[x509.DNSName(DOMAIN)])
OUTSIDE = limited("Zoo Outside", permitted_subtrees=[x509.DNSName("park.test")])
EXCLUDING = limited("Zoo Excluding", excluded_subtrees=[x509.DNSName(DOMAIN)])
PRIVATE_OID = ObjectIdentifier("1.3.6.1.4.1.55555.1")
PRIVATE = x509.UnrecognizedExtension(PRIVATE_OID, b"\x05\x00")
HOSTILE = "zoo\r\n::error::\u202egood ##[error] \x1b[31m"


def self_signed(host: str) -> tuple[Any, list[x509.Certificate]]:
    return Leaf(issuer=None)(host)


def the_root_itself(host: str) -> tuple[Any, list[x509.Certificate]]:
    del host
    return ROOT.key, [ROOT.certificate]


def creature(name: str, build: Any, *fails: str, code: int = 0, why: str = "") -> Creature:
    return Creature(name=name, build=build, fails=frozenset(fails), code=code, why=why)


def email(text: str) -> tuple[x509.GeneralName, ...]:
    return (x509.RFC822Name(text),)


SUBJECT_ALONE = (
    "without a DNS name openssl turns to the common name, which RFC 9525 section 2 forbids"
)
TOO_SOON = "openssl asks whether it is valid, mailtls by default for fourteen days more"

CREATURES = (
    creature("sane", Leaf()),
    creature("wildcard", Leaf(names=dns("*.zoo.test"))),
    creature("wildcard-above", Leaf(names=dns("*.test")), NAME, code=62),
    creature("wildcard-alone", Leaf(names=dns("*")), NAME, code=62),
    creature("wildcard-inside", Leaf(names=dns("wildcard-inside.*.test")), NAME, code=62),
    creature(
        "partial-wildcard",
        Leaf(names=dns("partial*.zoo.test")),
        NAME,
        why="openssl lets a wildcard stand for part of a label, RFC 9525 section 6.3 does not",
    ),
    creature("common-name", Leaf(names=()), NAME, why=SUBJECT_ALONE),
    creature("other-name", Leaf(names=dns("other.zoo.test")), NAME, code=62),
    creature("upper-case", Leaf(names=dns("UPPER-CASE.Zoo.Test"))),
    creature("final-dot", Leaf(names=dns("final-dot.zoo.test.")), NAME, code=62),
    creature(
        "address-name",
        Leaf(names=(x509.IPAddress(ipaddress.ip_address("127.0.0.1")),)),
        NAME,
        why=SUBJECT_ALONE,
    ),
    creature("email-name", Leaf(names=email("a@zoo.test")), NAME, why=SUBJECT_ALONE),
    creature("nul-name", Leaf(names=dns("nul-name.zoo.test\0.evil.test")), NAME, code=62),
    creature(
        "hundred-names",
        Leaf(names=dns(*(f"n{n}.test" for n in range(99)), "hundred-names.zoo.test")),
    ),
    creature("underscore", Leaf(names=dns("_x.zoo.test", "underscore.zoo.test"))),
    creature(
        "uri-name",
        Leaf(names=(x509.UniformResourceIdentifier("imap://uri-name.zoo.test"),)),
        NAME,
        why=SUBJECT_ALONE,
    ),
    creature("space-name", Leaf(names=dns(" space-name.zoo.test")), NAME, code=62),
    creature("empty-subject", Leaf(subject=called(""))),
    creature("expired", Leaf(options=dates(-90, -1)), EXPIRY, code=10),
    creature("expired-today", Leaf(options=dates(-90, -0.01)), EXPIRY, code=10),
    creature("not-yet", Leaf(options=dates(1, 90)), EXPIRY, code=9),
    creature("thirteen-days", Leaf(options=dates(-77, 13.5)), EXPIRY, why=TOO_SOON),
    creature("fifteen-days", Leaf(options=dates(-75, 15))),
    creature("six-days", Leaf(options=dates(-1, 5)), EXPIRY, why=TOO_SOON),
    creature(
        "since-1970", Leaf(options={"dates": (datetime(1970, 1, 1, tzinfo=UTC), NOW + 60 * DAY)})
    ),
    creature("to-9999", Leaf(options={"dates": (NOW - DAY, datetime(9999, 12, 31, tzinfo=UTC))})),
    creature("rsa-1024", Leaf(key=rsa_key(1024)), TRUST, KEY, code=66),
    creature("rsa-1536", Leaf(key=rsa_key(1536)), TRUST, KEY, code=66),
    creature("rsa-2048", Leaf(key=rsa_key(2048))),
    creature("rsa-3072", Leaf(key=rsa_key(3072))),
    creature("p-384", Leaf(key=curve_key(ec.SECP384R1))),
    creature("p-521", Leaf(key=curve_key(ec.SECP521R1))),
    creature("ed25519", Leaf(key=ed25519.Ed25519PrivateKey.generate())),
    creature("ed448", Leaf(key=ed448.Ed448PrivateKey.generate())),
    creature("by-rsa", Leaf(issuer=RSA_MIDDLE)),
    creature(
        "by-rsa-pss",
        Leaf(issuer=RSA_MIDDLE, options={"scheme": padding.PSS(padding.MGF1(hashes.SHA256()), 32)}),
    ),
    creature("sha384", Leaf(options={"digest": hashes.SHA384()})),
    creature("sha512", Leaf(options={"digest": hashes.SHA512()})),
    creature(
        "sha224",
        Leaf(options={"digest": hashes.SHA224()}),
        SIGNATURE,
        why="112 bits are enough for openssl; the profile asks for SHA-256 or better",
    ),
    creature(
        "sha1",
        Leaf(issuer=RSA_MIDDLE, options={"digest": SHA1}),
        TRUST,
        SIGNATURE,
        code=68,
    ),
    creature(
        "sha1-issuer",
        Leaf(issuer=SHA1_CA, above=(SHA1_CA.certificate, RSA_MIDDLE.certificate)),
        TRUST,
        SIGNATURE,
        code=68,
    ),
    creature("weak-issuer", Leaf(issuer=WEAK_CA), TRUST, KEY, code=67),
    creature("by-root", Leaf(issuer=ROOT)),
    creature("no-intermediate", Leaf(above=()), TRUST, CHAIN, code=20),
    creature("with-root", Leaf(above=(MIDDLE.certificate, ROOT.certificate))),
    creature(
        "two-intermediates", Leaf(issuer=SECOND, above=(SECOND.certificate, MIDDLE.certificate))
    ),
    creature("upper-one-missing", Leaf(issuer=SECOND), TRUST, CHAIN, code=20),
    creature("shuffled", Leaf(issuer=SECOND, above=(MIDDLE.certificate, SECOND.certificate))),
    creature("duplicate", Leaf(above=(MIDDLE.certificate, MIDDLE.certificate))),
    creature("stranger", Leaf(above=(MIDDLE.certificate, RSA_MIDDLE.certificate))),
    creature(
        "twin-first",
        Leaf(issuer=FRESH_TWIN, above=(EXPIRED_TWIN.certificate, FRESH_TWIN.certificate)),
    ),
    creature(
        "twin-last",
        Leaf(issuer=FRESH_TWIN, above=(FRESH_TWIN.certificate, EXPIRED_TWIN.certificate)),
    ),
    creature("expired-intermediate", Leaf(issuer=EXPIRED_TWIN), TRUST, code=10),
    creature("self-signed", self_signed, TRUST, code=18),
    creature("root-as-leaf", the_root_itself, TRUST, NAME, USAGE, code=26),
    creature(
        "unknown-root", Leaf(issuer=UNKNOWN_ROOT, above=(UNKNOWN_ROOT.certificate,)), TRUST, code=19
    ),
    creature("unknown-issuer", Leaf(issuer=UNKNOWN_ROOT, above=()), TRUST, CHAIN, code=20),
    creature("impostor", Leaf(issuer=IMPOSTOR, above=(MIDDLE.certificate,)), TRUST, CHAIN, code=20),
    creature(
        "too-long",
        Leaf(issuer=UNDER_SHORT, above=(UNDER_SHORT.certificate, SHORT.certificate)),
        TRUST,
        code=25,
    ),
    creature("no-ca", Leaf(issuer=NO_CA), TRUST, code=79),
    creature("signs-nothing", Leaf(issuer=NO_SIGN), TRUST, code=79),
    creature("inside-constraint", Leaf(issuer=INSIDE)),
    creature("outside-constraint", Leaf(issuer=OUTSIDE), TRUST, code=47),
    creature("excluded", Leaf(issuer=EXCLUDING), TRUST, code=48),
    creature("client-issuer", Leaf(issuer=CLIENT_CA), TRUST, code=26),
    creature("client-only", Leaf(purposes=(Purpose.CLIENT_AUTH,)), TRUST, USAGE, code=26),
    creature(
        "any-purpose", Leaf(purposes=(Purpose.ANY_EXTENDED_KEY_USAGE,)), TRUST, USAGE, code=26
    ),
    creature("both-purposes", Leaf(purposes=(Purpose.SERVER_AUTH, Purpose.CLIENT_AUTH))),
    creature("no-purpose", Leaf(purposes=())),
    creature("no-usage", Leaf(usage=())),
    creature(
        "encipher-only",
        Leaf(key=rsa_key(2048), usage=("key_encipherment",)),
        USAGE,
        why="openssl accepts a key that may decipher or sign; RFC 8446 section 4.4.2.2 asks to sign",
    ),
    creature("cert-sign-only", Leaf(usage=("key_cert_sign",)), TRUST, USAGE, code=26),
    creature("ca-leaf", Leaf(is_ca=True)),
    creature("no-constraints", Leaf(is_ca=None)),
    creature("critical-unknown", Leaf(more=((PRIVATE, True),)), TRUST, code=34),
    creature("unknown-extension", Leaf(more=((PRIVATE, False),))),
    creature("no-key-ids", Leaf(options={"key_ids": False})),
    creature("long-serial", Leaf(options={"serial": (1 << 158) + 1})),
    creature("hostile-subject", Leaf(subject=called(HOSTILE))),
    creature(
        "hostile-name", Leaf(names=dns("hostile-name.zoo.test\r\n::error::##[x]")), NAME, code=62
    ),
)

"""Is there a path from the chain as sent to a trust anchor? OpenSSL decides, as for mail clients.

The chain is judged twice, with the clock ignored and at a given time, so that "unknown issuer" and
"expired" are two facts. Keys and signatures are held to OpenSSL's default security level: the path
builder of a bare store does not, its TLS clients do.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from OpenSSL import SSL, crypto

from mailtls.evidence import PathProblem, PathValidation
from mailtls.policy.model import Anchors
from mailtls.pure import pure
from mailtls.tls import certificates, webpki
from mailtls.tls.openssl import has_weak_key, require_server_purpose, subject_of

PINNED = "pinned"
SYSTEM = "system"

_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, x509_vfy.h

# X509_verify_cert_error_string of x509_txt.c, for the numbers that are decided here.
_UNSPECIFIED = 1
_LEAF_KEY_TOO_SMALL = 66
_CA_KEY_TOO_SMALL = 67
_CA_DIGEST_TOO_WEAK = 68
_TEXTS = {
    _LEAF_KEY_TOO_SMALL: "EE certificate key too weak",
    _CA_KEY_TOO_SMALL: "CA certificate key too weak",
    _CA_DIGEST_TOO_WEAK: "CA signature digest algorithm too weak",
}
# Below 112 bits by x509_sig_info_init of crypto/x509/x509_set.c: SHA-1 counts 63, MD5 39.
_WEAK_DIGESTS = ("md2-", "md4-", "md5-", "sha1-")

_PEM = re.compile(
    rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----.+?-----END (?:X509 |TRUSTED )?CERTIFICATE-----",
    re.DOTALL,
)
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
_DIRECTORIES = ("/etc/ssl/certs", "/etc/pki/tls/certs")
_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


@pure
class SystemAnchors:
    """Where this machine keeps its roots: a hashed directory, a bundle file, "" for neither."""

    file: str = ""
    directory: str = ""


def system_anchors(environment: Mapping[str, str]) -> SystemAnchors:
    """Find the machine's roots; reads directories, but no certificate.

    `SSL_CERT_FILE` and `SSL_CERT_DIR` are heard as OpenSSL hears them. Otherwise a hashed directory
    is taken before a bundle, which costs 5 ms to read where a directory is read root by root as
    needed. The OpenSSL in cryptography's wheels has no roots of its own.
    """
    file, directory = environment.get("SSL_CERT_FILE", ""), environment.get("SSL_CERT_DIR", "")
    if file or directory:
        return SystemAnchors(file=file, directory=directory)
    own = SSL.OpenSSL_version(SSL.OPENSSL_DIR).decode().partition('"')[2].rstrip('"')
    for directory in (f"{own}/certs", *_DIRECTORIES):
        if _is_hashed(Path(directory)):
            return SystemAnchors(directory=directory)
    for file in (f"{own}/cert.pem", *_FILES):
        if Path(file).is_file():
            return SystemAnchors(file=file)
    return SystemAnchors()


def _is_hashed(directory: Path) -> bool:
    try:
        return any(_HASHED.fullmatch(entry.name) for entry in directory.iterdir())
    except OSError:
        return False


def validate(
    chain_der: Sequence[bytes],
    anchors: Anchors,
    *,
    at: datetime,
    extra_pem: bytes = b"",
    system: SystemAnchors | None = None,
) -> PathValidation:
    """Look for a path from the first certificate to an anchor; never raises for any chain.

    `chain_der` is the chain as sent, `extra_pem` the certificates of `--ca-file`, which join the
    system's, and `system` where those are (None: `system_anchors` of an empty environment).
    Anchors given as PEM are trusted as they are, self-signed or not, the leaf itself included.
    """
    own = extra_pem if anchors.label == SYSTEM else anchors.pem
    roots = (system or system_anchors({})) if anchors.label == SYSTEM else SystemAnchors()
    untimed, timed = _store(own, roots, None), _store(own, roots, at.astimezone(UTC))
    if anchors.label == PINNED or untimed is None or timed is None:
        return PathValidation(
            anchors=anchors.label,
            at=at,
            problem=None,
            time_problem=None,
            verified=(),
            judged=False,
        )
    loaded = [certificate for der in chain_der if (certificate := _load(der))]
    path: tuple[bytes, ...] = ()
    if not chain_der or _load(chain_der[0]) is None:
        problem: PathProblem | None = _unreadable(chain_der)
    else:
        problem, path = _find(untimed, loaded)
    time_problem = problem
    if problem is None:
        time_problem, _ = _find(timed, loaded)
    # Where an anchor of the policy is not self-signed, OpenSSL lists what was sent beyond it too.
    given = set(map(_der, _certificates(own)))
    end = next((depth for depth, der in enumerate(path) if der in given), len(path))
    extra_anchor, members = end < len(path), path[: end + 1]
    # A private CA promises nothing of the profile that public ones are held to.
    public = anchors.label == SYSTEM and not extra_anchor
    return PathValidation(
        anchors=anchors.label,
        at=at,
        problem=problem,
        time_problem=time_problem,
        verified=tuple(hashlib.sha256(der).hexdigest() for der in members),
        extra_anchor=extra_anchor,
        unsent=tuple(der for der in members if der not in chain_der),
        web_pki=webpki.refusal(members, at) if public and members and not time_problem else "",
    )


def _unreadable(chain_der: Sequence[bytes]) -> PathProblem:
    text = "the certificate cannot be read" if chain_der else "no certificate was sent"
    return PathProblem(code=_UNSPECIFIED, text=text, depth=0, subject="")


def _find(
    store: crypto.X509Store, chain: Sequence[crypto.X509]
) -> tuple[PathProblem | None, tuple[bytes, ...]]:
    """Return the problem, or None and the path as DER, leaf first."""
    # X509_verify_cert looks at the leaf's key first and at the path's keys once it has one.
    if has_weak_key(chain[0]):
        return _weak(_LEAF_KEY_TOO_SMALL, 0, chain[0]), ()
    try:
        path = crypto.X509StoreContext(store, chain[0], chain[1:]).get_verified_chain()
    except crypto.X509StoreContextError as error:
        code, depth, text = error.errors
        return PathProblem(code=code, text=text, depth=depth, subject=subject_of(error)), ()
    for depth, certificate in enumerate(path):
        if has_weak_key(certificate):
            return _weak(_CA_KEY_TOO_SMALL, depth, certificate), ()
        # The signature on an anchor proves nothing and is not asked about.
        if depth < len(path) - 1 and _has_weak_digest(certificate):
            return _weak(_CA_DIGEST_TOO_WEAK, depth, certificate), ()
    return None, tuple(map(_der, path))


def _has_weak_digest(certificate: crypto.X509) -> bool:
    return certificates.parse(_der(certificate)).signature.startswith(_WEAK_DIGESTS)


def _weak(code: int, depth: int, certificate: crypto.X509) -> PathProblem:
    subject = certificates.parse(_der(certificate)).subject
    return PathProblem(code=code, text=_TEXTS[code], depth=depth, subject=subject)


@lru_cache(maxsize=32)
def _store(pem: bytes, roots: SystemAnchors, at: datetime | None) -> crypto.X509Store | None:
    """Return the store that judges at `at`, None: with the clock ignored; None without an anchor."""
    store = crypto.X509Store()
    for certificate in _certificates(pem):
        store.add_cert(certificate)
    if not (_load_roots(store, roots) or _certificates(pem)):
        return None
    if pem:
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    if at is None:
        store.set_flags(_NO_CHECK_TIME)
    else:
        store.set_time(at)
    require_server_purpose(store)
    return store


def _load_roots(store: crypto.X509Store, roots: SystemAnchors) -> bool:
    """Add the machine's roots; return whether there are any."""
    loaded = False
    if Path(roots.file).is_file():
        with suppress(crypto.Error):
            store.load_locations(roots.file)
            loaded = True
    directories = filter(_is_hashed, map(Path, filter(None, roots.directory.split(":"))))
    for directory in directories:
        store.load_locations(None, str(directory))
        loaded = True
    return loaded


@lru_cache(maxsize=32)
def _certificates(pem: bytes) -> tuple[crypto.X509, ...]:
    """Return the certificates of a PEM text; blocks that are none are passed over."""
    found = []
    for block in _PEM.findall(pem):
        try:
            found.append(crypto.load_certificate(crypto.FILETYPE_PEM, block))
        except crypto.Error:
            continue
    return tuple(found)


def _load(der: bytes) -> crypto.X509 | None:
    try:
        return crypto.load_certificate(crypto.FILETYPE_ASN1, der)
    except crypto.Error:
        return None


def _der(certificate: crypto.X509) -> bytes:
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)

"""The stricter view of the web PKI on a path that OpenSSL took: RFC 5280 as the CA/Browser Forum reads it.

cryptography's verifier stands for the clients that hold certificates to that profile, as those
written in Rust do. It is asked about one path alone, and never about names: the rules do that.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.x509 import verification

from mailtls.tls.certificates import UNREADABLE

_EXTENSIONS = {
    "1.3.6.1.5.5.7.1.1": "authorityInfoAccess",
    "2.5.29.14": "subjectKeyIdentifier",
    "2.5.29.15": "keyUsage",
    "2.5.29.17": "subjectAltName",
    "2.5.29.19": "basicConstraints",
    "2.5.29.30": "nameConstraints",
    "2.5.29.35": "authorityKeyIdentifier",
    "2.5.29.36": "policyConstraints",
    "2.5.29.37": "extendedKeyUsage",
}
_OID = re.compile(r"\b\d+(?:\.\d+){3,}\b")
_SUBJECT = re.compile(r"\s*\(encountered processing .*\)\s*$", re.DOTALL)
_STRUCTURE = re.compile(r":? \w+ \{.*", re.DOTALL)  # a whole key in the library's own notation
_HEADS = ("validation failed:", "candidates exhausted:", "invalid extension:")
_NAMES_TRIED = 100


def refusal(path: Sequence[bytes], at: datetime) -> str:
    """Return why a path, leaf first and anchor last as DER, would not be taken; "" where it would.

    Never raises. The words are the library's, with extensions by name. A leaf that is an anchor
    itself is nobody's path.
    """
    if len(path) == 1:
        return ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            leaf, *issuers, anchor = map(x509.load_der_x509_certificate, path)
            store = verification.Store([anchor])
            policy = verification.PolicyBuilder().store(store).time(at)
            verifier = next(filter(None, (_verifier(policy, name) for name in _names(leaf))), None)
            if verifier is None:
                return "no subject alternative name is one that such clients read"
            verifier.verify(leaf, issuers)
        except (verification.VerificationError, *UNREADABLE) as error:
            return _words(str(error))
    return ""


def _names(leaf: x509.Certificate) -> Iterator[verification.Subject]:
    """Yield names that the leaf has for sure, so that names decide nothing."""
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    for name, _ in zip(found, range(_NAMES_TRIED), strict=False):
        if isinstance(name, x509.DNSName):
            plain = name.value.removeprefix("*.")
            yield name if plain == name.value else x509.DNSName(f"host.{plain}")
        elif isinstance(name, x509.IPAddress):
            yield name


def _verifier(
    policy: verification.PolicyBuilder, name: verification.Subject
) -> verification.ServerVerifier | None:
    try:
        return policy.build_server_verifier(name)
    except UNREADABLE:
        return None


def _words(text: str) -> str:
    said = _STRUCTURE.sub("", _SUBJECT.sub("", text))
    for head in _HEADS:
        said = said.removeprefix(head).strip()
    return _OID.sub(lambda found: _EXTENSIONS.get(found[0], found[0]), said)

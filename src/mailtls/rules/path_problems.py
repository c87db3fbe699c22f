"""OpenSSL's verdicts on a path in words a person can act on: what is wrong, and what mends it.

The numbers are those of X509_V_ERR in OpenSSL's x509_vfy.h. What is said of the leaf and of a CA
above it differs where the same number means both.
"""

from __future__ import annotations

from mailtls.evidence import PathProblem
from mailtls.pure import pure

EXPIRED, NOT_YET_VALID = 10, 9
SELF_SIGNED, UNKNOWN_ROOT = 18, 19

_REISSUE = "have a certificate issued that clients accept, and install it with its chain"
_OTHER_CHAIN = "install the intermediates that the CA hands out for this certificate now"
_CA_S_FAULT = "have the certificate issued by another CA, or by another intermediate of this one"


@pure
class _Words:
    """A problem of the leaf, and of a CA above it where that reads otherwise; and their remedies."""

    leaf: str
    remedy: str
    authority: str = ""
    authority_remedy: str = _CA_S_FAULT


_OUTSIDE = "a name in the certificate lies outside what a CA in the chain may certify"
_EXCLUDED = "a name in the certificate is among those that a CA in the chain must not certify"
_BY_ANOTHER = "have it issued by a CA that may certify this name, or leave the name out of it"
_NO_CA = "an issuer in the chain is not a CA certificate, or must not sign certificates"
_ABSENT = _Words(
    leaf="an issuer in the chain is neither sent nor a trust anchor", remedy=_OTHER_CHAIN
)
_WORDS = {
    2: _ABSENT,
    4: _Words(leaf="a signature in the chain cannot be read", remedy=_OTHER_CHAIN),
    6: _Words(leaf="a public key in the chain cannot be read", remedy=_OTHER_CHAIN),
    7: _Words(leaf="a signature in the chain does not verify", remedy=_OTHER_CHAIN),
    13: _Words(leaf="a certificate's notBefore cannot be read", remedy=_REISSUE),
    14: _Words(leaf="a certificate's notAfter cannot be read", remedy=_REISSUE),
    SELF_SIGNED: _Words(
        leaf="the certificate is self-signed and is not itself a trust anchor",
        remedy="install a certificate of a CA that clients trust, or where clients know this one"
        " write `certificate.trust: FILE.pem`, use --ca-file, or pin it with `trust: pinned`",
    ),
    UNKNOWN_ROOT: _Words(
        leaf="the chain ends in a root that is not a trust anchor",
        remedy="install a certificate of a CA that clients trust, or where clients know this root"
        " write `certificate.trust: FILE.pem` or use --ca-file",
    ),
    20: _ABSENT,
    21: _ABSENT,
    22: _Words(leaf="the chain is longer than OpenSSL follows", remedy=_OTHER_CHAIN),
    23: _Words(leaf="a certificate in the chain is revoked", remedy=_REISSUE),
    24: _Words(leaf="an issuer in the chain has no key that can be read", remedy=_OTHER_CHAIN),
    25: _Words(leaf="the chain is longer than a CA in it allows", remedy=_CA_S_FAULT),
    26: _Words(
        leaf="the certificate is not meant for TLS servers",
        remedy="have a certificate issued whose purposes (extended key usage) include serverAuth",
        authority="a CA in the chain may not issue certificates for TLS servers",
    ),
    27: _Words(leaf="the root is not trusted for TLS servers", remedy=_CA_S_FAULT),
    28: _Words(leaf="the root is marked as rejected", remedy=_CA_S_FAULT),
    32: _Words(leaf=_NO_CA, remedy=_OTHER_CHAIN),
    34: _Words(
        leaf="the certificate has a critical extension that clients do not know",
        remedy="have it issued without that extension, or with it not marked critical",
        authority="a CA in the chain has a critical extension that clients do not know",
    ),
    37: _Words(leaf="a certificate contradicts itself on whether it is a CA's", remedy=_REISSUE),
    40: _Words(leaf="the chain holds a proxy certificate (RFC 3820)", remedy=_REISSUE),
    41: _Words(leaf="an extension in the chain cannot be read", remedy=_REISSUE),
    42: _Words(leaf="a policy extension in the chain cannot be read", remedy=_REISSUE),
    43: _Words(leaf="a CA in the chain demands a policy that is not met", remedy=_CA_S_FAULT),
    47: _Words(leaf=_OUTSIDE, remedy=_BY_ANOTHER),
    48: _Words(leaf=_EXCLUDED, remedy=_BY_ANOTHER),
    51: _Words(leaf="a CA's name constraints are of a kind not supported", remedy=_CA_S_FAULT),
    52: _Words(leaf="a CA's name constraints cannot be read", remedy=_CA_S_FAULT),
    53: _Words(
        leaf="a name in the certificate cannot be held against a CA's name constraints",
        remedy=_REISSUE,
    ),
    66: _Words(
        leaf="the key of the certificate is too weak",
        remedy="have a certificate issued for a new key: ECDSA P-256, or RSA of 2,048 bits or more",
    ),
    67: _Words(leaf="the key of a CA in the chain is too weak", remedy=_CA_S_FAULT),
    68: _Words(
        leaf="the certificate is signed with a hash that is too weak",
        remedy="have it issued anew, signed with SHA-256 or better",
        authority="a CA in the chain is signed with a hash that is too weak",
        authority_remedy=_OTHER_CHAIN,
    ),
    79: _Words(leaf=_NO_CA, remedy=_OTHER_CHAIN),
    94: _Words(
        leaf="a key is on a curve that is spelled out instead of named",
        remedy="have a certificate issued for a key on a named curve, as P-256",
    ),
}


def words(problem: PathProblem) -> tuple[str, str]:
    """Return what is wrong and what mends it; a CA is named, and a root that is not trusted."""
    found = _WORDS.get(problem.code)
    if found is None:
        return "no path to a trust anchor was found", _REISSUE
    named = f": {problem.subject}" if problem.subject and problem.depth > 0 else ""
    if found.authority and problem.depth > 0:
        return found.authority + named, found.authority_remedy
    return found.leaf + named, found.remedy

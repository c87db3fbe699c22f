"""Names of what a certificate names by object identifier, and the two DER values read by hand."""

from __future__ import annotations

CURVE_NAMES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
"""FIPS 186-5 names; every other curve keeps OpenSSL's."""

RSASSA_PSS = "1.2.840.113549.1.1.10"

SIGNATURE_NAMES = {
    "1.2.840.113549.1.1.2": "md2-rsa",
    "1.2.840.113549.1.1.3": "md4-rsa",
    "1.2.840.113549.1.1.4": "md5-rsa",
    "1.2.840.113549.1.1.5": "sha1-rsa",
    "1.3.14.3.2.29": "sha1-rsa",
    "1.2.840.113549.1.1.14": "sha224-rsa",
    "1.2.840.113549.1.1.11": "sha256-rsa",
    "1.2.840.113549.1.1.12": "sha384-rsa",
    "1.2.840.113549.1.1.13": "sha512-rsa",
    "2.16.840.1.101.3.4.3.13": "sha3-224-rsa",
    "2.16.840.1.101.3.4.3.14": "sha3-256-rsa",
    "2.16.840.1.101.3.4.3.15": "sha3-384-rsa",
    "2.16.840.1.101.3.4.3.16": "sha3-512-rsa",
    "1.2.840.10045.4.1": "sha1-ecdsa",
    "1.2.840.10045.4.3.1": "sha224-ecdsa",
    "1.2.840.10045.4.3.2": "sha256-ecdsa",
    "1.2.840.10045.4.3.3": "sha384-ecdsa",
    "1.2.840.10045.4.3.4": "sha512-ecdsa",
    "1.2.840.10040.4.3": "sha1-dsa",
    "2.16.840.1.101.3.4.3.1": "sha224-dsa",
    "2.16.840.1.101.3.4.3.2": "sha256-dsa",
    "2.16.840.1.101.3.4.3.3": "sha384-dsa",
    "2.16.840.1.101.3.4.3.4": "sha512-dsa",
    "1.3.101.112": "ed25519",
    "1.3.101.113": "ed448",
}
"""RFC 8017 appendix C, RFC 5758, RFC 8410, NIST's registry of algorithms."""

PURPOSE_NAMES = {
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
    "2.5.29.37.0": "anyExtendedKeyUsage",
}
"""RFC 5280 section 4.2.1.12."""

_SEQUENCE = 0x30
_VERSION = 0xA0
_IA5_STRING = 0x16
_BEFORE_KEY = 5  # serialNumber, signature, issuer, validity, subject (RFC 5280 section 4.1)
_LONG_FORM = 0x80
_LENGTH_OCTETS = 4


def _value(der: bytes, start: int) -> tuple[int, int] | None:
    """Return where the content of the value at `start` begins and ends; None where it is cut."""
    if start + 2 > len(der):
        return None
    length, content = der[start + 1], start + 2
    if length >= _LONG_FORM:
        octets = length - _LONG_FORM
        length = int.from_bytes(der[content : content + octets])
        content += octets
        if not 0 < octets <= _LENGTH_OCTETS:
            return None
    return (content, content + length) if content + length <= len(der) else None


def subject_public_key_info(tbs: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of a TBSCertificate as it was sent, or b""."""
    outer = _value(tbs, 0)
    if outer is None:
        return b""
    position = outer[0]
    skip = _BEFORE_KEY + (tbs[position : position + 1] == bytes([_VERSION]))
    for _ in range(skip):
        value = _value(tbs, position)
        if value is None:
            return b""
        position = value[1]
    key = _value(tbs, position)
    if key is None or tbs[position] != _SEQUENCE:
        return b""
    return tbs[position : key[1]]


def ia5_string(der: bytes) -> str:
    """Return the text of one DER IA5String, decoded as latin-1; "" for anything else."""
    value = _value(der, 0)
    if value is None or der[0] != _IA5_STRING or value[1] != len(der):
        return ""
    return der[value[0] : value[1]].decode("latin-1")

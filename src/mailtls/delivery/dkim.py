"""DKIM signatures of a message as it was received (RFC 6376, RFC 8301, RFC 8463).

They prove who takes responsibility for the message, and nothing about the transport. `cryptography`
verifies; the parts before that are here, for no library of them comes as a wheel.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from datetime import datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mailtls.delivery.tools import FindTexts
from mailtls.evidence import Missing
from mailtls.flow import Signature
from mailtls.pure import pure
from mailtls.terms import Cause, Phase

SIGNATURE_LIMIT = 5
"""Signatures looked at: a message that went through two lists has three (RFC 6376 section 8.4)."""

LEAST_RSA_BITS = 1024
"""RFC 8301 section 3.2."""

_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})+")
_SELECTOR = re.compile(r"(?=.{1,200}\Z)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"\d{1,12}")
_OWN_VALUE = re.compile(rb"((?:\A|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*")
_NEEDED = ("a", "b", "bh", "d", "h", "s")
_ALGORITHMS = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}
_CANON = frozenset({"simple", "relaxed"})


@pure
class Message:
    """A message in its parts: header fields as they stand, without their last CRLF, and the body."""

    fields: tuple[bytes, ...]
    body: bytes


class InvalidSignatureError(Exception):
    """A signature that does not hold; the text says why, in a few words."""


def split(raw: bytes) -> Message:
    """Return a message in its parts; lone line feeds, as some interfaces give them, become CRLF."""
    text = re.sub(rb"\r?\n", b"\r\n", raw)
    header, _, body = text.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", header)
    return Message(fields=tuple(field for field in fields if field), body=body)


async def verify(
    raw: bytes, texts: FindTexts, now: datetime, *, whole: bool = True
) -> tuple[Signature, ...]:
    """Return every signature of a message, verified with the keys that `texts` finds.

    Where the message is not `whole`, its body cannot be hashed and the key is not asked for.
    """
    message = split(raw)
    signed = [field for field in message.fields if _name(field) == b"dkim-signature"]
    find = texts if whole else _in_vain
    return tuple([await _verify(message, field, find, now) for field in signed[:SIGNATURE_LIMIT]])


async def _in_vain(_name: str) -> Missing:
    detail = "the message is longer than what is read of one"
    return Missing(phase=Phase.AFTER_TLS, cause=Cause.PREREQUISITE, detail=detail)


async def _verify(message: Message, field: bytes, texts: FindTexts, now: datetime) -> Signature:
    domain = selector = ""
    valid: bool | Missing = False
    try:
        tags = _tags(_value(field).decode("latin-1"))
        domain, selector = tags.get("d", ""), tags.get("s", "")
        _check_tags(tags, now)
        found = await texts(f"{selector}._domainkey.{domain}")
        if isinstance(found, Missing):
            return Signature(domain=domain, selector=selector, valid=found, detail=found.detail)
        _check(message, field, tags, _key(found, tags))
        valid, detail = True, ""
    except InvalidSignatureError as error:
        detail = str(error)
    return Signature(domain=domain, selector=selector, valid=valid, detail=detail)


def _name(field: bytes) -> bytes:
    return field.partition(b":")[0].rstrip(b" \t").lower()


def _value(field: bytes) -> bytes:
    return field.partition(b":")[2]


def _tags(text: str) -> dict[str, str]:
    """Return a tag list (section 3.2), without the white space in its values."""
    tags: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or name in tags:
            raise InvalidSignatureError("the tag list is malformed")
        tags[name] = re.sub(r"[ \t\r\n]+", "", value)
    return tags


def _check_tags(tags: dict[str, str], now: datetime) -> None:
    """Refuse what section 6.1.1 says cannot be verified."""
    missing = [name for name in _NEEDED if not tags.get(name)]
    if tags.get("v") != "1" or missing:
        raise InvalidSignatureError("not a complete signature of version 1")
    domain = tags["d"].lower()
    if not _NAME.fullmatch(domain) or not _SELECTOR.fullmatch(tags["s"]):
        raise InvalidSignatureError("domain or selector is not a name")
    if tags["a"] not in _ALGORITHMS:
        raise InvalidSignatureError(f"the algorithm {tags['a']} does not count (RFC 8301)")
    if "from" not in _signed_names(tags):
        raise InvalidSignatureError("From is not signed")
    identity = _identity(tags)
    if identity and identity != domain and not identity.endswith(f".{domain}"):
        raise InvalidSignatureError("the identity is not within the domain")
    if not set(_canonicalization(tags)) <= _CANON:
        raise InvalidSignatureError("the canonicalization is unknown")
    if any(not _NUMBER.fullmatch(tags[name]) for name in ("l", "x") if name in tags):
        raise InvalidSignatureError("the tag list is malformed")
    if "x" in tags and int(tags["x"]) < now.timestamp():
        raise InvalidSignatureError("the signature has expired")


def _identity(tags: dict[str, str]) -> str:
    """Return the domain of the agent that a signature names, "" where it names none."""
    return tags.get("i", "").rpartition("@")[2].lower()


def _signed_names(tags: dict[str, str]) -> list[str]:
    return tags["h"].lower().split(":")


def _canonicalization(tags: dict[str, str]) -> tuple[str, str]:
    header, _, body = tags.get("c", "simple").partition("/")
    return header, body or "simple"


def _key(records: tuple[str, ...], tags: dict[str, str]) -> RSAPublicKey | Ed25519PublicKey:
    """Return the public key of the first record (section 6.1.2), or raise."""
    if not records:
        raise InvalidSignatureError("no key is published")
    record = _tags(records[0])
    kind = _ALGORITHMS[tags["a"]]
    if record.get("v", "DKIM1") != "DKIM1" or record.get("k", "rsa") != kind:
        raise InvalidSignatureError("the published key is of another kind")
    if "h" in record and "sha256" not in record["h"].split(":"):
        raise InvalidSignatureError("the published key is not for SHA-256")
    if not {"*", "email"} & set(record.get("s", "*").split(":")):
        raise InvalidSignatureError("the published key is not for mail")
    strict = "s" in record.get("t", "").split(":")
    if strict and _identity(tags) not in ("", tags["d"].lower()):
        raise InvalidSignatureError("the key is not for subdomains")
    if not record.get("p"):
        raise InvalidSignatureError("the key is revoked")
    return _load(kind, _base64(record["p"]))


def _load(kind: str, data: bytes) -> RSAPublicKey | Ed25519PublicKey:
    try:
        if kind == "ed25519":
            return Ed25519PublicKey.from_public_bytes(data)
        key = load_der_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidSignatureError("the published key cannot be read") from error
    if not isinstance(key, RSAPublicKey):
        raise InvalidSignatureError("the published key is of another kind")
    if key.key_size < LEAST_RSA_BITS:
        raise InvalidSignatureError(f"the key has {key.key_size} bits (RFC 8301)")
    return key


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidSignatureError("the tag list is malformed") from error


def _check(
    message: Message, field: bytes, tags: dict[str, str], key: RSAPublicKey | Ed25519PublicKey
) -> None:
    header_way, body_way = _canonicalization(tags)
    body = canonical_body(message.body, body_way)
    length = int(tags.get("l", len(body)))
    if length > len(body):
        raise InvalidSignatureError("less of the body is there than was signed")
    if hashlib.sha256(body[:length]).digest() != _base64(tags["bh"]):
        raise InvalidSignatureError("the body was changed")
    own = field.partition(b":")[0] + b":" + _OWN_VALUE.sub(rb"\1", _value(field), count=1)
    signed = b"".join(
        canonical_field(each, header_way) + b"\r\n" for each in _signed_fields(message, tags)
    ) + canonical_field(own, header_way)
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(_base64(tags["b"]), signed, padding.PKCS1v15(), SHA256())
        else:
            # RFC 8463 section 3: Ed25519 over the hash, not over the data.
            key.verify(_base64(tags["b"]), hashlib.sha256(signed).digest())
    except InvalidSignature as error:
        raise InvalidSignatureError("a signed header field was changed") from error


def _signed_fields(message: Message, tags: dict[str, str]) -> list[bytes]:
    """Return the signed fields, of equal names the last first (section 5.4.2)."""
    left: dict[bytes, list[bytes]] = {}
    for field in message.fields:
        left.setdefault(_name(field), []).append(field)
    named = [left.get(name.encode("latin-1"), []) for name in _signed_names(tags)]
    return [fields.pop() for fields in named if fields]


def canonical_field(field: bytes, way: str) -> bytes:
    """Return a header field as it is hashed (section 3.4.1 and 3.4.2), without a line end."""
    if way == "simple":
        return field
    value = re.sub(rb"[ \t]+", b" ", _value(field).replace(b"\r\n", b""))
    return _name(field) + b":" + value.strip(b" ")


def canonical_body(body: bytes, way: str) -> bytes:
    """Return a body as it is hashed (section 3.4.3 and 3.4.4)."""
    if way == "relaxed":
        body = re.sub(rb"[ \t]+", b" ", body)
        body = re.sub(rb" (?=\r\n|\Z)", b"", body)
    end = len(body)
    while body[max(0, end - 2) : end] == b"\r\n":
        end -= 2
    if not end:
        return b"" if way == "relaxed" else b"\r\n"
    return body[:end] + b"\r\n"

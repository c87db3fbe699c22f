"""SCRAM-SHA-1 and SCRAM-SHA-256 (RFC 5802, RFC 7677), alone and bound to the TLS session (-PLUS).

The binding is `tls-exporter` (RFC 9266). It is used in TLS 1.3 alone: below, its safety hangs on
renegotiation and on the extended master secret, and `tls-unique` on more than that.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import stringprep
import unicodedata
from collections.abc import Callable

from mailtls.delivery.mechanism import SaslError
from mailtls.delivery.secrecy import Secret

BINDING_LABEL = b"EXPORTER-Channel-Binding"  # RFC 9266 section 2
BINDING_BYTES = 32

MOST_ITERATIONS = 1_000_000
"""A second of work; servers have between 4,096 and 600,000 (RFC 7677 section 4)."""

_HASHES = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256"}
_SERVER_FIRST = re.compile(
    r"r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/=]+),i=([1-9][0-9]{0,8})(?:,.*)?"
)
_SERVER_FINAL = re.compile(r"v=([A-Za-z0-9+/=]+)(?:,.*)?")
_NONCE_BYTES = 18

_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
    stringprep.in_table_a1,
)


class Scram:
    """One exchange from the client's side; a `mechanism.Mechanism`.

    `binding` is the exported keying material, b"" where the session gives none. A server that could
    bind and hides it from us is told that we could (RFC 5802 section 6): it then has to refuse.
    """

    def __init__(
        self,
        name: str,
        username: str,
        password: Secret,
        *,
        binding: bytes,
        offered: tuple[str, ...],
        randomness: Callable[[int], bytes],
    ) -> None:
        self.name = name
        plain = name.removesuffix("-PLUS")
        self._hash = _HASHES[plain]
        self._password = Secret(prepared(password.reveal()))
        self._binding = b""
        if name != plain:
            self._header, self._binding = "p=tls-exporter,,", binding
        else:
            hidden = binding and f"{plain}-PLUS" not in offered
            self._header = "y,," if hidden else "n,,"
        self._nonce = base64.b64encode(randomness(_NONCE_BYTES)).decode("ascii")
        user = prepared(username).replace("=", "=3D").replace(",", "=2C")
        self._bare = f"n={user},r={self._nonce}"
        self._signature = b""
        self.complete = False

    def first(self) -> bytes | None:
        """Return client-first-message."""
        return (self._header + self._bare).encode()

    def next(self, challenge: bytes) -> bytes:
        """Return client-final-message, and nothing when the server has proved itself too."""
        try:
            said = challenge.decode()
        except UnicodeDecodeError:
            raise SaslError("the server's message is not UTF-8") from None
        if not self._signature:
            return self._final(said)
        if said.startswith("e="):
            return b""  # the reply that follows is the refusal
        matched = _SERVER_FINAL.fullmatch(said)
        if matched is None or not hmac.compare_digest(_decoded(matched[1]), self._signature):
            raise SaslError("the server does not prove that it knows the password")
        self.complete = True
        return b""

    def _final(self, server_first: str) -> bytes:
        matched = _SERVER_FIRST.fullmatch(server_first)
        if matched is None:
            raise SaslError("the server's first message is not one of SCRAM")
        nonce, salt, count = matched[1], _decoded(matched[2]), int(matched[3])
        if not nonce.startswith(self._nonce) or nonce == self._nonce:
            raise SaslError("the server's nonce does not continue ours")
        if count > MOST_ITERATIONS:
            raise SaslError(f"the server asks for {count} iterations, over {MOST_ITERATIONS}")
        password = self._password.reveal().encode()
        salted = hashlib.pbkdf2_hmac(self._hash, password, salt, count)
        channel = base64.b64encode(self._header.encode() + self._binding).decode("ascii")
        unproved = f"c={channel},r={nonce}"
        message = f"{self._bare},{server_first},{unproved}".encode()
        key = self._hmac(salted, b"Client Key")
        signature = self._hmac(hashlib.new(self._hash, key).digest(), message)
        proof = bytes(one ^ other for one, other in zip(key, signature, strict=True))
        self._signature = self._hmac(self._hmac(salted, b"Server Key"), message)
        return f"{unproved},p={base64.b64encode(proof).decode('ascii')}".encode()

    def _hmac(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, self._hash)


def prepared(text: str) -> str:
    """Return a name or password as SASLprep has it (RFC 4013); raises SaslError where it has none."""
    if text.isascii() and text.isprintable():
        return text
    mapped = "".join(
        " " if stringprep.in_table_c12(each) else each
        for each in text
        if not stringprep.in_table_b1(each)
    )
    normal = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    if not normal or any(table(each) for each in normal for table in _PROHIBITED):
        raise SaslError("a name or password with characters that SASLprep prohibits")
    if any(map(stringprep.in_table_d1, normal)):
        ends = stringprep.in_table_d1(normal[0]) and stringprep.in_table_d1(normal[-1])
        if not ends or any(map(stringprep.in_table_d2, normal)):
            raise SaslError("a name or password that mixes directions of writing")
    return normal


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise SaslError("the server's message holds no valid base64") from None

"""Debian's dkimpy: it signs messages with DKIM, as the second opinion on what is valid."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from lab.process import require

DOMAIN = "example.test"
SELECTOR = "lab"
NAME = f"{SELECTOR}._domainkey.{DOMAIN}"
# dkimpy's own function takes what its command does not: the body's length among it.
_SIGN = """\
import json, sys, dkim
options = {name: value.encode() if isinstance(value, str) else value
           for name, value in json.loads(sys.argv[1]).items()}
options["canonicalize"] = tuple(part.encode() for part in options["canonicalize"])
message = sys.stdin.buffer.read()
sys.stdout.buffer.write(dkim.sign(message, privkey=sys.argv[2].encode(), **options) + message)
"""
_VERIFY = """\
import json, sys, dkim
records = json.loads(sys.argv[1])
find = lambda name, **_: records.get(name.decode().rstrip("."), "").encode()
print(dkim.verify(sys.stdin.buffer.read(), dnsfunc=find))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key pair in the forms dkimpy and DNS have for it."""

    algorithm: str
    private: str
    record: str


def rsa_key(bits: int = 2048) -> Key:
    """Make an RSA key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    published = base64.b64encode(public).decode()
    return Key(
        algorithm="rsa-sha256", private=pem.decode(), record=f"v=DKIM1; k=rsa; p={published}"
    )


def ed25519_key() -> Key:
    """Make an Ed25519 key."""
    key = ed25519.Ed25519PrivateKey.generate()
    published = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    return Key(
        algorithm="ed25519-sha256",
        private=base64.b64encode(key.private_bytes_raw()).decode(),
        record=f"v=DKIM1; k=ed25519; p={published}",
    )


def zone(key: Key) -> dict[str, list[str]]:
    """Return the key's record as a table for `names.NameServer`, in strings of at most 255 bytes."""
    parts = (key.record[start : start + 200] for start in range(0, len(key.record), 200))
    return {NAME: ["TXT " + " ".join(f'"{part}"' for part in parts)]}


def sign(message: bytes, key: Key, *, header: str, body: str, length: bool = False) -> bytes:
    """Return `message` with a signature in front of it."""
    options = {
        "selector": SELECTOR,
        "domain": DOMAIN,
        "canonicalize": [header, body],
        "signature_algorithm": key.algorithm,
        "length": length,
    }
    return _python(_SIGN, [json.dumps(options), key.private], message)


def holds(message: bytes, records: Mapping[str, str]) -> bool:
    """Return whether dkimpy takes the first signature as valid; `records` are TXT by name."""
    return _python(_VERIFY, [json.dumps(dict(records))], message).strip() == b"True"


def _python(program: str, arguments: list[str], text: bytes) -> bytes:
    require("dkimsign", "python3-dkim")
    # Debian's own interpreter, which Debian's package is installed for.
    command = ["/usr/bin/python3", "-I", "-c", program, *arguments]
    return subprocess.run(command, input=text, capture_output=True, check=True).stdout

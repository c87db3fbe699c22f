"""Mail addresses as a policy may write them: nothing in them can end a command or a header.

Less than RFC 5321 allows: no quoted local parts, no address literals, no comments. What is left is a
Dot-string (section 4.1.2), with letters of any script where SMTPUTF8 carries them (RFC 6531
section 3.3), at a DNS name.
"""

from __future__ import annotations

import re
import unicodedata

from mailtls.policy.hosts import is_literal, normalize

LOCAL_LIMIT = 64  # octets, RFC 5321 section 4.5.3.1.1
ADDRESS_LIMIT = 254  # octets: a path has 256 with its brackets (section 4.5.3.1.3)

_ATEXT = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]")
_WRITTEN = ("L", "M", "N")
"""General categories of letters, marks and numbers: no control, format, separator or symbol."""


def normalize_address(text: str) -> str:
    """Return an address with its domain in lower case and as A-labels; raises ValueError with the reason."""
    local, at, domain = text.rpartition("@")
    if not at:
        raise ValueError("no @ in it")
    if not local or len(local.encode()) > LOCAL_LIMIT:
        raise ValueError(f"the part before @ has 1 to {LOCAL_LIMIT} octets")
    for atom in local.split("."):
        if not atom:
            raise ValueError("a dot at an end of the part before @, or two in a row")
        if any(not _is_atext(character) for character in atom):
            raise ValueError(
                "the part before @ has a character that needs quotes or is not allowed"
            )
    if unicodedata.normalize("NFC", local) != local:
        raise ValueError("the part before @ is not in Unicode's composed form (NFC)")
    host = normalize(domain)
    if is_literal(host):
        raise ValueError("an address literal in place of a domain")
    address = f"{local}@{host}"
    if len(address.encode()) > ADDRESS_LIMIT:
        raise ValueError(f"longer than {ADDRESS_LIMIT} octets")
    return address


def domain_of(address: str) -> str:
    """Return the domain of a normalized address."""
    return address.rpartition("@")[2]


def _is_atext(character: str) -> bool:
    if character.isascii():
        return _ATEXT.fullmatch(character) is not None
    return unicodedata.category(character)[0] in _WRITTEN

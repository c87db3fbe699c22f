"""Host names and IP literals as a policy may write them, in the one form that is connected to."""

from __future__ import annotations

import ipaddress
import re

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NUMERIC = re.compile(r"(0x[0-9a-f]*|[0-9]+)")
_LONGEST = 253


def normalize(text: str) -> str:
    """Return an A-label name in lower case or a canonical literal; raises ValueError with the reason.

    Forms that resolvers turn into addresses (127.1, 0x7f.1, 2130706433) are refused: they hide where
    a connection goes.
    """
    name = text.strip()
    if name.startswith("[") and name.endswith("]"):
        return _literal(name[1:-1])
    if ":" in name:
        return _literal(name)
    try:
        return str(ipaddress.IPv4Address(name))
    except ValueError:
        return _dns_name(name.removesuffix("."))


def is_literal(name: str) -> bool:
    """Return whether a normalized host is an IP literal."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _literal(text: str) -> str:
    if "%" in text:
        raise ValueError("a zone (%) names an interface of one machine (RFC 4007 section 11)")
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        raise ValueError("not an IPv6 address (a port stands in the key port)") from None


def _dns_name(name: str) -> str:
    if not name:
        raise ValueError("an empty name")
    ascii_name = name.lower() if name.isascii() else _to_ascii(name)
    if len(ascii_name) > _LONGEST:
        raise ValueError(f"a name longer than {_LONGEST} characters")
    labels = ascii_name.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        raise ValueError("neither a DNS name nor an IP literal in its usual form")
    for label in labels:
        if "_" in label:
            raise ValueError(
                "an underscore: host names have letters, digits and hyphens (RFC 1123)"
            )
        if not _LABEL.fullmatch(label):
            raise ValueError(f"{label!r} is not a label of a host name (RFC 1123)")
    return ascii_name


def _to_ascii(name: str) -> str:
    import idna

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise ValueError(f"not an internationalized name (RFC 5891): {error}") from None

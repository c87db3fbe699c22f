"""Who a Received field says the message came from: the name given, the name looked up, the address."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address

from mailtls.delivery.clauses import Clauses
from mailtls.pure import pure

NAME_LIMIT = 255
"""Longest name kept, in characters: a DNS name has 253 (RFC 1035 section 2.3.4) and maybe a dot."""

_ADDRESS_LIMIT = 64
_LITERAL = re.compile(r"\[([0-9A-Za-z:.%]{2,64})\]")
_GIVEN = re.compile(r"(?:^|\s)(?:(?:HELO|EHLO|LHLO) |helo=)\[?([^\s\])]+)", re.IGNORECASE)
_NO_NAME = frozenset({"unknown", "<unknown>", "unverified"})


@pure
class Sender:
    """Each is "" where the field does not say it; addresses are in their canonical form."""

    helo: str
    client: str
    address: str


def read_sender(field: Clauses, *, looked_up: bool) -> Sender:
    """Return the sender; `looked_up` says that the word behind `from` is the name found for its address."""
    comments = tuple(field.beside("from"))
    word = field.word("from")
    # A literal behind `from` is the address itself, or else what the client calls itself.
    recorded = next((each for each in map(_address, comments) if each), "")
    address = (address_in(word) or recorded) if looked_up else (recorded or address_in(word))
    given = next((match[1] for match in map(_GIVEN.search, comments) if match), "")
    client = _name(word) if looked_up else next((c for c in map(_client, comments) if c), "")
    return Sender(helo=(given or word.strip("[]"))[:NAME_LIMIT], client=client, address=address)


def address_in(text: str) -> str:
    """Return the IP address that `text` is, canonical, or ""; brackets and `IPv6:` may be around it."""
    if len(text) > _ADDRESS_LIMIT:
        return ""
    bare = text.strip("[]").removeprefix("IPv6:").partition("%")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return ""
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)


def name_in(word: str) -> str:
    """Return a host name as fields write it, without the root's dot."""
    return word.strip("[]").rstrip(".")[:NAME_LIMIT]


def _address(comment: str) -> str:
    literals = _LITERAL.finditer(comment)
    found = next((each for each in (address_in(match[1]) for match in literals) if each), "")
    # qmail writes ident@address, OpenSMTPD and Exchange an IPv6 address without brackets.
    return found or address_in(comment.rpartition(" ")[2].rpartition("@")[2])


def _client(comment: str) -> str:
    """Return the looked-up name in a comment like `name [192.0.2.1]`.

    Sendmail says "may be forged" of a name that does not lead back to the address.
    """
    name, space, rest = comment.partition(" ")
    named = bool(space) and bool(_address(rest)) and "may be forged" not in rest
    return _name(name) if named else ""


def _name(word: str) -> str:
    bare = word.startswith("[") or word.lower() in _NO_NAME or "=" in word or address_in(word)
    return "" if bare else name_in(word)

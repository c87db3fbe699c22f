"""The Received fields of a message as hops: what each host recorded of the one it received from.

Nothing here is believed: a field says what whoever wrote it wanted. `chain` decides whose word counts.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from ipaddress import ip_address

from mailtls.delivery.clauses import DATE, Clauses, take_apart
from mailtls.delivery.fields import Field, read_fields
from mailtls.delivery.grammars import Grammar, grammar_of, named_tls
from mailtls.delivery.senders import Sender, name_in, read_sender
from mailtls.delivery.stamps import read_stamp
from mailtls.flow import Hop, HopClear, HopTls, HopUnknown

_BASES = ("ESMTP", "LMTP", "UTF8SMTP", "UTF8LMTP")
WITHOUT_TLS = frozenset(base + end for base in _BASES for end in ("", "A"))
"""Keywords that say: no TLS (RFC 3848; RFC 6531 section 4.3)."""

WITH_TLS = frozenset(base + end for base in (*_BASES, "SMTP") for end in ("S", "SA")) | {"HTTPS"}
"""Keywords that say: TLS. SMTPS and SMTPSA are not registered; Exim, Haraka and OpenSMTPD write them."""

KEYWORD_LIMIT = 60
_LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain"})
_HAND_OVERS = ("LMTP", "UTF8LMTP")


def parse_received(header: bytes) -> tuple[Hop, ...]:
    """Return the hops that a header section records, the newest first as in the message. Never raises."""
    return _merged([_hop(field) for field in read_fields(header, "Received")])


def _hop(field: Field) -> Hop:
    # s/qmail's "de/crypted with" is one word here: its `with` is not the clause.
    clauses = take_apart(field.body.replace("de/crypted with ", "de/crypted "))
    grammar = grammar_of(clauses)
    sender = read_sender(clauses, looked_up=grammar.looked_up)
    keyword = clauses.words.get("with", "").upper()[:KEYWORD_LIMIT]
    by = name_in(clauses.word("by"))
    return Hop(
        by=by,
        helo=sender.helo,
        client=sender.client,
        address=sender.address,
        keyword=keyword,
        security=_security(clauses, grammar, keyword),
        queue_id=_queue_id(clauses, grammar),
        at=_at(clauses),
        software=grammar.software,
        field=field.body,
        local=_is_local(clauses, grammar, sender, by, keyword),
        position=field.position,
    )


def _at(clauses: Clauses) -> datetime | None:
    return read_stamp(clauses.words.get(DATE, ""))


def _security(clauses: Clauses, grammar: Grammar, keyword: str) -> HopTls | HopClear | HopUnknown:
    """Return what the field says of TLS: by naming it, else by a keyword that has a meaning."""
    named = named_tls(clauses, grammar)
    if named is not None:
        return named
    if keyword in WITH_TLS:
        return HopTls(version="", cipher="")
    if keyword in WITHOUT_TLS and grammar.keyword:
        return HopClear(keyword=keyword)
    if not keyword:
        return HopUnknown(reason="it has no `with` clause")
    if not grammar.keyword:
        return HopUnknown(reason=f"{grammar.software} writes {keyword} whether there is TLS or not")
    return HopUnknown(reason=f"the keyword {keyword} says nothing of TLS")


def _queue_id(clauses: Clauses, grammar: Grammar) -> str:
    if grammar.software == "qmail":
        note = next(clauses.beside(""), "").split(" ")
        return note[1] if len(note) > 1 and note[0] == "qmail" else ""
    return clauses.word("id").strip(",<>")[: KEYWORD_LIMIT * 2] if grammar.queues else ""


def _is_local(clauses: Clauses, grammar: Grammar, sender: Sender, by: str, keyword: str) -> bool:
    """Return whether the field records no network hop, but a hand-over within one machine or service.

    That is: a local submission (`local` of Exim, "from userid" of Postfix, "(from user@host)" of Sendmail,
    a note of qmail-queue), LMTP without an address (a Unix socket), Gmail within itself, and a connection
    from a loopback address whose client has the name of the host itself.
    """
    if keyword.startswith("LOCAL") or any(clauses.beside("")):
        return True
    if any("from userid" in text for text in clauses.beside("by")):
        return True
    if any(text.endswith(("[local]", "[unix socket]")) for text in clauses.beside("from")):
        return True
    if "from" not in clauses.words:
        return grammar.software == "Gmail" and keyword == "SMTP"
    if not sender.address:
        return keyword.startswith(_HAND_OVERS) and (
            grammar.software in {"Dovecot", "Cyrus"} or sender.helo.lower() == by.lower()
        )
    if not ip_address(sender.address).is_loopback:
        return False
    return sender.helo.lower() in {by.lower(), *_LOCAL_NAMES}


def _merged(hops: list[Hop]) -> tuple[Hop, ...]:
    """Return the hops with qmail's two fields of one message as one hop.

    qmail-queue puts its note above the field of the daemon that received, and its number is the one
    in the reply ("250 ok 1700000000 qp 4711").
    """
    merged: list[Hop] = []
    for hop in hops:
        above = merged[-1] if merged else None
        if above is not None and _is_note(above) and not hop.queue_id and not hop.local:
            at = hop.at or above.at
            merged[-1] = replace(hop, queue_id=above.queue_id, at=at, position=above.position)
        else:
            merged.append(hop)
    return tuple(merged)


def _is_note(hop: Hop) -> bool:
    return not hop.by and hop.software == "qmail" and "invoked from network" in hop.field

"""How each mail server writes its Received field: one row each, told apart by what only it writes.

Sources: the servers' own code where it is public (Postfix smtpd.c, Exim globals.c and host.c, Sendmail
cf/m4/proto.m4, Dovecot lib-smtp/smtp-server-transaction.c, OpenSMTPD smtp_session.c, Stalwart
inbound/data.rs, Haraka connection.js, Cyrus imap/lmtpengine.c, Courier submit.C, qmail received.c,
mailfront plugin-add-received.c), else messages in public archives; `tests/delivery/samples.py` has one
of each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from mailtls.delivery.clauses import DATE, Clauses
from mailtls.delivery.senders import address_in
from mailtls.flow import HopTls
from mailtls.pure import pure

Reading = Callable[[Clauses], HopTls | None]


@pure
class Grammar:
    """One server's way to write. `mark` is true of its fields; `tls` are its ways to name TLS.

    `looked_up` says that the word behind `from` is the name found for the address, not the one that
    the client gave. `queues` says that the word behind `id` names the message in its queue. `keyword`
    says that the keyword of `with` follows RFC 3848, so that ESMTP means: without TLS.
    """

    software: str
    mark: Callable[[Clauses], bool]
    tls: tuple[Reading, ...]
    looked_up: bool = False
    queues: bool = True
    keyword: bool = True


_VERSION = re.compile(r"(TLS|SSL)[-v]?(\d)(?:[._](\d))?")
_ONLY_TLS1_3 = re.compile(r"TLS13_|AEAD-|TLS_(?!.*_WITH_)")
_ONLY_TLS1_2 = re.compile(r"[_-](?:GCM|CCM|CCM8|POLY1305)(?:[_-]|$)")


def version_label(written: str, cipher: str) -> str:
    """Return a TLS version as TlsVersion labels it, or "" where neither it nor the suite tells.

    The suites of TLS 1.3 are its own (RFC 8446 section 4.1.2), and AEAD suites of the older kind are for
    TLS 1.2 alone (RFC 5246 section 6.2.3.3). "TLSv1/SSLv3" is the suite's family and no version.
    """
    match = _VERSION.fullmatch(written)
    if match is not None:
        name, major, minor = match.groups()
        return f"SSLv{major}" if name == "SSL" else f"TLSv{major}.{minor or 0}"
    if _ONLY_TLS1_3.match(cipher):
        return "TLSv1.3"
    return "TLSv1.2" if _ONLY_TLS1_2.search(cipher) else ""


def tls_of(version: str, cipher: str) -> HopTls:
    """Return the TLS that is written so, its version as TlsVersion labels it."""
    return HopTls(version=version_label(version, cipher), cipher=cipher)


def _comment(pattern: str, *clauses: str) -> Reading:
    """Return the reading of a comment behind these clauses that is written so from its beginning."""
    form = re.compile(pattern)

    def reading(field: Clauses) -> HopTls | None:
        for comment in field.beside(*clauses):
            match = form.match(comment)
            if match is not None:
                named = match.groupdict()
                return tls_of(named.get("version") or "", named.get("cipher") or "")
        return None

    return reading


def _words(pattern: str, clause: str) -> Reading:
    """Return the reading of a clause that is written so from its beginning."""
    form = re.compile(pattern)

    def reading(field: Clauses) -> HopTls | None:
        match = form.match(field.words.get(clause, ""))
        if match is None:
            return None
        named = match.groupdict()
        return tls_of(named.get("version") or "", named.get("cipher") or "")

    return reading


_USING = _comment(r"using (?P<version>\S+) with cipher (?P<cipher>\S+)", "from")
_BEHIND_BY = ("by", "with", "id", "for", "tls", DATE)
_PAIRS = _comment(r"version=(?P<version>[^\s,]+),? cipher=(?P<cipher>[^\s,)]+)", *_BEHIND_BY)
_TLS_CLAUSE = _words(r"(?P<cipher>\S+)", "tls")
_ENCRYPTED = _words(r"(?P<cipher>\S+) encrypted E?SMTP", "with")


def _exim(field: Clauses) -> HopTls | None:
    """Read `(TLS1.3) tls SUITE` and, of older versions, `(TLS1.2:SUITE:256)`."""
    for comment in field.beside("with"):
        version, _, rest = comment.partition(":")
        if _VERSION.fullmatch(version):
            return tls_of(version, rest.partition(":")[0] or field.word("tls"))
    return _TLS_CLAUSE(field)


def _by_comment(*starts: str) -> Callable[[Clauses], bool]:
    return lambda field: any(text.startswith(starts) for text in field.beside("by", "with", "tls"))


def _by_pattern(pattern: str) -> Callable[[Clauses], bool]:
    form = re.compile(pattern)
    return lambda field: any(form.match(text) for text in field.beside("by"))


_EXCHANGE_HOST = re.compile(r".*\.(?:outlook|office365)\.com\.?", re.IGNORECASE)
_GOOGLE_HOST = re.compile(
    r"(?:.*\.)?(?:google|gmail|googlemail)\.com|2002:a[0-9a-f:]+", re.IGNORECASE
)
_COURIER_ID = re.compile(r"(?:[0-9A-F]{8}|[0-9A-F]{16})\.(?:[0-9A-F]{8}|[0-9A-F]{16})\.[0-9A-F]{8}")
_DOVECOT_WITH = re.compile(r"E?SMTPS?A?|LMTPS?A?")
_QMAIL_NOTE = re.compile(r"qmail \d+ (?:messnum \d+ )?invoked (?:from network|by|for)")


def _is_exchange(field: Clauses) -> bool:
    said = field.words.get("with", "").lower()
    return said.startswith(("microsoft smtp", "mapi")) or bool(
        _EXCHANGE_HOST.fullmatch(field.word("by"))
    )


def _is_dovecot(field: Clauses) -> bool:
    if any(field.beside("by", "with")):
        return any(text.startswith("Dovecot") for text in field.beside("by"))
    envelope = any(text.startswith("envelope-from <") for text in field.beside("id"))
    return envelope and bool(_DOVECOT_WITH.fullmatch(field.words.get("with", "")))


def _is_qmail(field: Clauses) -> bool:
    """Tell qmail and its patched kin: no id and no comment on itself, the bare address behind `from`."""
    if any(_QMAIL_NOTE.match(text) for text in field.beside("")):
        return True
    senders = tuple(field.beside("from"))
    bare = bool(senders) and bool(address_in(senders[-1].rpartition("@")[2]))
    itself = "id" in field.words or "via" in field.words or any(field.beside("by"))
    return bare and not itself and field.words.get("with", "").endswith("SMTP")


GRAMMARS = (
    Grammar(software="Postfix", mark=_by_comment("Postfix"), tls=(_USING,)),
    Grammar(software="Exim", mark=_by_comment("Exim "), tls=(_exim,), looked_up=True),
    Grammar(
        software="OpenSMTPD",
        mark=_by_comment("OpenSMTPD"),
        tls=(_comment(r"(?P<version>TLSv[\d.]+):(?P<cipher>[^:\s]+):\d+:", "id"),),
    ),
    Grammar(software="Stalwart", mark=_by_comment("Stalwart"), tls=(_USING,)),
    Grammar(software="Haraka", mark=_by_comment("Haraka"), tls=(_TLS_CLAUSE, _PAIRS)),
    Grammar(software="Cyrus", mark=_by_comment("Cyrus"), tls=(_PAIRS,)),
    Grammar(
        software="Sendmail",
        mark=_by_pattern(r"(?:\d+\.\d+\.\d+[^/\s]*/\S+|PPS$|sendmail)"),
        tls=(_PAIRS,),
    ),
    Grammar(
        software="Exchange",
        mark=_is_exchange,
        tls=(_PAIRS, _comment(r"TLS$", "with")),
        queues=False,
        keyword=False,
    ),
    Grammar(
        software="Gmail",
        mark=lambda field: bool(_GOOGLE_HOST.fullmatch(field.word("by"))),
        tls=(_PAIRS,),
    ),
    Grammar(software="Dovecot", mark=_is_dovecot, tls=(_USING,)),
    Grammar(
        software="Courier",
        mark=lambda field: bool(_COURIER_ID.fullmatch(field.word("id"))),
        tls=(
            _comment(
                r"(?:.*, )?(?:TLS|SSL): (?P<version>[^,\s]+),\d+bits,(?P<cipher>\S+)$", "from"
            ),
        ),
    ),
    Grammar(
        software="s/qmail",
        mark=lambda field: "de/crypted" in field.words,
        tls=(_words(r"(?P<version>[^:\s]+): (?P<cipher>\S+)", "de/crypted"),),
        looked_up=True,
    ),
    Grammar(
        software="mailfront",
        mark=lambda field: field.word("via") in {"TCP", "TCP6"},
        tls=(),
        keyword=False,
    ),
    Grammar(
        software="qpsmtpd",
        mark=_by_comment("qpsmtpd"),
        tls=(_comment(r"(?P<cipher>\S+) encrypted$", "with"),),
        looked_up=True,
    ),
    Grammar(software="qmail", mark=_is_qmail, tls=(_ENCRYPTED,), looked_up=True, keyword=False),
    Grammar(
        software="Cisco ESA",
        mark=lambda field: field.words.get("with", "").startswith("ESMTP/TLS/"),
        tls=(_words(r"ESMTP/TLS/(?P<cipher>\S+)", "with"),),
    ),
)

GENERAL = Grammar(software="", mark=lambda _: True, tls=(_TLS_CLAUSE, _USING, _PAIRS, _ENCRYPTED))
"""RFC 5321 section 4.4 with the tls clause of RFC 8314 section 4.3, and what many have taken from others."""


def grammar_of(field: Clauses) -> Grammar:
    """Return the first grammar whose mark the field has, else the general one."""
    return next((each for each in GRAMMARS if each.mark(field)), GENERAL)


def named_tls(field: Clauses, grammar: Grammar) -> HopTls | None:
    """Return the TLS that the field names, or None; only the grammar's own ways are looked for."""
    readings: Iterator[HopTls | None] = (reading(field) for reading in grammar.tls)
    return next((each for each in readings if each is not None), None)

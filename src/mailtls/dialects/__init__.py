"""Mail protocols up to TLS and after it, without I/O: one row for each protocol in `DIALECTS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mailtls.dialects.base import Dialect
from mailtls.dialects.imap import ImapDialect
from mailtls.dialects.pop3 import Pop3Dialect
from mailtls.dialects.sieve import SieveDialect
from mailtls.dialects.smtp import SmtpDialect
from mailtls.terms import Protocol

DIALECTS: Mapping[Protocol, Dialect] = MappingProxyType(
    {
        Protocol.SMTP: SmtpDialect(protocol=Protocol.SMTP),
        Protocol.LMTP: SmtpDialect(protocol=Protocol.LMTP),
        Protocol.IMAP: ImapDialect(),
        Protocol.POP3: Pop3Dialect(),
        Protocol.SIEVE: SieveDialect(),
    }
)

"""Under which name a server took a message, from its reply to the last dot.

The reply's text is free (RFC 5321 section 4.2.1). These are the forms of the servers that later write
the same name into their Received field, by which the first hop is known again.
"""

from __future__ import annotations

import re

from mailtls.evidence import Reply

_FORMS = (
    # Postfix, and Mailpit after it: 2.0.0 Ok: queued as 4XyZ1Q2Wz
    re.compile(r"\bqueued as ([A-Za-z0-9.-]{3,80})", re.IGNORECASE),
    # Exim: OK id=1rABCD-0000000012-AbCd
    re.compile(r"\bid=([A-Za-z0-9]{6}-[A-Za-z0-9]{6,11}-[A-Za-z0-9]{2,4})\b"),
    # Exchange: 2.6.0 <...> [InternalId=1234567890, Hostname=...] Queued mail for delivery
    re.compile(r"\[InternalId=(\d{1,20}),"),
    # OpenSMTPD and Sendmail: 2.0.0 4a5b6c7d Message accepted for delivery
    re.compile(r"\A2\.0\.0 ([A-Za-z0-9]{6,40}):? Message accepted for delivery", re.IGNORECASE),
    # Gmail: 2.0.0 OK  1700000000 abc123def.45 - gsmtp
    re.compile(r"\A2\.0\.0 OK +\d{9,12} ([A-Za-z0-9._-]{5,80}) - gsmtp\Z"),
    # Haraka: Message Queued (5E1F4B1C-....1); Stalwart: Message queued with id 1a2b3c
    re.compile(r"\bmessage queued \(([A-Za-z0-9.-]{6,60})\)", re.IGNORECASE),
    re.compile(r"\bmessage queued with id ([A-Za-z0-9-]{4,60})", re.IGNORECASE),
    # qmail: ok 1700000000 qp 12345
    re.compile(r"\Aok \d{9,12} qp (\d{1,10})\Z"),
    # Courier: Ok. 0000000000012345.65ABCDEF.00001234
    re.compile(r"\AOk\. ([0-9A-F]{8,20}\.[0-9A-F]{8}\.[0-9A-F]{8})\Z"),
    # Amazon SES: Ok 0100018c...-000000
    re.compile(r"\AOk ([0-9a-f]{16}-[0-9a-f-]{20,60})\Z"),
)


def queue_id(reply: Reply) -> str:
    """Return the name in a reply, or "" where it names none in a known form."""
    text = " ".join(reply.lines).strip()
    return next((found[1] for form in _FORMS if (found := form.search(text))), "")

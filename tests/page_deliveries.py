"""For each rule on deliveries the servers of its page's example, and what became of the message."""

from __future__ import annotations

from datetime import timedelta

from deliveries import (
    SENT,
    TAKEN_AT,
    arrived,
    carried,
    evidence,
    header,
    stamp,
    stored,
    submitted,
    taken,
)
from factories import HOST
from mailtls.evidence import Reply, Skipped
from mailtls.flow import DeliveryEvidence, NotArrived, RefusalKind, Refused, Stage
from page_runs import Server

SENDER = "smtp.example.com"
HOSTS = (
    Server(host=SENDER, address=TAKEN_AT),
    Server(host="imap.example.net", address="192.0.2.143"),
)
LOGIN = Refused(
    stage=Stage.AUTH,
    reply=Reply(code="535", lines=("5.7.8 Error: authentication failed: (reason unavailable)",)),
    kind=RefusalKind.AUTHENTICATION,
)
REST = b"Subject: a test\r\n\r\n"
RESULTS = (
    b"Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=relay.example.org;"
    b" dkim=pass header.d=relay.example.org; dmarc=fail header.from=example.com\r\n"
)
CLEAR = {"tls": "", "with": "ESMTP"}


def between(**changes: str) -> str:
    """Return the record of mx.example.net for what smtp.example.com handed over."""
    return carried(helo=SENDER, client=SENDER, **changes)


def handed_in() -> str:
    return taken().replace(HOST, SENDER)


def checked() -> bytes:
    """Return a header in which mx.example.net, which stored the message, recorded its results."""
    return header(stored()).removesuffix(REST) + RESULTS + header(between(), handed_in())


DELIVERIES: dict[str, DeliveryEvidence] = {
    "delivery-accepted": evidence(LOGIN, Skipped(reason="nothing was sent")),
    "delivery-arrived": evidence(submitted(), NotArrived(seconds=60.0, polls=9)),
    "delivery-hops": evidence(submitted(), arrived(stored(), between(**CLEAR), handed_in())),
    "delivery-authentication": evidence(submitted(), arrived(header=checked())),
    "delivery-delay": evidence(
        submitted(),
        arrived(
            stored(stamp(304)),
            between(at=stamp(304)),
            handed_in(),
            at=SENT + timedelta(seconds=312.4),
            seconds=312.4,
        ),
    ),
}

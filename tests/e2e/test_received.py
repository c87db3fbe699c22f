"""What real servers write into a message on its way, read from the mailbox's own file.

Submission on one Postfix, from there to a second one as the MX, from there by LMTP over TCP to Dovecot:
each on an address of its own, under a name of its own.
"""

from __future__ import annotations

import smtplib
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deliveries import delivery, evidence, run
from lab import dovecot, postfix
from lab.process import PATIENCE, PAUSE, LabError, running
from mailtls.delivery.received import parse_received
from mailtls.evidence import Reply
from mailtls.flow import Arrived, Hop, Submitted
from mailtls.report.flow import flows_of
from mailtls.rules.delivery_delay import RULE as DELAY
from mailtls.rules.delivery_hops import RULE as HOPS
from mailtls.terms import Outcome, TlsVersion

TAKER, MX, STORE = "mail.example.org", "mx.example.net", "imap.example.net"
RECORDED = {"smtpd_tls_received_header": "yes"}
IN_CLEAR = {"smtp_tls_security_level": "none"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A message that was carried for real."""

    submitted: Submitted
    arrived: Arrived

    @property
    def hops(self) -> tuple[Hop, ...]:
        return parse_received(self.arrived.header)

    def outcomes(self, **expect: object) -> list[Outcome]:
        asked = delivery(**{"hops_tls": True, "hosts": (TAKER, "*.example.net")} | expect)
        seen = run(asked, evidence(self.submitted, self.arrived))
        return [placed.finding.outcome for placed in HOPS.across(seen)]


@pytest.fixture
def carry(lab_folder, subnet, pki, tmp_path_factory):
    """Give a function that has a message carried by servers set so, and returns what arrived."""

    def carried(
        taker: Mapping[str, str] | None = None,
        mx: Mapping[str, str] | None = None,
        *,
        store_tls: bool = True,
        forged: str = "",
    ) -> Way:
        """Carry a message; with `forged` a stranger hands it to the MX, and writes this above it."""
        folder = lab_folder / tmp_path_factory.mktemp("way").name
        folder.mkdir(mode=0o755)
        first, second, third = (subnet.address() for _ in range(3))
        identities = [pki.issue(name) for name in (TAKER, MX, STORE)]
        store = dovecot.Dovecot(
            folder / "store",
            third,
            identities[2],
            ports={"lmtp": 24},
            ssl="yes" if store_tls else "no",
            settings={"hostname": STORE},
        )
        common = {"mynetworks": "127.0.0.0/8", "smtp_dns_support_level": "disabled"}
        receiver = postfix.Postfix(
            folder / "mx",
            [postfix.relay(second, identities[1])],
            hostname=MX,
            main={
                **common,
                "virtual_mailbox_domains": "example.test",
                "virtual_transport": f"lmtp:inet:[{third}]:24",
                "lmtp_tls_security_level": "may",
                "lmtp_bind_address": second,
                **(mx or {}),
            },
        )
        submission = postfix.Postfix(
            folder / "taker",
            [postfix.relay(first, identities[0], port=587)],
            hostname=TAKER,
            main={
                **common,
                "relayhost": f"[{second}]",
                "smtp_tls_security_level": "may",
                "smtp_bind_address": first,
                **(taker or {}),
            },
        )
        with running(store, receiver, submission):
            submitted = (
                submit(second, port=25, name="relay.example", header=forged)
                if forged
                else submit(first)
            )
            file = waited(folder / "store" / "mail")
        header = file.read_bytes().replace(b"\n", b"\r\n")
        now = datetime.now(UTC)
        return Way(
            submitted=submitted,
            arrived=Arrived(
                header=header,
                at=now,
                seconds=(now - submitted.at).total_seconds(),
                polls=1,
                address=third,
                version="TLSv1.3",
                cipher="TLS_AES_256_GCM_SHA384",
                signatures=(),
                deleted=False,
            ),
        )

    return carried


def submit(
    address: str, *, port: int = 587, name: str = "probe.example.com", header: str = ""
) -> Submitted:
    """Send a message by the standard library's client: this test is about the servers."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    began = time.monotonic()
    with smtplib.SMTP(address, port, local_hostname=name) as client:
        client.starttls(context=context)
        client.ehlo()
        client.mail("probe@example.com")
        client.rcpt(dovecot.USER)
        code, said = client.data(f"{header}Subject: a test\r\n\r\nA test.\r\n".encode())
        version, cipher = client.sock.version(), client.sock.cipher()[0]
    text = said.decode()
    return Submitted(
        address=address,
        reply=Reply(code=str(code), lines=(text,)),
        queue_id=text.rpartition(" ")[2],
        mechanism="",
        version=version,
        cipher=cipher,
        at=datetime.now(UTC),
        seconds=time.monotonic() - began,
    )


def waited(mail: Path) -> Path:
    """Return the one message of the mailbox once it is there."""
    deadline = time.monotonic() + 2 * PATIENCE
    while time.monotonic() < deadline:
        for found in mail.glob("*/new/*"):
            return found
        time.sleep(PAUSE)
    raise LabError("the message did not arrive")


def test_tls_at_each_hop_is_proved(carry):
    way = carry(RECORDED, RECORDED)
    assert [(hop.by, hop.software, hop.keyword) for hop in way.hops] == [
        (STORE, "Dovecot", "LMTPS"),
        (MX, "Postfix", "ESMTPS"),
        (TAKER, "Postfix", "ESMTPS"),
    ]
    assert [hop.helo for hop in way.hops] == [MX, TAKER, "probe.example.com"]
    assert all(hop.at is not None and not hop.local for hop in way.hops)
    assert way.hops[2].queue_id == way.submitted.queue_id
    # The record of the first hop says what this test's own end of it saw.
    assert way.hops[2].security.version == way.submitted.version
    assert way.hops[2].security.cipher == way.submitted.cipher
    assert way.outcomes(min_version=TlsVersion.TLS1_2) == [Outcome.PASS] * 3
    asked = delivery(hosts=(TAKER, "*.example.net"), within=60.0)
    (delay,) = DELAY.across(run(asked, evidence(way.submitted, way.arrived)))
    assert delay.finding.outcome is Outcome.PASS
    assert "left out" not in delay.finding.observed


def test_postfix_as_it_comes_shows_tls_and_no_version(carry):
    way = carry()
    assert [hop.security.version for hop in way.hops] == ["TLSv1.3", "", ""]
    assert way.outcomes() == [Outcome.PASS] * 3
    assert way.outcomes(min_version=TlsVersion.TLS1_2) == [
        Outcome.PASS,
        Outcome.INCONCLUSIVE,
        Outcome.PASS,
    ]


def test_a_hop_in_clear_is_found(carry):
    way = carry(IN_CLEAR)
    assert way.hops[1].keyword == "ESMTP"
    assert way.outcomes() == [Outcome.PASS, Outcome.FAIL, Outcome.PASS]


def test_lmtp_in_clear_to_another_host_is_found(carry):
    way = carry(store_tls=False)
    assert way.hops[0].keyword == "LMTP"
    assert way.outcomes() == [Outcome.PASS, Outcome.PASS, Outcome.FAIL]


def test_a_relay_outside_ends_what_is_proved(carry):
    way = carry(RECORDED, RECORDED)
    assert way.outcomes(hosts=(STORE, MX)) == [
        Outcome.PASS,
        Outcome.PASS,
        Outcome.PASS,
        Outcome.INCONCLUSIVE,
    ]


def test_what_a_relay_made_up_is_not_believed(carry):
    made_up = (
        f"Received: from {TAKER} ({TAKER} [127.0.0.1]) (using TLSv1.3 with cipher"
        f" TLS_AES_256_GCM_SHA384 (256/256 bits)) by mx2.example.net (Postfix) with ESMTPS id 4Made;"
        " Mon, 1 Jun 2026 12:00:01 +0000\r\n"
        f"Received: from probe.example.com (unknown [127.0.0.1]) by {TAKER} (Postfix) with ESMTPSA"
        " id 4XyZ1Q2Wz; Mon, 1 Jun 2026 12:00:00 +0000\r\n"
    )
    way = carry({}, RECORDED, forged=made_up)
    taken = replace(way, submitted=replace(way.submitted, queue_id="4XyZ1Q2Wz"))
    assert len(taken.hops) == 4
    assert taken.outcomes() == [Outcome.PASS, Outcome.PASS, Outcome.PASS, Outcome.INCONCLUSIVE]
    asked = delivery(hops_tls=True, hosts=(TAKER, "*.example.net"))
    (flow,) = flows_of(
        run(asked, None).policy, {"round trip": evidence(taken.submitted, taken.arrived)}
    )
    assert not flow.proved
    claimed = [arrow.receiver for arrow in flow.arrows if arrow.proof == "claimed"]
    assert claimed == [TAKER, "mx2.example.net"]

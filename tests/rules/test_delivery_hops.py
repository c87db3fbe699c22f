from __future__ import annotations

import pytest

from deliveries import (
    HOST,
    HOSTS,
    arrived,
    carried,
    delivery,
    evidence,
    run,
    stored,
    submitted,
    taken,
)
from mailtls.rules.delivery_hops import RULE
from mailtls.terms import Cause, Outcome, TlsVersion

WAY = f"{HOST} to mx.example.net"


def judged(*records, submission=None, **expect):
    asked = {"hops_tls": True, "hosts": HOSTS} | expect
    seen = evidence(submission, arrived(*records))
    return [placed.finding for placed in RULE.across(run(delivery(**asked), seen))]


def outcomes(*records, **expect):
    return [finding.outcome for finding in judged(*records, **expect)]


def test_every_network_hop_passes_by_itself():
    first, second = judged(stored(), carried(), taken(), min_version=TlsVersion.TLS1_3)
    assert first.outcome is second.outcome is Outcome.PASS
    assert first.message == f"round trip: the hop from mailtls to {HOST} had TLSv1.3"
    assert first.observed == "TLSv1.3 TLS_AES_256_GCM_SHA384, seen"
    assert second.message == f"round trip: the hop from {WAY} had TLSv1.3"
    assert second.observed == "TLSv1.3 TLS_AES_256_GCM_SHA384, recorded by mx.example.net"
    assert second.expected == "TLS on every network hop that `hosts` recorded, TLSv1.3 or later"


def test_a_hop_in_clear_fails():
    _, clear = judged(stored(), carried(tls="", **{"with": "ESMTP"}), taken())
    assert clear.outcome is Outcome.FAIL
    assert clear.message == f"round trip: the hop from {WAY} was in clear"
    assert clear.observed == "mx.example.net recorded `with ESMTP`, which is without TLS (RFC 3848)"
    # The sending host's own record tells its software.
    assert f"have {HOST} demand TLS (Postfix: main.cf: `smtp_tls_security_level" in clear.remedy
    assert "Exim" not in clear.remedy
    assert clear.key == "expect.hops"


def test_lmtp_to_another_host_in_clear_fails_and_within_one_is_no_hop():
    between = (
        "from mx.example.net ([10.0.0.5]) by imap.example.net with LMTP id x (envelope-from <a@b>)"
    )
    assert outcomes(between, carried(), taken()) == [Outcome.PASS, Outcome.PASS, Outcome.FAIL]
    assert outcomes(stored(), carried(), taken()) == [Outcome.PASS, Outcome.PASS]


@pytest.mark.parametrize(
    ("record", "reason", "remedy"),
    [
        (
            carried(tls="", **{"with": "SMTP"}),
            "the keyword SMTP says nothing of TLS",
            "Postfix: main.cf: `smtpd_tls_received_header = yes` (default: no)",
        ),
        (
            f"from {HOST} ({HOST} [10.0.0.5]) by mx.example.net ([10.0.0.6]) with ESMTP via TCP;",
            "mailfront writes ESMTP whether there is TLS or not",
            "mailfront: no setting",
        ),
    ],
)
def test_silence_is_no_failure(record, reason, remedy):
    finding = judged(stored(), record, taken())[1]
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.missing.cause is Cause.SILENT
    assert reason in finding.message
    assert finding.remedy.startswith(remedy)


def test_a_keyword_shows_tls_but_no_version():
    quiet = carried(tls="")
    assert outcomes(quiet, taken()) == [Outcome.PASS, Outcome.PASS]
    found = judged(quiet, taken(), min_version=TlsVersion.TLS1_2)[1]
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.message.endswith(
        f"mx.example.net does not record the TLS version of the hop from {WAY}"
    )
    assert "smtpd_tls_received_header" in found.remedy
    assert found.key == "expect.min_version"


def test_an_old_version_fails_where_one_is_asked():
    old = carried(tls="(using TLSv1 with cipher AES256-SHA (256/256 bits)) ")
    assert outcomes(old, taken()) == [Outcome.PASS, Outcome.PASS]
    found = judged(old, taken(), min_version=TlsVersion.TLS1_2, hops_tls=False)[1]
    assert found.outcome is Outcome.FAIL
    assert found.message == f"round trip: the hop from {WAY} had TLSv1.0"
    assert found.key == "expect.min_version"


def test_the_first_hop_is_judged_by_what_was_seen():
    """The session's version counts, whatever the server records of it."""
    old = submitted(version="TLSv1.2")
    first, *_ = judged(carried(), taken(), submission=old, min_version=TlsVersion.TLS1_3)
    assert first.outcome is Outcome.FAIL
    assert first.message == f"round trip: the hop from mailtls to {HOST} had TLSv1.2"


def test_tls_that_ends_in_front_of_the_server_is_found():
    _, behind, _ = judged(carried(), taken(**{"with": "ESMTPA"}))
    assert behind.outcome is Outcome.FAIL
    assert behind.message == f"round trip: the hop from probe.example.com to {HOST} was in clear"
    assert "load balancer" in behind.remedy


def test_what_is_not_proved_is_said_beside_what_is():
    stranger = carried(client="relay.example", address="203.0.113.66")
    seen, recorded, gap = judged(stored(), stranger, carried(by="forged.example.net"), taken())
    assert [seen.outcome, recorded.outcome] == [Outcome.PASS, Outcome.PASS]
    assert "from relay.example to mx.example.net" in recorded.message
    assert gap.outcome is Outcome.INCONCLUSIVE
    assert "mx.example.net received from 203.0.113.66 as relay.example" in gap.message


def test_a_forged_record_below_a_stranger_convicts_nobody_and_clears_nobody():
    forged = carried(by="mx2.example.net", tls="", **{"with": "ESMTP"})
    stranger = carried(client="relay.example", address="203.0.113.66")
    assert Outcome.FAIL not in outcomes(stored(), stranger, forged, taken())


def test_without_hosts_only_the_first_hop_is_proved():
    assert outcomes(hosts=()) == [Outcome.PASS, Outcome.INCONCLUSIVE]

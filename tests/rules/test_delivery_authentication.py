from __future__ import annotations

import pytest

from deliveries import HOSTS, arrived, carried, delivery, evidence, header, run, stored, taken
from factories import missing, only
from mailtls.flow import Signature
from mailtls.rules.delivery_authentication import RULE
from mailtls.terms import Cause, Outcome

RESULTS = (
    "mx.example.net; spf=pass smtp.mailfrom=example.com; dkim=pass header.d=example.com;"
    " dkim=fail header.d=list.example; dmarc=fail header.from=example.com"
)
STRANGER = carried(client="relay.example", address="203.0.113.66")


def signature(*, valid, detail=""):
    return Signature(domain="example.com", selector="s1", valid=valid, detail=detail)


def judged(method, *fields, wanted="pass", signatures=(), hosts=HOSTS):
    """Judge a header of (name or "", body) fields."""
    text = "".join(f"{name or 'Received'}: {body}\r\n" for name, body in fields).encode()
    seen = evidence(None, arrived(header=text, signatures=signatures))
    asked = delivery(authentication=((method, wanted),), hosts=hosts)
    return only(p.finding for p in RULE.across(run(asked, seen)))


def results(body=RESULTS):
    return ("Authentication-Results", body)


WAY = (("", stored()), results(), ("", carried()), ("", taken()))


@pytest.mark.parametrize(
    ("method", "wanted", "outcome"),
    [
        ("spf", "pass", Outcome.PASS),
        ("dkim", "pass", Outcome.PASS),
        ("dmarc", "pass", Outcome.FAIL),
        ("dmarc", "fail", Outcome.PASS),
        ("spf", "none", Outcome.FAIL),
    ],
)
def test_what_the_receiving_host_recorded(method, wanted, outcome):
    found = judged(method, *WAY, wanted=wanted)
    assert found.outcome is outcome
    assert found.message.endswith("(identity, not transport)")
    assert "mx.example.net: " in found.observed
    assert found.key == f"expect.authentication.{method}"


def test_nobody_outside_is_asked():
    found = judged("spf", ("", stored()), results("mx.example.com; spf=pass"), ("", taken()))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.missing.cause is Cause.SILENT
    assert "rspamd" in found.remedy


def test_what_stands_below_the_first_record_that_does_not_count_may_be_made_up():
    above = (("", stored()), results(), ("", STRANGER), ("", taken()))
    below = (("", stored()), ("", STRANGER), ("", carried()), results(), ("", taken()))
    assert judged("spf", *above).outcome is Outcome.PASS
    assert judged("spf", *below).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("receiver", "submission", "outcome"),
    [
        ("spf=fail", "spf=pass", Outcome.INCONCLUSIVE),
        ("spf=pass", "spf=softfail", Outcome.INCONCLUSIVE),
        ("spf=pass", "spf=none", Outcome.PASS),
        ("spf=pass", "spf=pass", Outcome.PASS),
        ("spf=fail", "spf=none", Outcome.FAIL),
        ("spf=none", "spf=none", Outcome.FAIL),
        ("spf=none", "spf=pass", Outcome.PASS),
    ],
)
def test_a_host_that_says_otherwise_leaves_it_open(receiver, submission, outcome):
    way = (
        results(f"mx.example.net; {receiver}"),
        ("", carried()),
        results(f"{HOSTS[0]}; {submission}"),
        ("", taken()),
    )
    found = judged("spf", *way)
    assert found.outcome is outcome
    for said in (receiver, submission) if outcome is Outcome.INCONCLUSIVE else ():
        assert said.partition("=")[2] in found.observed


EXCHANGE = (
    "from mail.example.org (198.51.100.7) by A.outlook.com with Microsoft SMTP Server"
    " (version=TLS1_2, cipher=X) id 15.20.1; Mon, 1 Jun 2026 12:00:01 +0000"
)


def test_exchange_online_names_no_host_and_counts_above_a_record_of_its_own():
    hosts = (*HOSTS, "*.outlook.com")
    said = results("spf=pass (sender IP is 198.51.100.7) smtp.mailfrom=example.com")
    assert judged("spf", said, ("", EXCHANGE), ("", taken()), hosts=hosts).outcome is Outcome.PASS
    below = judged("spf", ("", EXCHANGE), said, ("", taken()), hosts=hosts)
    assert below.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("signatures", "outcome"),
    [
        ((signature(valid=True),), Outcome.PASS),
        ((signature(valid=False, detail="body hash"), signature(valid=True)), Outcome.PASS),
        ((signature(valid=False, detail="body hash"),), Outcome.FAIL),
        ((signature(valid=missing(), detail="no DNS"),), Outcome.INCONCLUSIVE),
        ((), Outcome.INCONCLUSIVE),
    ],
)
def test_dkim_is_verified_here_where_nobody_recorded_it(signatures, outcome):
    found = judged("dkim", ("", stored()), ("", carried()), ("", taken()), signatures=signatures)
    assert found.outcome is outcome
    for each in signatures if outcome is not Outcome.INCONCLUSIVE else ():
        assert each.detail in found.observed


def test_both_are_shown_and_the_receiving_host_decides():
    found = judged("dkim", *WAY, signatures=(signature(valid=False, detail="changed"),))
    assert found.outcome is Outcome.PASS
    assert "verified here: example.com selector s1 not valid (changed)" in found.observed


def test_a_real_header_of_gmail():
    text = header(
        "by 2002:a05:6102:22c6:0:0:0:0 with SMTP id a6csp126141vsh; 1 Jun 2026 12:00:02 +0000"
    )
    text = text.replace(
        b"Subject",
        b"Authentication-Results: mx.google.com; dkim=pass header.i=@example.com;\r\n"
        b" dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=example.com\r\n"
        b"Received: from mail.example.org (mail.example.org. [198.51.100.7]) by mx.google.com with"
        b" ESMTPS id j3si (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);"
        b" 1 Jun 2026 12:00:01 +0000\r\nReceived: " + taken().encode() + b"\r\nSubject",
    )
    seen = evidence(None, arrived(header=text))
    asked = delivery(authentication=(("dmarc", "pass"),), hosts=(*HOSTS, "mx.google.com"))
    assert only(p.finding for p in RULE.across(run(asked, seen))).outcome is Outcome.PASS

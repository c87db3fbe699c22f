"""Round trips over real Postfix and Dovecot: sent, carried, received, deleted, and judged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from e2e.run import Run, mailtls
from lab import chain as lab
from lab.chain import Chain, chain
from lab.dovecot import PASSWORD, USER
from lab.loopback import Subnet
from lab.pki import Pki
from lab.submission import token

READ_AT = {
    "imap": {"port": 993, "mode": "implicit"},
    "pop3": {"port": 995, "mode": "implicit"},
    "imap-starttls": {"port": 143, "mode": "starttls"},
}
EXPECT = {
    "hops": "tls",
    "min_version": "1.2",
    "hosts": [lab.TAKER, lab.MX, lab.STORE],
    "within": "60s",
}


@pytest.fixture(scope="module")
def servers(lab_folder: Path, pki: Pki, subnet: Subnet) -> Iterator[Chain]:
    with chain(lab_folder / "chain", pki, subnet) as running:
        yield running


def delivery(name: str, *, to: str = USER, at: str = "imap", **receive: object) -> dict[str, Any]:
    """Return a delivery that is read at one of `READ_AT`."""
    return {
        "name": name,
        "send": {
            "endpoint": "submission",
            "from": "probe@example.test",
            "to": to,
            "credential": "SMTP",
        },
        "receive": {"via": at.partition("-")[0], "endpoint": at, "credential": "INBOX", **receive},
        "expect": EXPECT,
    }


def sent(
    servers: Chain,
    folder: Path,
    *deliveries: dict[str, Any],
    rules: tuple[str, ...] = ("accepted", "arrived", "hops", "delay"),
    **inbox: str,
) -> Run:
    """Send every delivery in one run; `inbox` is what is in the mailbox's credential."""
    (folder / "ca.pem").write_bytes(servers.ca_file.read_bytes())
    endpoints = [
        {"name": "submission", "host": lab.TAKER, "port": 587, "mode": "starttls"},
        *({"name": name, "host": lab.STORE, **place} for name, place in READ_AT.items()),
    ]
    policy = {
        "version": 1,
        "defaults": {"certificate": {"trust": "ca.pem"}},
        "endpoints": endpoints,
        "deliveries": deliveries,
    }
    (folder / "mailtls.yml").write_text(json.dumps(policy, indent=1))
    values = {"username": USER, "password": PASSWORD} | (inbox and {"password": ""} | inbox)
    return mailtls(
        "check",
        "--send",
        "--format=json",
        *(f"--rule=delivery-{rule}" for rule in rules),
        *servers.connect_to,
        f"--credential=SMTP={lab.TAKER}:587",
        *(f"--credential=INBOX={lab.STORE}:{place['port']}" for place in READ_AT.values()),
        cwd=folder,
        environment={
            "MAILTLS_SMTP_USERNAME": USER,
            "MAILTLS_SMTP_PASSWORD": PASSWORD,
            **{f"MAILTLS_INBOX_{key.upper()}": value for key, value in values.items()},
        },
    )


def told(run: Run, name: str) -> dict[str, dict[str, Any]]:
    """Return the worst result of each rule about one delivery."""
    order = ["pass", "not_applicable", "inconclusive", "fail"]
    results = [
        each
        for each in run.report["results"]
        if f"{name}:" in each["message"] or each["expected"].startswith(f"{name}:")
    ]
    results.sort(key=lambda each: order.index(each["outcome"]))
    return {each["rule"].removeprefix("delivery-"): each for each in results}


def outcomes(run: Run, name: str) -> dict[str, str]:
    return {rule: each["outcome"] for rule, each in told(run, name).items()}


def test_round_trips_with_tls_at_each_hop_one_in_clear_and_one_that_is_lost(servers, tmp_path):
    run = sent(
        servers,
        tmp_path,
        *(delivery(f"by {at}", at=at) for at in READ_AT),
        delivery("in clear", to=lab.CLEAR),
        delivery("lost", to=lab.LOST, within="4s"),
    )
    assert run.code == 1, run.err
    # One session to each endpoint, one to each end of each of the five ways, and a second one to
    # the POP3 mailbox, which shows nothing new within a session (RFC 1939 section 8).
    assert run.report["connections"] == len(run.report["endpoints"]) + 2 * 5 + 1
    for at in READ_AT:
        found = told(run, f"by {at}")
        passed = dict.fromkeys(("accepted", "arrived", "hops", "delay"), "pass")
        assert outcomes(run, f"by {at}") == passed
        assert found["arrived"]["observed"].endswith("it was deleted")
        assert found["arrived"]["endpoint"] == at
    assert outcomes(run, "in clear") == {
        "accepted": "pass",
        "arrived": "pass",
        "hops": "fail",
        "delay": "pass",
    }
    hop = told(run, "in clear")["hops"]["message"]
    assert hop == f"in clear: the hop from {lab.TAKER} to {lab.MX} was in clear"
    lost = told(run, "lost")
    assert (lost["accepted"]["outcome"], lost["arrived"]["outcome"]) == ("pass", "fail")
    assert lost["arrived"]["message"] == "lost: the message did not arrive within 4 s"
    # The queue id that the remedy names is one of this server's.
    queue_id = lost["accepted"]["observed"].rpartition(" ")[2]
    assert queue_id in lost["arrived"]["remedy"]
    assert f"{queue_id}: to=<{lab.LOST}>" in servers.taker.logged(f"{queue_id}: removed")
    assert not list((servers.store.mail / USER).glob("*/*:2,*"))
    # In Dovecot's own count: each session that found a message read that one.
    log = servers.store.logged("top=1/")
    assert log.count("expunged=1 trashed=0 hdr_count=1") == 3
    assert "retr=1/" in log


def test_a_mailbox_that_refuses_the_password_gets_one_attempt_and_no_message(servers, tmp_path):
    mark = len(servers.store.log()), len(servers.taker.log())
    wrong = "a-canary-password"
    run = sent(
        servers,
        tmp_path,
        delivery("first"),
        delivery("second", at="pop3"),
        rules=("accepted", "arrived"),
        password=wrong,
    )
    assert run.code == 3, run.err
    for name in ("first", "second"):
        assert outcomes(run, name) == {"accepted": "inconclusive", "arrived": "inconclusive"}
    refused = told(run, "first")["arrived"]
    assert (refused["phase"], refused["cause"]) == ("AFTER_TLS", "REFUSED")
    assert "AUTHENTICATIONFAILED" in refused["observed"]
    assert wrong not in run.out + run.err
    log = servers.store.logged("auth failed")[mark[0] :]
    assert log.count("auth failed, 1 attempts") == 1
    assert "queued as" not in run.out
    assert "from=<probe@example.test>" not in servers.taker.log()[mark[1] :]


def test_a_token_opens_the_mailbox_until_it_expires(servers, tmp_path):
    now = datetime.now(UTC)
    good = token(servers.key, now, lasts=timedelta(hours=2))
    run = sent(servers, tmp_path, delivery("fresh"), rules=("arrived",), token=good)
    assert outcomes(run, "fresh") == {"arrived": "pass"}, run.out
    mark = len(servers.store.log())
    old = token(servers.key, now, lasts=timedelta(minutes=30))
    run = sent(servers, tmp_path, delivery("stale"), rules=("arrived",), token=old)
    assert outcomes(run, "stale") == {"arrived": "inconclusive"}
    assert run.code == 3
    said = told(run, "stale")["arrived"]["transcript"]
    assert len([line for line in said if "AUTHENTICATE OAUTHBEARER ***" in line]) == 1
    assert old not in run.out + run.err
    assert servers.store.logged("auth failed")[mark:].count("auth failed") == 1

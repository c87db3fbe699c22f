from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliveries import HOST, HOSTS, QUEUE_ID, arrived, carried, stored, submitted, taken
from mailtls.delivery.chain import Chain, Proof, same_message, trace
from mailtls.delivery.received import parse_received
from mailtls.evidence import Reply
from mailtls.flow import HopClear, HopTls

FORGED = carried(by="mx2.example.net", helo=HOST, id="4Forged")


def chain(*records: str, globs: tuple[str, ...] = HOSTS, host: str = HOST, **sent: object) -> Chain:
    found = arrived(*records)
    hops = parse_received(found.header)
    return trace(replace(submitted(), **sent), found, hops, host=host, globs=globs)


def drawn(of: Chain) -> list[tuple[str, str, str]]:
    return [(step.sender, step.receiver, step.proof.value) for step in of.steps]


def test_the_whole_way_is_proved() -> None:
    of = chain(stored(), carried(), taken())
    assert of.gap == ""
    assert (of.below, of.boundary) == (0, None)
    assert drawn(of) == [
        ("mailtls", HOST, "seen"),
        (HOST, "mx.example.net", "recorded"),
        ("mx.example.net", "mx.example.net", "recorded"),
        ("mx.example.net", "mailtls", "seen"),
    ]
    assert [step.local for step in of.steps] == [False, False, True, False]
    assert of.steps[0].security == HopTls(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384")


def test_what_stands_below_the_host_that_took_the_message_was_made_up() -> None:
    of = chain(stored(), carried(), taken(), taken(id="other"), FORGED)
    assert of.gap == ""
    assert of.below == 2
    assert len(of.steps) == 4


@pytest.mark.parametrize(
    ("record", "why"),
    [
        # A name that leads back to the address decides; what the client calls itself does not.
        (carried(client="relay.example", address="203.0.113.66"), "relay.example"),
        (carried(client="unknown", address="203.0.113.66"), f"203.0.113.66 as {HOST}"),
        # Stalwart's name is what the owner of the address says.
        (carried(software="(Stalwart SMTP)", address="203.0.113.66"), "203.0.113.66"),
        (carried(client="unknown", helo="evil.example", address="127.0.0.1"), "127.0.0.1"),
        ("from mail.example.org by mx.example.net with ESMTPS id 1", "does not record the address"),
        ("by mx.example.net (Postfix) id 1", "does not record the address"),
    ],
)
def test_a_sender_that_is_not_inside_ends_what_counts(record: str, why: str) -> None:
    of = chain(stored(), record, FORGED, taken())
    assert why in of.gap
    assert [step.proof for step in of.steps] == [
        Proof.SEEN,
        Proof.CLAIMED,
        Proof.CLAIMED,
        Proof.RECORDED,
        Proof.RECORDED,
        Proof.SEEN,
    ]
    assert of.boundary == 2
    assert of.own is None


@pytest.mark.parametrize(
    ("record", "globs"),
    [
        (carried(client="unknown"), HOSTS),  # the very address that took the message
        (carried(client=HOST, address="203.0.113.66"), HOSTS),
        (carried(client="unknown", address="203.0.113.66"), (*HOSTS, "203.0.113.*")),
        (carried(client="unknown", address="10.1.2.3"), HOSTS),
        (carried(client="a_container.bridge", address="172.18.0.3"), HOSTS),
        (carried(client="unknown", address="127.0.0.1"), HOSTS),
        (carried(client="unknown", address="fd00::1"), HOSTS),
    ],
)
def test_senders_inside(record: str, globs: tuple[str, ...]) -> None:
    assert chain(stored(), record, taken(), globs=globs).gap == ""


def test_a_record_of_a_host_that_is_not_inside_does_not_count() -> None:
    of = chain(carried(by="mx.example.com"), taken())
    assert of.gap == "mx.example.com, which wrote the next record, is not among `hosts`"
    assert of.boundary == 0
    assert drawn(of)[1:3] == [
        ("probe.example.com", HOST, "claimed"),
        (HOST, "mx.example.com", "claimed"),
    ]


def test_a_hand_over_within_one_host_needs_no_name_in_hosts() -> None:
    into = stored().replace("by mx.example.net", "by 3f2a9c1b7d04")
    assert chain(into, carried(), taken()).gap == ""
    stranger = into.replace("from mx.example.net", "from relay.example")
    assert chain(stranger, carried(), taken()).gap.startswith("3f2a9c1b7d04, which wrote")
    network = into.replace("from mx.example.net", "from mx.example.net ([10.0.0.5])")
    assert chain(network, carried(), taken()).gap.startswith("3f2a9c1b7d04, which wrote")


def test_nothing_counts_without_hosts() -> None:
    assert "is not among `hosts`" in chain(carried(), taken(), globs=()).gap


def test_a_message_without_records() -> None:
    found = arrived(stored())
    of = trace(submitted(), found, (), host=HOST, globs=HOSTS)
    assert of.gap == "the message has no Received field"
    assert drawn(of) == [("mailtls", HOST, "seen"), (HOST, "mailtls", "seen")]


def test_an_id_that_no_record_has_leaves_a_doubt() -> None:
    of = chain(carried(), taken(id="other"))
    assert QUEUE_ID in of.gap
    assert of.own is None
    assert of.boundary is None


def test_without_an_id_the_oldest_record_is_tied_by_its_host() -> None:
    assert chain(carried(), taken(), queue_id="").gap == ""
    other = chain(carried(), taken(), queue_id="", host="smtp.example.org")
    assert "nothing ties the oldest record" in other.gap
    reply = Reply(code="250", lines=(f"2.6.0 <x> [InternalId=1, Hostname={HOST}] Queued",))
    assert chain(carried(), taken(), queue_id="", host="smtp.example.org", reply=reply).gap == ""


@pytest.mark.parametrize(
    ("address", "local"), [("127.0.0.1", True), ("::1", True), ("172.18.0.3", False), ("", False)]
)
def test_a_mailbox_read_in_clear_is_within_one_host_on_loopback_alone(
    address: str, *, local: bool
) -> None:
    found = replace(arrived(carried(), taken()), address=address, version="", cipher="")
    of = trace(submitted(), found, parse_received(found.header), host=HOST, globs=HOSTS)
    assert of.steps[-1].local is local
    assert of.steps[-1].security == HopClear(keyword="")


def test_tls_that_ends_in_front_of_the_server_is_an_arrow_of_its_own() -> None:
    of = chain(carried(), taken(**{"with": "ESMTPA"}))
    assert drawn(of)[:3] == [
        ("mailtls", HOST, "seen"),
        ("probe.example.com", HOST, "recorded"),
        (HOST, "mx.example.net", "recorded"),
    ]
    assert of.steps[1].security == HopClear(keyword="ESMTPA")


@pytest.mark.parametrize(
    ("recorded", "replied", "same"),
    [
        ("4XyZ", "4XYZ", True),
        ("j3si185plk.199.2019.01.23", "j3si185plk.199", True),
        ("A1FA2F1F.1", "A1FA2F1F", True),
        ("4XyZ", "4XyZ1", False),
        ("", "", False),
        ("4XyZ", "", False),
    ],
)
def test_ids(recorded: str, replied: str, *, same: bool) -> None:
    assert same_message(recorded, replied) is same


def test_the_way_into_gmail() -> None:
    of = chain(
        "by 2002:a05:6102:22c6:0:0:0:0 with SMTP id a6csp126141vsh; 1 Jun 2026 12:00:02 +0000",
        f"from {HOST} ({HOST}. [198.51.100.7]) by mx.google.com with ESMTPS id j3si18527568plk.199"
        " for <inbox@example.net> (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);"
        " Mon, 01 Jun 2026 05:00:01 -0700 (PDT)",
        taken(),
        globs=(HOST, "mx.google.com"),
    )
    assert of.gap == ""
    assert [step.local for step in of.steps] == [False, False, True, False]


def test_the_way_into_exchange_online() -> None:
    within = (
        "from BN1PEPF00005FFD.namprd05.prod.outlook.com (2603:10b6:408:e3:cafe::17) by"
        " BN1PR14CA0024.outlook.office365.com (2603:10b6:408:e3::29) with Microsoft SMTP Server"
        " (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id 15.20.8857.25 via Frontend Transport;"
        " Mon, 1 Jun 2026 12:00:02 +0000"
    )
    into = (
        f"from {HOST} (198.51.100.7) by BN1PEPF00005FFD.mail.protection.outlook.com"
        " (10.167.243.229) with Microsoft SMTP Server (version=TLS1_2,"
        " cipher=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256) id 15.20.8857.21 via Frontend Transport;"
        " Mon, 1 Jun 2026 12:00:01 +0000"
    )
    globs = (HOST, "*.outlook.com", "*.office365.com")
    of = chain(within, into, taken(), globs=(*globs, "2603:10*"))
    assert of.gap == ""
    versions = [getattr(step.security, "version", "") for step in of.steps]
    assert versions == ["TLSv1.3", "TLSv1.2", "TLSv1.3", "TLSv1.3"]
    # Exchange records what a client calls itself, and no name for its address.
    assert (
        "received from 2603:10b6:408:e3:cafe::17" in chain(within, into, taken(), globs=globs).gap
    )


@given(st.lists(st.sampled_from([stored(), carried(), taken(), FORGED, "x", "(qmail 1 invoked)"])))
def test_only_a_prefix_counts(records: list[str]) -> None:
    """Beyond the first arrow that is only claimed, seen from the mailbox, every arrow is."""
    found = arrived(*records, "by mx.example.net")
    of = trace(submitted(), found, parse_received(found.header), host=HOST, globs=HOSTS)
    proofs = [step.proof for step in of.steps[1:-1]]
    assert proofs == sorted(proofs, key=lambda proof: proof is Proof.RECORDED)
    assert of.steps[0].proof is of.steps[-1].proof is Proof.SEEN

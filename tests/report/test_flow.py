from __future__ import annotations

import pytest

from deliveries import HOST, arrived, carried, delivery, evidence, run, stored, taken
from factories import missing
from mailtls.flow import NotArrived
from mailtls.report.flow import ARROWS, LIMITS, flows_of, label
from mailtls.report.model import Arrow, Mark
from report.ways import claimed, clear, hostile, way


def test_a_proved_way() -> None:
    flow = way()
    assert flow.proved
    assert [(a.sender, a.receiver, a.mark, a.proof) for a in flow.arrows] == [
        ("mailtls", HOST, Mark.TLS, "seen"),
        (HOST, "mx.example.net", Mark.TLS, "recorded"),
        ("mx.example.net", "mx.example.net", Mark.LOCAL, "recorded"),
        ("mx.example.net", "mailtls", Mark.TLS, "seen"),
    ]
    assert flow.words == (
        f"Proved: mailtls to {HOST} (TLSv1.3 TLS_AES_256_GCM_SHA384, seen); {HOST} to mx.example.net"
        " (TLSv1.3 TLS_AES_256_GCM_SHA384, recorded by mx.example.net); mx.example.net to mailtls"
        " (TLSv1.3 TLS_AES_256_GCM_SHA384, seen).",
        "No network hop: mx.example.net to itself (within one host, recorded by mx.example.net).",
    )


def test_a_hop_in_clear() -> None:
    flow = clear()
    assert not flow.proved
    assert (
        f"In clear: {HOST} to mx.example.net (in clear, recorded by mx.example.net)." in flow.words
    )


def test_a_silent_hop() -> None:
    flow = way(stored(), carried(tls="", **{"with": "SMTP"}), taken())
    assert not flow.proved
    assert any(said.startswith("Not known: ") for said in flow.words)


def test_what_is_claimed_is_set_apart() -> None:
    flow = claimed()
    assert not flow.proved
    words = " ".join(flow.words)
    assert "Claimed, and not trusted: " in words
    assert "Not proved as a whole: mx.example.net received from 203.0.113.66" in words


def test_what_stands_below_is_counted() -> None:
    flow = way(stored(), carried(), taken(), "by forged.example.net")
    assert flow.proved
    assert flow.words[-1].startswith("1 more record stands below")
    # A filter or a proxy in front of the server writes one too: nothing shows that it was made up.
    assert flow.words[-1].endswith("or was made up.")


def test_a_catcher_read_in_clear_over_a_network_is_not_proved() -> None:
    read = arrived(address="192.0.2.143", version="", cipher="")
    flow = way(seen=evidence(None, read))
    assert not flow.proved
    assert "In clear: mx.example.net to mailtls (in clear, seen)." in flow.words


def test_a_message_that_was_not_found_has_its_first_hop() -> None:
    flow = way(seen=evidence(None, NotArrived(seconds=60.0, polls=9)))
    assert [arrow.proof for arrow in flow.arrows] == ["seen"]
    assert not flow.proved
    assert flow.words[-1] == "Not proved: what became of the message behind it."


def test_what_was_not_accepted_took_no_way() -> None:
    asked = delivery()
    policy = run(asked, None).policy
    assert flows_of(policy, {}) == ()
    assert flows_of(policy, {asked.name: evidence(missing())}) == ()


@pytest.mark.parametrize(
    ("mark", "version", "said"),
    [
        (Mark.TLS, "TLSv1.2", "TLSv1.2"),
        (Mark.TLS, "", "TLS, version not recorded"),
        (Mark.CLEAR, "", "in clear"),
        (Mark.UNKNOWN, "", "TLS not recorded"),
        (Mark.LOCAL, "", "within one host"),
    ],
)
def test_labels(mark: Mark, version: str, said: str) -> None:
    arrow = Arrow(sender="a", receiver="b", mark=mark, version=version, cipher="", proof="recorded")
    assert label(arrow) == said
    assert arrow.proved is (mark in {Mark.TLS, Mark.LOCAL})


def test_text_of_strangers_is_clean_and_bounded() -> None:
    flow = hostile()
    assert len(flow.arrows) <= ARROWS
    shown = " ".join(flow.words) + "".join(a.sender + a.receiver + a.cipher for a in flow.arrows)
    assert not {*"\x00\x1b\u202e\ud800"} & {*shown}
    assert "##[" not in shown
    assert len(shown) < 50_000


def test_the_limits_are_said() -> None:
    for word in ("one hop", "provider of the mailbox", "SPF, DKIM and DMARC"):
        assert word in LIMITS

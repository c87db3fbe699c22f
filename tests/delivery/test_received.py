from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.samples import SAMPLES, Sample, header
from mailtls.delivery.received import WITH_TLS, WITHOUT_TLS, parse_received
from mailtls.flow import HopClear, HopTls, HopUnknown


def one(field: str):
    (hop,) = parse_received(header(field))
    return hop


def said(security: HopTls | HopClear | HopUnknown) -> str | None:
    match security:
        case HopTls(version=version, cipher=cipher):
            return f"{version} {cipher}"
        case HopClear():
            return ""
        case HopUnknown():
            return None


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_server_is_read(sample: Sample) -> None:
    hop = one(sample.field)
    assert (hop.software, hop.by, hop.local) == (sample.software, sample.by, sample.local)
    assert (hop.helo, hop.client, hop.address) == (sample.helo, sample.client, sample.address)
    assert (hop.keyword, hop.queue_id) == (sample.keyword, sample.queue_id)
    assert said(hop.security) == sample.tls
    assert hop.at is not None
    assert hop.at.isoformat() == sample.at


def test_every_server_of_the_issue_has_a_sample() -> None:
    wanted = "Postfix Exim Sendmail Exchange Gmail Dovecot OpenSMTPD Stalwart Haraka qmail s/qmail mailfront"
    assert {*wanted.split()} <= {sample.software for sample in SAMPLES}
    assert all(sample.source for sample in SAMPLES)


@pytest.mark.parametrize("keyword", sorted(WITH_TLS))
def test_keywords_that_say_tls(keyword: str) -> None:
    hop = one(f"from a.example by b.example with {keyword.lower()} id 1; 1 Jan 2026 00:00:00 +0000")
    assert hop.security == HopTls(version="", cipher="")


@pytest.mark.parametrize("keyword", sorted(WITHOUT_TLS))
def test_keywords_that_say_clear(keyword: str) -> None:
    hop = one(f"from a.example by b.example with {keyword} id 1; 1 Jan 2026 00:00:00 +0000")
    assert hop.security == HopClear(keyword=keyword)


@pytest.mark.parametrize("keyword", ["SMTP", "HTTP", "ASMTP", "MMS", "X"])
def test_other_keywords_say_nothing(keyword: str) -> None:
    hop = one(f"from a.example by b.example with {keyword}; 1 Jan 2026 00:00:00 +0000")
    assert isinstance(hop.security, HopUnknown)
    assert keyword in hop.security.reason


def test_what_a_client_says_of_itself_is_no_record_of_tls() -> None:
    hop = one(
        "from (version=TLSv1.3 cipher=X) (using TLSv1.3 with cipher X) by b.example"
        " (8.17.1/8.17.1) with ESMTP id 1 for <a@b.example>; 1 Jan 2026 00:00:00 +0000"
    )
    assert isinstance(hop.security, HopClear)


def test_quoted_text_begins_no_clause() -> None:
    hop = one('from a.example by b.example with ESMTP id 1 for <"x with ESMTPS by c"@d.example>')
    assert (hop.by, hop.keyword) == ("b.example", "ESMTP")


def test_qmail_writes_two_fields_for_one_hop() -> None:
    hops = parse_received(
        header(
            "(qmail 7 invoked by uid 89); 22 Aug 2016 14:23:02 -0000",
            "(qmail 4711 invoked from network); 22 Aug 2016 14:23:01 -0000",
            "from unknown (HELO a.example) (192.0.2.1) by b.example with SMTP; 22 Aug 2016 14:23:00 -0000",
        )
    )
    assert [(hop.by, hop.queue_id, hop.local, hop.position) for hop in hops] == [
        ("", "7", True, 0),
        ("b.example", "4711", False, 1),
    ]


def test_a_loopback_client_under_another_name_is_a_network_hop() -> None:
    field = (
        "from {} ([127.0.0.2]) by b.example (Postfix) with ESMTP id 1; 1 Jan 2026 00:00:00 +0000"
    )
    assert not one(field.format("a.example")).local
    assert one(field.format("localhost")).local
    assert one(field.format("B.example")).local


def test_the_newest_hop_is_first_and_positions_count_all_fields() -> None:
    text = (
        b"Return-Path: <a@b>\r\nReceived: by one.example;\r\n x\r\nX-A: Received: no\r\n"
        b"RECEIVED : by two.example\nnonsense\nSubject: x\r\n\r\nReceived: by body.example\r\n"
    )
    assert [(hop.by, hop.position) for hop in parse_received(text)] == [
        ("one.example", 1),
        ("two.example", 3),
    ]


PIECES = st.sampled_from(
    [
        "Received:",
        "from",
        "by",
        "with",
        "(",
        ")",
        "\\",
        '"',
        ";",
        "\r\n ",
        "\r\n",
        "\x00",
        "ÿ",
        "::",
        "[127.0.0.1]",
        "ESMTPS",
        "id",
        "1 Jan 2026 99:00:00 +9999",
        "qmail 1 invoked",
        "[",
        "%",
        "@",
    ]
)


@given(st.binary(max_size=400) | st.lists(PIECES).map(lambda p: " ".join(p).encode("latin-1")))
def test_nothing_raises(data: bytes) -> None:
    for text in (data, b"Received: " + data, b"Received: from " + data + b" by x (Postfix)"):
        for hop in parse_received(text):
            assert len(hop.by) <= 255
            assert len(hop.keyword) <= 60


@pytest.mark.parametrize(
    "text",
    [
        b"Received: from a by b with ESMTPS id 1\r\n" * 20_000,
        b"Received: " + b"(" * 1_000_000,
        b"Received: " + b"()" * 500_000,
        b"Received: " + b":" * 1_000_000,
        b"Received: from x (" + b"a@" * 500_000,
        b"Received: from x (" + b"1:" * 500_000 + b") by y with SMTP",
        b"Received: from x (TLS: a, "
        + b"TLS: " * 200_000
        + b") by y id 00000000.00000000.00000000",
        b"Received: by " + b"a." * 500_000 + b"outlook.comx",
        b"Received: by x; " + b"1 Jan " * 200_000,
        b"Received:" + b"\r\n a" * 300_000,
        b"Received: by x (version=" + b"version= cipher=" * 60_000,
        b'Received: "' + b'\\"' * 500_000,
        b"A" * 1_000_000,
    ],
    ids=range(13),
)
def test_a_hostile_header_is_bounded(text: bytes) -> None:
    hops = parse_received(text)
    assert len(hops) <= 200
    assert all(len(hop.field) <= 8192 for hop in hops)

"""A choice that was offered passes; each thing that was not is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailtls.terms import TlsVersion
from mailtls.tls import offers
from mailtls.tls.answer import KeyExchange, ServerHello
from mailtls.tls.consistency import check_choice, check_flight
from mailtls.tls.wire import MalformedError

OFFER = offers.facts(frozenset())
TLS13 = offers.exactly(TlsVersion.TLS1_3)
LEGACY = ServerHello(
    version=0x0303,
    random=bytes(32),
    suite=0xC02F,
    compression=0,
    retry=False,
    group=0,
    alpn="",
    extensions=(),
)
MODERN = replace(LEGACY, version=0x0304, suite=0x1301, group=0x1D)


@pytest.mark.parametrize(
    ("offer", "hello"),
    [
        (OFFER, LEGACY),
        (OFFER, replace(LEGACY, compression=1)),
        (offers.exactly(TlsVersion.TLS1_2), replace(LEGACY, version=0x0300)),
        (TLS13, MODERN),
        (TLS13, replace(MODERN, group=0, retry=True)),
    ],
)
def test_a_fair_choice_passes(offer, hello):
    check_choice(offer, hello)


@pytest.mark.parametrize(
    ("offer", "hello", "reason"),
    [
        (OFFER, MODERN, "TLSv1.3 was not offered"),
        (OFFER, replace(LEGACY, version=0x0200), "0x0200 was not offered"),
        (offers.at_most(TlsVersion.TLS1_0), LEGACY, "TLSv1.2 was not offered"),
        (OFFER, replace(LEGACY, suite=0x00FF), "0x00FF was not offered"),
        (OFFER, replace(LEGACY, compression=2), "compression 2 was not offered"),
        (TLS13, replace(MODERN, compression=1), "compression 1 was not offered"),
        (TLS13, replace(MODERN, group=0x1A), "group brainpoolP256r1 was not offered"),
        (TLS13, replace(MODERN, version=0x0303), "is no suite of TLSv1.2"),
        (offers.at_most(TlsVersion.TLS1_3), replace(MODERN, suite=0xC02F), "no suite of TLSv1.3"),
    ],
)
def test_an_unfair_choice_is_named(offer, hello, reason):
    with pytest.raises(MalformedError, match=reason):
        check_choice(offer, hello)


@pytest.mark.parametrize(
    ("suite", "certificates", "exchange"),
    [(0x2F, 1, None), (0xC02F, 2, KeyExchange(group=0x1D)), (0x34, 0, KeyExchange(dh_bits=1024))],
)
def test_a_complete_flight_passes(suite, certificates, exchange):
    check_flight(suite, certificates, exchange)


@pytest.mark.parametrize(
    ("suite", "certificates", "exchange", "reason"),
    [
        (0x2F, 0, None, "with 0 certificates"),
        (0x34, 1, KeyExchange(dh_bits=1024), "with 1 certificates"),
        (0xC02F, 1, None, "without a ServerKeyExchange"),
        (0x34, 0, None, "without a ServerKeyExchange"),
    ],
)
def test_an_incomplete_flight_is_named(suite, certificates, exchange, reason):
    with pytest.raises(MalformedError, match=reason):
        check_flight(suite, certificates, exchange)

"""The live half of a check: options become a network, a name for EHLO and the machine's roots."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from mailtls.errors import UsageError
from mailtls.evidence import Observed, PortEvidence, SessionEvidence
from mailtls.gathering import gather
from mailtls.options import build_parser
from mailtls.plan import build_plan
from mailtls.policy.load import load_text
from mailtls.report import FORMATS
from mailtls.rules import RULES
from probe.peers import peer, says

WORDS = (b"220 h\r\n", b"250 h\r\n", b"221 bye\r\n")


def gathered(port: int, *words: str, more: str = "mode: starttls"):
    text = (
        f"version: 1\nendpoints:\n  - {{host: mail.example, port: 2525, protocol: smtp, {more}}}\n"
    )
    plan = build_plan(
        load_text(text.encode(), "p.yml", lambda *_: b"")[0],
        RULES,
        only_rules=["reachable", "closed"],
    )
    led = f"mail.example:2525:127.0.0.1:{port}"
    options = build_parser(tuple(FORMATS)).parse_args(
        ["check", "p.yml", "--connect-to", led, *words]
    )
    book = asyncio.run(gather(plan, options, b"", datetime.now(UTC)))
    (seen,) = book.answers.values()
    return seen


def test_a_connection_is_led_elsewhere_and_gives_the_name_of_the_option():
    with peer(says(*WORDS)) as (port, served):
        seen = gathered(port, "--client-name", "ci.example.org")

    assert isinstance(seen, Observed)
    assert isinstance(seen.evidence, SessionEvidence)
    assert "EHLO ci.example.org" in [line.text for line in seen.transcript]
    assert len(served) == 1


def test_a_closed_port_is_only_knocked_at():
    with peer(says(*WORDS)) as (port, _):
        seen = gathered(port, more="mode: starttls, expect: closed")

    assert isinstance(seen, Observed)
    assert seen.evidence == PortEvidence()


def test_a_name_that_is_no_host_name_is_refused_before_any_connection():
    with peer(says(*WORDS)) as (port, served), pytest.raises(UsageError, match="not a full host"):
        gathered(port, "--client-name", "a b")

    assert not served

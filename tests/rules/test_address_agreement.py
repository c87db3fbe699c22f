from __future__ import annotations

import pytest

from factories import at, endpoint, leaf, missing, run_view, session, tls
from mailtls.evidence import Capabilities
from mailtls.policy.model import AddressChoice
from mailtls.rules.address_agreement import RULE
from mailtls.terms import Cause, Expect, Level, Outcome, Phase, TlsVersion

OLD = tls(leaf(serial="old", sha256="0" * 64))


def judged(*sessions, **changes):
    of = endpoint(**changes)
    views = [at(f"192.0.2.{n}", of, full) for n, full in enumerate(sessions, 1)]
    return [placed.finding for placed in RULE.across(run_view(*views))]


def test_addresses_that_agree_pass():
    (finding,) = judged(session(), session(), session())
    assert (finding.outcome, finding.message) == (Outcome.PASS, "3 addresses agree")


@pytest.mark.parametrize(
    ("other", "aspect"),
    [
        (session(OLD), "certificate"),
        (session(tls(version=TlsVersion.TLS1_2)), "negotiated TLS version"),
        (
            session(after=Capabilities(names=("SIZE",), mechanisms=("PLAIN",))),
            "capabilities after TLS",
        ),
    ],
)
def test_the_one_that_differs_is_named(other, aspect):
    (finding,) = judged(session(), other, session())
    assert finding.outcome is Outcome.FAIL
    assert finding.level is Level.WARNING
    assert (
        finding.message == f"1 of 3 addresses of mail.example.org differ in the {aspect}: 192.0.2.2"
    )
    assert finding.observed.startswith("192.0.2.2: ")
    assert "192.0.2.1, 192.0.2.3: " in finding.observed


def test_the_order_of_capabilities_is_no_difference():
    one = session(after=Capabilities(names=("A", "B"), mechanisms=("X", "Y")))
    other = session(after=Capabilities(names=("B", "A"), mechanisms=("Y", "X")))
    assert [each.outcome for each in judged(one, other)] == [Outcome.PASS]


def test_two_that_differ_have_no_culprit():
    (finding,) = judged(session(), session(OLD))
    assert finding.message == "the 2 addresses of mail.example.org do not agree on the certificate"


def test_a_note_stays_a_note():
    (finding,) = judged(session(), session(OLD), level=Level.NOTE)
    assert finding.level is Level.NOTE


def test_a_difference_is_found_beside_a_gap_and_a_gap_is_never_a_pass():
    gap = missing(Phase.CONNECT, Cause.TIMED_OUT)
    (finding,) = judged(session(), session(OLD), gap)
    assert finding.outcome is Outcome.FAIL
    (finding,) = judged(session(), session(), gap)
    assert (finding.outcome, finding.missing) == (Outcome.INCONCLUSIVE, gap)
    lost = missing(Phase.AFTER_TLS, Cause.CLOSED)
    (finding,) = judged(session(), session(after=lost))
    assert finding.missing == lost


@pytest.mark.parametrize("changes", [{}, {"addresses": AddressChoice.ANY}])
def test_nothing_to_compare_is_not_applicable(changes):
    sessions = (session(),) if not changes else (session(), session(OLD))
    (finding,) = judged(*sessions, **changes)
    assert finding.outcome is Outcome.NOT_APPLICABLE


def test_a_closed_port_has_nothing_to_say():
    assert judged(session(), session(OLD), expect=Expect.CLOSED) == []

from __future__ import annotations

import pytest

from factories import endpoint, leaf, missing, only, session, tls, view
from mailtls.rules.certificate_usage import RULE
from mailtls.terms import Level, Outcome


def judged(level=Level.ERROR, **changes):
    return list(RULE.check(view(endpoint(level=level), session(tls(leaf(**changes))))))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"extended_key_usage": ("serverAuth",), "key_usage": ("digitalSignature",)},
        {"extended_key_usage": ("clientAuth", "serverAuth")},
        {"key_usage": ("digitalSignature", "keyEncipherment")},
        {"problems": ("names: 3000, of which the first 2000 were read",)},
    ],
)
def test_a_servers_certificate_passes(changes):
    assert only(judged(**changes)).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"extended_key_usage": ("emailProtection",)}, "serverAuth is not among its purposes"),
        ({"extended_key_usage": ("anyExtendedKeyUsage",)}, "serverAuth is not among its purposes"),
        ({"key_usage": ("keyEncipherment",)}, "must not sign"),
        ({"key_usage": ("keyCertSign",)}, "must not sign"),
    ],
)
def test_another_use_is_an_error(changes, words):
    finding = only(judged(**changes))
    assert finding.outcome is Outcome.FAIL
    assert words in finding.message
    assert finding.level is None


@pytest.mark.parametrize(
    ("level", "expected"), [(Level.ERROR, Level.WARNING), (Level.NOTE, Level.NOTE)]
)
def test_a_ca_certificate_is_a_warning(level, expected):
    finding = only(judged(level, is_ca=True))
    assert (finding.outcome, finding.level) == (Outcome.FAIL, expected)


def test_each_fault_is_its_own_finding():
    assert len(judged(key_usage=("cRLSign",), extended_key_usage=("clientAuth",), is_ca=True)) == 3


@pytest.mark.parametrize("problem", ["extensions: duplicate", "certificate: nonsense"])
def test_what_could_not_be_read_is_never_a_pass(problem):
    assert only(judged(problems=(problem,))).outcome is Outcome.INCONCLUSIVE


def test_no_handshake_is_inconclusive():
    assert only(RULE.check(view(endpoint(), missing()))).outcome is Outcome.INCONCLUSIVE

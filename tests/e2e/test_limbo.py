"""The public x509-limbo suite: every verdict is recorded, and every disagreement explained."""

from __future__ import annotations

import pytest

from e2e import limbo_suite as limbo
from e2e.limbo_suite import cases, verdicts

# What OpenSSL 1.1 and 3 say of one fault: an issuer that is not there, one that is no CA.
SAME = {21: 20, 24: 79}


def test_every_case_has_a_verdict_and_every_verdict_a_case():
    assert [case.id for case in cases()] == list(verdicts())
    assert len(cases()) == 171


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_mailtls_judges_as_recorded(case):
    recorded = verdicts()[case.id]
    assert limbo.judge(case) == recorded["fails"]
    assert limbo.stricter(case) == recorded.get("stricter", "")


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_openssl_judges_as_recorded(case, tmp_path):
    code = limbo.openssl(case, tmp_path)
    assert SAME.get(code, code) == SAME.get(*[verdicts()[case.id]["openssl"]] * 2)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_a_disagreement_is_explained_and_nothing_else(case):
    recorded = verdicts()[case.id]
    agree = (not recorded["fails"]) == (recorded["openssl"] == 0) == case.accept
    assert agree != bool(recorded.get("why"))

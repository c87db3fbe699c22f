"""Answers below TLS 1.3 and views of them, for the rules that ask by raw hellos."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from factories import ALERT, chose, endpoint, seen, session, tls, view
from mailtls.evidence import AlertAnswer, HelloEvidence, ServerAnswer
from mailtls.policy.model import Endpoint, TlsExpectation
from mailtls.policy.profiles import load_profile
from mailtls.rules.base import TargetView
from mailtls.terms import TlsVersion
from mailtls.tls.codepoints import group_by_name, suite_by_name
from mailtls.tls.extensions import ExtensionType

BCP195 = load_profile("bcp195")
INTERMEDIATE = load_profile("mozilla-intermediate-6.0")
MODERN = load_profile("mozilla-modern-6.0")
NCSC = load_profile("ncsc-nl-2025-05")

FACTS = "every suite, compression and status request"
BAD = "suites that must not be accepted"
OLD = "suites that should not be accepted"
BAD_1_3 = "suites of TLSv1.3 that must not be accepted"
GOOD_SUITE = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"


def answered(suite: str = GOOD_SUITE, **changes: Any) -> HelloEvidence:
    """Return the answer of a server that chose `suite`, with every feature that is wanted."""
    answer = chose(TlsVersion.TLS1_2).answer
    assert isinstance(answer, ServerAnswer)
    code = suite_by_name(suite)
    assert code is not None
    features = (ExtensionType.RENEGOTIATION_INFO, ExtensionType.EXTENDED_MASTER_SECRET)
    fields = {"suite": code, "extensions": features, "group": group_by_name("x25519"), **changes}
    return HelloEvidence(answer=replace(answer, **fields))


def alert(name: str) -> HelloEvidence:
    return HelloEvidence(answer=AlertAnswer(alert=0, name=name))


def wanting(**keys: Any) -> Endpoint:
    """Return an endpoint whose policy says these `tls` keys."""
    return endpoint(tls=TlsExpectation(**keys))


def looking(
    rule: Any, of: Endpoint | None = None, full: Any = None, profile: Any = BCP195, **answers: Any
) -> TargetView:
    """Return a view in which the control is answered; `hellos` are answers by label, else alerts."""
    of = of or endpoint()
    hellos = {FACTS: answered(), **answers.get("hellos", {})}
    base = view(of, full or session(tls(version=TlsVersion.TLS1_3)), None, None, profile=profile)
    asked = dict(base.answers)
    for question in rule.needs(of, profile):
        label = getattr(getattr(question, "offer", None), "label", None)
        if label is not None:
            asked[question] = seen(hellos.get(label, ALERT))
    return replace(base, answers=asked)

from __future__ import annotations

from dataclasses import replace

from factories import BCP195, endpoint
from mailtls.policy.model import Graded, TlsExpectation
from mailtls.rules.demands import demand_of
from mailtls.terms import Level, TlsVersion

V = TlsVersion


def test_the_exact_set_stands_before_the_minimum_and_that_before_the_profile():
    both = endpoint(tls=TlsExpectation(versions=(V.TLS1_3,), min_version=V.TLS1_2))
    assert demand_of(both, BCP195).key == "tls.versions"
    minimum = endpoint(tls=TlsExpectation(min_version=V.TLS1_0))
    assert set(demand_of(minimum, BCP195).forbidden) == {V.SSL2, V.SSL3}
    assert set(demand_of(endpoint(), BCP195).forbidden) == set(V) - {V.TLS1_2, V.TLS1_3}


def test_what_the_policy_says_counts_at_the_endpoints_level():
    noted = endpoint(level=Level.WARNING, tls=TlsExpectation(min_version=V.TLS1_2))
    assert set(demand_of(noted, BCP195).forbidden.values()) == {Level.WARNING}


def test_a_profiles_grade_is_kept_under_an_endpoint_that_weighs_more():
    lenient = replace(BCP195, versions=(Graded(code=V.TLS1_1, level=Level.NOTE),))
    assert demand_of(endpoint(), lenient).forbidden == {V.TLS1_1: Level.NOTE}

"""The fewest hellos for what a policy and a profile say of suites and groups."""

from __future__ import annotations

from dataclasses import replace

import pytest

from factories import endpoint
from mailtls.rules.grades import control, group_hellos, suite_hellos, suite_weights
from mailtls.terms import Level, Protocol, Role, TlsVersion
from mailtls.tls.codepoints import suite_by_name, suite_name, suites
from tls_views import BAD, BAD_1_3, BCP195, INTERMEDIATE, MODERN, NCSC, OLD, wanting

RELAY = endpoint(role=Role.RELAY, port=25)
ACCESS = endpoint(role=None, protocol=Protocol.IMAP, port=143)
ANONYMOUS = suite_by_name("TLS_DH_anon_WITH_AES_128_CBC_SHA")
FORBIDDEN_1_3 = "groups of TLSv1.3 that must not be accepted"


@pytest.mark.parametrize(
    ("of", "profile", "labels"),
    [
        (endpoint(), BCP195, [BAD, OLD]),
        (RELAY, BCP195, [BAD, OLD]),
        (endpoint(level=Level.WARNING), BCP195, [OLD]),
        (endpoint(level=Level.NOTE), BCP195, ["suites that are worth a note"]),
        (endpoint(), INTERMEDIATE, [BAD, BAD_1_3]),
        (endpoint(), MODERN, [BAD_1_3]),
        (endpoint(), NCSC, [BAD, OLD, BAD_1_3]),
        (wanting(ciphers=(0x1301,)), BCP195, [BAD_1_3]),
        (wanting(ciphers=(0xC02F,)), BCP195, [BAD, BAD_1_3]),
        (wanting(forbid_ciphers=(0x1303,)), BCP195, [BAD, OLD, BAD_1_3]),
        (endpoint(), replace(BCP195, suites=(), relay_suites=()), []),
    ],
)
def test_a_hello_for_each_level_and_no_more(of, profile, labels):
    assert [offer.label for offer in suite_hellos(of, profile)] == labels


@pytest.mark.parametrize("profile", [BCP195, INTERMEDIATE, NCSC])
def test_hellos_and_weights_are_the_same_suites(profile):
    asked = [code for offer in suite_hellos(endpoint(), profile) for code in offer.suites]

    assert sorted(asked) == sorted(suite_weights(endpoint(), profile))


@pytest.mark.parametrize("profile", [BCP195, INTERMEDIATE, MODERN, NCSC])
@pytest.mark.parametrize("of", [endpoint(), RELAY, ACCESS])
def test_the_control_is_the_longest_hello_below_tls_1_3(of, profile):
    longest = control(of, profile)
    below = [o for o in suite_hellos(of, profile) if max(o.versions) < TlsVersion.TLS1_3]

    assert longest.compression
    assert longest.versions[-1] is TlsVersion.TLS1_2
    assert all(set(offer.suites) < set(longest.suites) for offer in below)
    assert all(set(offer.groups) == set(longest.groups) for offer in below)


def test_dhe_comes_first_so_that_its_prime_may_show():
    _, old = suite_hellos(endpoint(), BCP195)
    exchanges = [suites()[code].key_exchange == "DHE" for code in old.suites]

    assert exchanges == sorted(exchanges, reverse=True)
    assert exchanges[0]


def test_anonymous_suites_are_noted_by_the_way_on_a_relay_alone():
    for of in (endpoint(), ACCESS):
        assert suite_weights(of, BCP195)[ANONYMOUS].level is Level.ERROR
    weight = suite_weights(RELAY, BCP195)[ANONYMOUS]
    assert (weight.level, weight.asked) == (Level.NOTE, False)
    assert all(ANONYMOUS not in offer.suites for offer in suite_hellos(RELAY, BCP195))
    first = control(RELAY, BCP195).suites[:21]
    assert all("_anon_" in suite_name(code) for code in first)


def test_a_relay_asks_for_anonymous_suites_that_the_policy_forbids():
    of = replace(wanting(forbid_ciphers=(ANONYMOUS,)), role=Role.RELAY)
    weight = suite_weights(of, BCP195)[ANONYMOUS]

    assert (weight.level, weight.key, weight.asked) == (Level.ERROR, "tls.forbid_ciphers", True)
    assert ANONYMOUS in suite_hellos(of, BCP195)[0].suites


def test_what_the_policy_lists_stands_instead_of_the_profile():
    cbc = suite_by_name("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")
    weights = suite_weights(wanting(ciphers=(cbc, 0x1301)), BCP195)

    assert cbc not in weights
    assert weights[0xC02F].level is Level.ERROR
    assert {weight.key for weight in weights.values()} == {"tls.ciphers"}


@pytest.mark.parametrize(
    ("of", "profile", "labels"),
    [
        (endpoint(), BCP195, []),
        (endpoint(), INTERMEDIATE, [FORBIDDEN_1_3]),
        (endpoint(), NCSC, [FORBIDDEN_1_3, "groups of TLSv1.3 that should not be accepted"]),
        (
            wanting(groups=(0x1D, 0x17)),
            BCP195,
            [FORBIDDEN_1_3, "groups of TLSv1.2 that must not be accepted"],
        ),
    ],
)
def test_groups_are_asked_for_where_one_answer_decides(of, profile, labels):
    offers = group_hellos(of, profile)

    assert [offer.label for offer in offers] == labels
    assert all(not {0x1D, 0x17} & set(offer.groups) for offer in offers)


def test_refused_curves_lead_the_control():
    assert set(control(endpoint(), BCP195).groups[:10]) == {g.code for g in BCP195.groups}

"""What the offers hold; what servers answer to them is in test_flight."""

from __future__ import annotations

import pytest

from mailtls.probe.folding import SLICE
from mailtls.terms import TlsVersion
from mailtls.tls import offers
from mailtls.tls.codepoints import GROUPS_TLS13, SuiteKind, suite_by_name, suites, suites_where

ALLOWED = frozenset({0x1301, 0x1302, 0x1303, 0xC02B, 0xC02C, 0xC02F, 0xC030})


def test_at_most_offers_all_versions_from_ssl3_and_only_suites_they_know():
    for version in (TlsVersion.SSL3, TlsVersion.TLS1_0, TlsVersion.TLS1_1, TlsVersion.TLS1_2):
        offer = offers.at_most(version)
        assert offer.versions == tuple(v for v in TlsVersion if 0x0300 <= v <= version)
        assert all(suites()[code].min_version <= version for code in offer.suites)
        assert bool(offer.groups) is (version > TlsVersion.SSL3)
    assert offers.at_most(TlsVersion.TLS1_1).label == "SSLv3 to TLSv1.1"


@pytest.mark.parametrize("version", [v for v in TlsVersion if v >= TlsVersion.SSL3])
def test_hellos_about_versions_have_no_more_suites_than_servers_read(version):
    for offer in (offers.at_most(version), offers.exactly(version)):
        legacy = [c for c in offer.suites if suites()[c].min_version is not TlsVersion.TLS1_3]
        assert len(legacy) <= SLICE


@pytest.mark.parametrize("kind", ["RSA", "ECDSA"])
def test_hellos_about_certificates_have_no_more_suites_than_servers_read(kind):
    assert len(offers.authenticated_by(kind).suites) <= SLICE


@pytest.mark.parametrize(
    ("version", "names"),
    [
        (TlsVersion.TLS1_1, "RSA_WITH_RC4_128_MD5 RSA_WITH_NULL_SHA DH_anon_WITH_AES_128_CBC_SHA"),
        (TlsVersion.TLS1_1, "DHE_DSS_WITH_AES_128_CBC_SHA RSA_EXPORT_WITH_DES40_CBC_SHA"),
        (TlsVersion.TLS1_2, "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 RSA_WITH_AES_128_GCM_SHA256"),
        (TlsVersion.TLS1_2, "ECDH_anon_WITH_AES_128_CBC_SHA DHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    ],
)
def test_short_hellos_hold_what_servers_speak(version, names):
    for name in names.split():
        assert suite_by_name(f"TLS_{name}") in offers.exactly(version).suites
        assert suite_by_name(f"TLS_{name}") in offers.at_most(version).suites


def test_offers_below_tls13_need_nothing_of_the_client():
    for code in offers.at_most(TlsVersion.TLS1_2).suites:
        assert suites()[code].authentication in {"RSA", "ECDSA", "DSS", "anon"}


def test_tls13_is_offered_with_its_own_groups_and_suites():
    offer = offers.exactly(TlsVersion.TLS1_3)
    assert offer.versions == (TlsVersion.TLS1_3,)
    assert offer.groups == GROUPS_TLS13
    assert offer.suites[:3] == (0x1301, 0x1302, 0x1303)
    assert {suites()[code].min_version for code in offer.suites} == {TlsVersion.TLS1_3}
    mixed = offers.at_most(TlsVersion.TLS1_3)
    assert 0x1301 in mixed.suites
    assert 0xC02F in mixed.suites
    assert max(mixed.versions) == TlsVersion.TLS1_3


def test_complement_and_allowed_make_up_the_control():
    complement, control = offers.complement(ALLOWED), offers.facts(ALLOWED)
    assert complement
    assert not set(complement.suites) & ALLOWED
    assert set(control.suites) == set(complement.suites) | (ALLOWED - {0x1301, 0x1302, 0x1303})
    assert control.suites[: len(complement.suites)] == complement.suites
    assert control.versions == complement.versions
    assert control.compression
    assert control.status_request
    assert control.timestamps
    assert control.extended_master_secret
    assert control.renegotiation_info


def test_complement_holds_every_suite_outside_below_tls_1_3():
    complement = offers.complement(ALLOWED)
    assert complement
    others = {
        s.code for s in suites().values() if s.min_version in {TlsVersion.SSL2, TlsVersion.TLS1_3}
    }
    assert set(complement.suites) == set(suites()) - others - {0} - ALLOWED


def test_nothing_outside_is_no_question():
    assert offers.complement(frozenset(suites())) is None


def test_a_mixture_of_versions_is_asked_for_apart():
    null = suites_where(SuiteKind.NULL)
    ssl2 = suite_by_name("SSL_CK_RC4_128_WITH_MD5")
    assert ssl2
    legacy, modern, oldest = offers.any_of(null | {ssl2}, "NULL")
    assert legacy.versions == (0x0300, 0x0301, 0x0302, 0x0303)
    assert modern.versions == (0x0304,)
    assert set(modern.suites) == {0xC0B4, 0xC0B5}
    assert (oldest.versions, oldest.suites) == ((0x0002,), (ssl2,))
    assert set(legacy.suites) | set(modern.suites) == null
    with pytest.raises(ValueError, match="one hello"):
        offers.only_suites(null, "NULL")
    with pytest.raises(ValueError, match="one hello"):
        offers.only_suites((), "nothing")


def test_groups_are_offered_alone():
    modern = offers.groups_only((0x11EC,))
    assert (modern.versions, modern.groups) == ((0x0304,), (0x11EC,))
    legacy = offers.groups_only((0x17, 0x18), TlsVersion.TLS1_2)
    assert legacy.label == "2 groups in TLSv1.2"
    assert {suites()[code].key_exchange for code in legacy.suites} == {"ECDHE"}


def test_finite_field_and_certificate_offers_hold_one_family():
    dhe = offers.finite_field()
    assert dhe.groups == ()
    assert {suites()[code].key_exchange for code in dhe.suites} == {"DHE"}
    assert not any(suites()[code].anonymous for code in dhe.suites)
    for kind in ("RSA", "ECDSA"):
        asked = offers.authenticated_by(kind)
        assert asked.status_request
        assert {suites()[code].authentication for code in asked.suites} == {kind}


def test_anonymous_suites_lead_a_hello_of_old_versions():
    anonymous = [suites()[code].anonymous for code in offers.at_most(TlsVersion.TLS1_1).suites]
    assert anonymous == sorted(anonymous, reverse=True)
    assert anonymous[0]

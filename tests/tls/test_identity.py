from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.evidence import CertificateFacts
from mailtls.tls import certificates
from mailtls.tls.identity import Match, NearMiss, match, match_service

NOTHING = replace(certificates.parse(b""), problems=())


def facts(*names: str, **fields: tuple[str, ...]) -> CertificateFacts:
    return replace(NOTHING, dns_names=names, **fields)


@pytest.mark.parametrize(
    ("reference", "presented"),
    [
        ("mail.example.org", "mail.example.org"),
        ("mail.example.org", "MAIL.Example.ORG"),
        ("MAIL.EXAMPLE.ORG", "mail.example.org"),
        ("mail.example.org.", "mail.example.org"),
        ("mail.example.org", "*.example.org"),
        ("MAIL.example.org.", "*.EXAMPLE.org"),
        ("a.b.example.org", "*.b.example.org"),
        ("xn--bcher-kva.example.org", "xn--bcher-kva.example.org"),
        ("xn--bcher-kva.example.org", "*.example.org"),
        ("mail.xn--bcher-kva.example", "*.xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example.org", "xn--bcher-kva.example.org"),
        ("mail_1.example.org", "mail_1.example.org"),
        ("_dmarc.example.org", "*.example.org"),
        ("localhost", "localhost"),
        ("1.example.org", "1.example.org"),
        ("a-b.example.org", "a-b.example.org"),
    ],
)
def test_a_name_matches(reference: str, presented: str) -> None:
    found = match(reference, facts("other.example", presented))
    assert found.matched == f"DNS:{presented}"
    assert found.rejected == ()


@pytest.mark.parametrize(
    ("reference", "presented", "why"),
    [
        ("mail.example.org", "mail.example.com", None),
        ("mail.example.org", "example.org", None),
        ("example.org", "mail.example.org", None),
        ("mail.example.org", "", None),
        ("", "", None),
        ("", "*.example.org", None),
        (".example.org", "*.example.org", None),
        ("a..example.org", "*..example.org", None),
        ("mail.example.org", ".example.org", None),
        ("mail.example.org", "mail.example.org\0.evil.example", None),
        ("mail.example.org", " mail.example.org", None),
        ("mail.example.org", "xn--mail.example.org", None),
        ("*.example.org", "*.example.org", None),
        ("m.example.org", "\u212a.example.org", None),
        ("k.example.org", "K\u0307.example.org", None),
        ("mail.example.org", "*.example.com", None),
        ("example.org", "*.example.org", NearMiss.WILDCARD_DEPTH),
        ("a.b.example.org", "*.example.org", NearMiss.WILDCARD_DEPTH),
        ("mail.example.org", "m*.example.org", NearMiss.PARTIAL_WILDCARD),
        ("mail.example.org", "*l.example.org", NearMiss.PARTIAL_WILDCARD),
        ("mail.example.org", "m*l.example.org", NearMiss.PARTIAL_WILDCARD),
        ("mail.example.org", "x*.example.org", None),
        ("xn--mail.example.org", "xn--*.example.org", NearMiss.PARTIAL_WILDCARD),
        ("mail.example.org", "mail.*.org", NearMiss.WILDCARD_POSITION),
        ("mail.example.org", "*.*.org", NearMiss.WILDCARD_POSITION),
        ("mail.example.org", "mail.example.*", NearMiss.WILDCARD_POSITION),
        ("mail.example.org", "*", NearMiss.WILDCARD_TOO_WIDE),
        ("org", "*", NearMiss.WILDCARD_TOO_WIDE),
        ("example.org", "*.org", NearMiss.WILDCARD_TOO_WIDE),
        ("mail.example.org", "**.example.org", None),
        ("mail.example.org", "mail.example.org.", NearMiss.TRAILING_DOT),
        ("mail.example.org", "*.example.org.", NearMiss.TRAILING_DOT),
        ("xn--bcher-kva.example", "bücher.example", NearMiss.NOT_AN_A_LABEL),
        ("bücher.example", "bücher.example", None),
        ("192.0.2.1", "192.0.2.1", NearMiss.ADDRESS_AS_NAME),
        ("192.0.2.1", "*.0.2.1", None),
        ("2001:db8::1", "2001:0db8::1", NearMiss.ADDRESS_AS_NAME),
    ],
)
def test_a_name_does_not_match_and_says_why(
    reference: str, presented: str, why: NearMiss | None
) -> None:
    found = match(reference, facts(presented))
    assert found.matched == ""
    assert [rejected.why for rejected in found.rejected] == ([why] if why else [])


@pytest.mark.parametrize(
    ("reference", "presented", "matches"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::1", True),
        ("2001:0DB8:0::1", "2001:db8::1", True),
        ("::ffff:192.0.2.1", "192.0.2.1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", False),
        ("192.0.2.1", "192.0.2.0/24", False),
        ("fe80::1%eth0", "fe80::1", False),
        ("192.0.2.01", "192.0.2.1", False),
        ("mail.example.org", "192.0.2.1", False),
    ],
)
def test_an_address_matches_by_its_octets(reference: str, presented: str, matches: bool) -> None:  # noqa: FBT001
    found = match(reference, facts(ip_addresses=(presented,)))
    assert found.matched == (f"IP:{presented}" if matches else "")


def test_everything_presented_is_listed() -> None:
    found = match(
        "c.example",
        facts("a.example", "*.b.example", ip_addresses=("::1",), srv_names=("_smtp.example",)),
    )
    assert found.presented == ("DNS:a.example", "DNS:*.b.example", "IP:::1", "SRV:_smtp.example")


@pytest.mark.parametrize(
    ("common_name", "names", "only"),
    [
        ("mail.example.org", (), True),
        ("*.example.org", ("other.example",), True),
        ("mail.example.org", ("mail.example.org",), False),
        ("other.example", (), False),
    ],
)
def test_a_common_name_never_matches_and_is_said(
    common_name: str,
    names: tuple[str, ...],
    only: bool,  # noqa: FBT001
) -> None:
    found = match("mail.example.org", facts(*names, subject_names=(common_name,)))
    assert found.common_name_only is only
    assert bool(found.matched) is bool(names == ("mail.example.org",))


def test_an_address_in_the_common_name_is_said() -> None:
    assert match("192.0.2.1", facts(subject_names=("192.0.2.1",))).common_name_only


@pytest.mark.parametrize("problem", ["extensions: bad", "names: 9999, of which ..."])
def test_names_that_were_not_read_are_said(problem: str) -> None:
    unread = replace(facts("a.example"), problems=(problem,))
    assert match("mail.example.org", unread).incomplete
    assert match_service("imaps", "example.org", unread).incomplete
    assert not match("a.example", unread).incomplete
    assert not match("mail.example.org", replace(unread, problems=("key: bad",))).incomplete


@pytest.mark.parametrize(
    ("service", "domain", "presented", "matches"),
    [
        ("imaps", "example.org", "_imaps.example.org", True),
        ("imaps", "Example.org.", "_IMAPS.example.ORG", True),
        ("imap", "example.org", "_imaps.example.org", False),
        ("imaps", "example.org", "_imaps.example.com", False),
        ("imaps", "a.example.org", "_imaps.*.example.org", False),
        ("imaps", "example.org", "imaps.example.org", False),
    ],
)
def test_a_service_name_matches_whole(
    service: str,
    domain: str,
    presented: str,
    matches: bool,  # noqa: FBT001
) -> None:
    found = match_service(service, domain, facts(srv_names=(presented,)))
    assert found.matched == (f"SRV:{presented}" if matches else "")


@given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=5))
def test_any_text_is_compared(reference: str, names: list[str]) -> None:
    found = match(reference, facts(*names, ip_addresses=tuple(names), subject_names=tuple(names)))
    assert isinstance(found, Match)
    assert not (found.matched and found.common_name_only)


LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=12)


@given(st.lists(LABEL, min_size=3, max_size=5).filter(lambda labels: not labels[-1].isdigit()))
def test_a_wildcard_stands_for_any_first_label(labels: list[str]) -> None:
    name = ".".join(labels)
    assert match(name, facts("*." + ".".join(labels[1:]))).matched
    assert match(name, facts(name.upper())).matched
    assert not match("x." + name, facts("*." + ".".join(labels[1:]))).matched

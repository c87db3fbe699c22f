from __future__ import annotations

from dataclasses import replace

import pytest

from mailtls.report.certificates import in_brief, served
from report.reports import NOW, certificate, report, verdict

(ENDPOINT,) = (each for each in report([verdict()]).endpoints if each.port == 587)
(TARGET,) = ENDPOINT.targets
SHOWN = TARGET.certificate


def at(*certificates):
    """Return the endpoint with one address for each certificate, None for no handshake."""
    targets = tuple(
        replace(TARGET, address=f"192.0.2.{number}", certificate=each)
        for number, each in enumerate(certificates, start=1)
    )
    return replace(ENDPOINT, targets=targets)


def test_a_certificate_is_told_in_one_line():
    assert in_brief(SHOWN) == (
        "CN=smtp.example.com, for smtp.example.com, 192.0.2.1,"
        " issued by O=Example,CN=Example CA, ECDSA P-256, 80 days left, until 2026-08-20"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"days_left": 0}, "0 days left, until 2026-08-20"),
        ({"days_left": -1}, "expired on 2026-08-20"),
        ({"names": ("a", "b", "c", "d"), "names_count": 900}, "for a, b, c and 897 more,"),
        (
            {"names": (), "names_count": 0, "subject": "", "issuer": ""},
            "no subject, issued by nobody,",
        ),
    ],
)
def test_what_it_has_not_is_not_told(changes, words):
    assert words in in_brief(replace(SHOWN, **changes))


def test_each_certificate_of_a_finding_is_told_with_where_it_is_served():
    other = replace(SHOWN, subject="CN=old", days_left=3)
    of = at(SHOWN, SHOWN, other, None)
    found = served("certificate-agreement", (), of)
    assert found == (
        f"{in_brief(SHOWN)}; served at 192.0.2.1, 192.0.2.2",
        f"{in_brief(other)}; served at 192.0.2.3",
    )
    assert served("certificate-expiry", ("192.0.2.3", "192.0.2.4"), of) == found[1:]


def test_of_many_certificates_three_are_told():
    of = at(*(replace(SHOWN, subject=f"CN={number}") for number in range(8)))
    found = served("address-agreement", (), of)
    assert len(found) == 4
    assert found[-1] == "and 5 more certificates"


def test_a_finding_about_anything_else_has_none():
    assert served("tls-version", (), at(SHOWN)) == ()
    assert served("certificate-trust", (), None) == ()
    assert served("certificate-trust", (), at(None)) == ()


def test_a_hostile_certificate_stays_on_its_line():
    hostile = certificate(subject="CN=a\r\n::error::", dns_names=("\u202ename",), not_after=NOW)
    (of,) = (e for e in report([verdict()], leaf=hostile).endpoints if e.port == 587)
    (line,) = served("certificate-name", (), of)
    assert line.isprintable()
    assert "0 days left" in line

from __future__ import annotations

import pytest

from deliveries import carried, header
from mailtls.delivery.received import parse_received
from mailtls.rules.delivery_fixes import demand, record


@pytest.mark.parametrize(
    ("software", "word"),
    [
        ("Postfix", "smtp_tls_security_level"),
        ("Exim", "hosts_require_tls"),
        ("Exchange", "RequireTLS"),
    ],
)
def test_a_known_sender_has_its_own_words(software, word):
    assert demand(software).startswith(f"{software}: ")
    assert word in demand(software)


def test_an_unknown_sender_has_those_of_the_usual_servers():
    assert demand("") == f"{demand('Postfix')}; {demand('Exim')}"


def test_how_to_record():
    (postfix,) = parse_received(header(carried()))
    (other,) = parse_received(header(carried(software="")))
    assert "smtpd_tls_received_header = yes` (default: no)" in record(postfix)
    assert record(postfix).startswith("Postfix: ")
    assert record(other).startswith("have mx.example.net write an RFC 3848 keyword")

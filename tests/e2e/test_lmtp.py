"""LMTP of real servers: what "enforced" means there, and that it is asked for by its key alone."""

from __future__ import annotations

import pytest

from e2e.run import check
from lab.cyrus import Cyrus
from lab.dovecot import Dovecot
from lab.process import running

HOST = "mail.example.test"
RULES = ("starttls-offered", "starttls-enforced", "auth-before-tls")
HARDENED = {"allowplaintext": "no"}


def cyrus(folder, address, identity, **options):
    return Cyrus(folder, address, identity, ports={"lmtp": 24}, **options)


def dovecot(folder, address, identity, **options):
    return Dovecot(folder, address, identity, ports={"lmtp": 24}, **options)


@pytest.fixture
def outcomes(lab_folder, subnet, pki, tmp_path):
    """Give a function from a server to rule -> (outcome, message), with and without the key."""

    def ask(server, name, **options):
        address = subnet.address()
        with running(server(lab_folder / f"lmtp-{name}", address, pki.issue(HOST), **options)):
            found = []
            for keys in ({}, {"starttls": {"enforced": True}}):
                endpoint = {"host": HOST, "port": 24, "mode": "starttls", **keys}
                chosen = [word for rule in RULES for word in ("--rule", rule)]
                way = ("--connect-to", f"{HOST}:24:{address}:24")
                run = check(tmp_path, [endpoint], *way, *chosen, ca_file=pki.ca_file)
                results = run.report["results"]
                found.append({r["rule"]: (r["outcome"], r["message"]) for r in results})
            return found

    return ask


def test_dovecot_takes_mail_in_clear_whatever_ssl_says(outcomes):
    unasked, asked = outcomes(dovecot, "dovecot", ssl="required")
    assert unasked["starttls-enforced"][0] == "not_applicable"
    assert asked["starttls-enforced"] == ("fail", "the server accepts MAIL FROM:<> without TLS")
    assert asked["auth-before-tls"][0] == asked["starttls-offered"][0] == "pass"


def test_cyrus_as_debian_ships_it_offers_the_login_in_clear(outcomes):
    unasked, asked = outcomes(cyrus, "cyrus")
    assert unasked["starttls-enforced"][0] == "not_applicable"
    assert unasked["auth-before-tls"] == ("fail", "a login is offered before TLS")
    assert asked["starttls-enforced"] == ("fail", "a login is possible without TLS")


def test_cyrus_can_keep_mail_behind_a_login_inside_tls(outcomes):
    _, asked = outcomes(cyrus, "hardened", settings=HARDENED)
    assert asked["starttls-enforced"] == (
        "pass",
        "the server demands a login, and offers one only after TLS",
    )
    assert asked["auth-before-tls"][0] == "pass"


def test_cyrus_that_trusts_its_clients_offers_them_no_tls(outcomes):
    unasked, asked = outcomes(cyrus, "trusting", settings=HARDENED, lmtp_trusts=True)
    assert unasked["starttls-offered"][0] == "fail"
    assert asked["starttls-enforced"] == ("fail", "the server accepts MAIL FROM:<> without TLS")

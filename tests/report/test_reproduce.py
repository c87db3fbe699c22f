"""The command that shows a finding again."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import endpoint, implicit
from mailtls.policy.model import TlsExpectation
from mailtls.report.reproduce import Again, command
from mailtls.terms import Cause, Protocol, TlsVersion
from mailtls.verdict import Client
from report.reports import NAMES, failure, policy, unknown


def words(of=None, address="192.0.2.1", rule="tls-version", client=None):
    return command(of or endpoint(), address, 587, rule, client or Client())


def test_it_is_aware_of_address_name_and_mode():
    assert words() == (
        "openssl s_client -connect 192.0.2.1:587 -servername mail.example.org -starttls smtp"
    )
    assert words(implicit()) == (
        "openssl s_client -connect 192.0.2.1:587 -servername mail.example.org"
    )
    imap = endpoint(protocol=Protocol.IMAP, role=None)
    assert words(imap, address="2001:db8::1") == (
        "openssl s_client -connect '[2001:db8::1]:587' -servername mail.example.org -starttls imap"
    )


def test_a_server_that_waits_for_tls_gets_it_at_once():
    assert "-starttls" not in words(client=Client(at_once=True))


def test_without_an_address_it_is_the_name():
    assert "-connect mail.example.org:587 " in words(address=None)


def test_a_literal_is_not_sent_as_a_server_name():
    of = implicit(identity="192.0.2.7")

    assert words(of, rule="certificate-name").endswith("-noservername -verify_ip 192.0.2.7")


@pytest.mark.parametrize(
    ("client", "said"),
    [
        (Client(version=TlsVersion.TLS1_0), "-tls1 -cipher ALL:@SECLEVEL=0"),
        (
            Client(version=TlsVersion.TLS1_1, cipher="AES128-SHA"),
            "-tls1_1 -cipher AES128-SHA:@SECLEVEL=0",
        ),
        (Client(version=TlsVersion.TLS1_2), "-tls1_2"),
        (
            Client(version=TlsVersion.TLS1_2, cipher="AES128-SHA"),
            "-tls1_2 -cipher AES128-SHA:@SECLEVEL=0",
        ),
        (
            Client(version=TlsVersion.TLS1_3, cipher="TLS_AES_128_CCM_SHA256", group="x448"),
            "-tls1_3 -ciphersuites TLS_AES_128_CCM_SHA256 -groups x448",
        ),
    ],
)
def test_it_offers_what_the_client_does(client, said):
    assert words(client=client).endswith(f"-starttls smtp {said}")


def test_one_group_of_many_is_told_where_it_is_the_finding():
    old = Client(version=TlsVersion.TLS1_2, group="secp521r1", among=True)
    new = Client(version=TlsVersion.TLS1_3, group="x448", among=True)

    assert "-groups" not in words(client=old)
    assert words(rule="tls-group", client=old).endswith(" -groups secp521r1:secp256r1:secp384r1")
    assert words(rule="tls-group", client=new).endswith(" -groups x448")


def test_it_shows_what_the_rule_looks_at():
    assert words(rule="certificate-chain").endswith(" -showcerts")
    assert words(rule="certificate-staple").endswith(" -status")
    assert words(rule="certificate-name").endswith(" -verify_hostname mail.example.org")
    named = endpoint(tls=TlsExpectation(alpn=("smtp", "h2")))
    assert words(named, rule="tls-alpn").endswith(" -alpn smtp,h2")


def test_a_verdict_has_the_port_that_was_asked_and_none_where_it_waits():
    again = Again(policy(), {(NAMES[0], "192.0.2.1"): 1587})

    assert "-connect 192.0.2.1:1587 " in again(failure())
    assert "-connect smtp.example.com:587 " in again(failure(address=None))
    assert again(failure(again=None)) == again(failure(endpoint="other")) == ""
    assert again(unknown(again=Client(), cause=Cause.PREREQUISITE)) == ""
    assert again(unknown(again=Client())) != ""


@given(st.text(min_size=1, max_size=40))
def test_a_hostile_name_stays_one_word(name):
    of = endpoint(host=name, identity=f"x{name}")
    made = command(of, None, 25, "certificate-name", Client())

    assert "\n" not in made
    parsed = shlex.split(made)
    assert parsed[:3] == ["openssl", "s_client", "-connect"]
    assert len(parsed) == 10


def test_a_shell_runs_nothing_of_a_hostile_name(tmp_path):
    of = endpoint(identity=f"$(touch {tmp_path}/a)`touch {tmp_path}/b`;touch {tmp_path}/c #'\"")
    line = command(of, "127.0.0.1", 1, "certificate-name", Client())
    subprocess.run(["sh", "-c", line], capture_output=True, stdin=subprocess.DEVNULL, check=False)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("version", [v for v in TlsVersion if v >= TlsVersion.TLS1_0])
@pytest.mark.parametrize("group", ["", "x25519", "secp521r1"])
def test_openssl_knows_every_option(version, group):
    line = command(
        endpoint(), "127.0.0.1", 1, "certificate-name", Client(version=version, group=group)
    )
    done = subprocess.run(
        ["sh", "-c", line], capture_output=True, stdin=subprocess.DEVNULL, text=True, check=False
    )

    # It got as far as the connection, which nothing answers.
    assert "Connection refused" in done.stderr

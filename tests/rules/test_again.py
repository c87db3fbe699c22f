"""The client that sees an exchange again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from factories import ALERT, chose, endpoint, missing, seen, session
from mailtls.evidence import HelloEvidence, Spoken, WrongMode
from mailtls.probe.questions import PortQuestion
from mailtls.rules.again import client
from mailtls.rules.base import hello_question, session_question
from mailtls.terms import TlsVersion
from mailtls.tls import offers
from mailtls.verdict import Client


def answer(**changes):
    chosen = replace(chose(TlsVersion.TLS1_2).answer, **changes)
    return seen(HelloEvidence(answer=chosen))


def hello(offer):
    return hello_question(endpoint(), offer)


def test_a_full_session_is_a_clients_own():
    assert client(session_question(endpoint()), None) == Client()


def test_a_port_that_waits_for_tls_is_spoken_to_at_once():
    wrong = WrongMode(spoken=Spoken.IMPLICIT_TLS, first_bytes=b"\x15")

    asked = session_question(endpoint())
    assert client(asked, seen(session(greeting=wrong))) == Client(at_once=True)
    other = WrongMode(spoken=Spoken.HTTP, first_bytes=b"HTTP")
    assert client(asked, seen(session(greeting=other))) == Client()


def test_a_hello_is_the_version_and_suite_that_were_chosen():
    asked = hello(offers.at_most(TlsVersion.TLS1_1))
    chosen = answer(version=TlsVersion.TLS1_0, suite=0xC013)

    assert client(asked, chosen) == Client(version=TlsVersion.TLS1_0, cipher="ECDHE-RSA-AES128-SHA")


def test_a_hello_without_an_answer_is_its_highest_version():
    asked = hello(offers.at_most(TlsVersion.TLS1_1))

    for unanswered in (None, seen(ALERT), seen(missing())):
        assert client(asked, unanswered) == Client(version=TlsVersion.TLS1_1)


def test_a_group_is_named_where_not_every_one_was_offered():
    alone = hello(offers.groups_only((0x11EC,)))

    assert client(alone, seen(ALERT)) == Client(version=TlsVersion.TLS1_3, group="X25519MLKEM768")
    whole = hello(offers.exactly(TlsVersion.TLS1_2))
    among = client(whole, answer(group=0x17, suite=0xC02F))
    assert among is not None
    assert (among.group, among.among) == ("secp256r1", True)
    some = hello(offers.groups_only((0x17, 0x18), TlsVersion.TLS1_2))
    assert client(some, answer(group=0x18, suite=0xC02F)).group == "secp384r1"


@pytest.mark.parametrize(
    "question", [hello(offers.ssl2()), hello(offers.exactly(TlsVersion.SSL3)), PortQuestion()]
)
def test_what_no_common_client_can_say_has_none(question):
    assert client(question, None) is None


def test_a_suite_that_openssl_never_had_is_left_out():
    asked = hello(offers.exactly(TlsVersion.TLS1_2))

    assert client(asked, answer(suite=0xFFFE)) == Client(version=TlsVersion.TLS1_2)

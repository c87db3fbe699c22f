"""Which mechanism is chosen, and what each says."""

from __future__ import annotations

import pytest

from mailtls.delivery.credentials import Credential
from mailtls.delivery.mechanism import SaslError
from mailtls.delivery.sasl import WITH_PASSWORD, Bearer, choose
from mailtls.delivery.secrecy import Secret
from mailtls.probe.questions import Service

SERVICE = Service(host="smtp.example.com", port=587)
PASSWORD = Credential(name="SMTP", username="probe", password=Secret("canary"))
TOKEN = Credential(name="SMTP", username="probe", token=Secret("t0.k-en"))
BOTH = Credential(name="SMTP", username="probe", password=Secret("canary"), token=Secret("t0.k-en"))


def chosen(offered, credential=PASSWORD, *, binding=bytes(32)):
    return choose(offered, credential, SERVICE, binding=binding, randomness=bytes)


@pytest.mark.parametrize("place", range(len(WITH_PASSWORD)))
def test_the_strongest_offered_is_taken(place):
    offered = tuple(reversed(WITH_PASSWORD[place:]))
    assert chosen(("GSSAPI", *offered)).name == WITH_PASSWORD[place]


def test_what_cannot_be_bound_is_not_bound():
    offered = ("LOGIN", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS")
    assert chosen(offered, binding=b"").name == "SCRAM-SHA-256"


@pytest.mark.parametrize(
    ("offered", "credential", "name"),
    [
        (("PLAIN", "XOAUTH2", "OAUTHBEARER"), TOKEN, "OAUTHBEARER"),
        (("PLAIN", "XOAUTH2"), TOKEN, "XOAUTH2"),
        (("PLAIN", "XOAUTH2"), BOTH, "XOAUTH2"),
        (("PLAIN",), BOTH, "PLAIN"),
    ],
)
def test_a_token_goes_where_tokens_are_taken(offered, credential, name):
    assert chosen(offered, credential).name == name


@pytest.mark.parametrize(
    ("offered", "credential"),
    [
        ((), PASSWORD),
        (("GSSAPI", "EXTERNAL", "ANONYMOUS", "NTLM", "DIGEST-MD5"), BOTH),
        (("PLAIN",), TOKEN),
        (("XOAUTH2",), PASSWORD),
    ],
)
def test_nothing_is_taken_that_does_not_serve(offered, credential):
    assert chosen(offered, credential) is None


def test_plain_is_one_message():
    mechanism = chosen(("PLAIN",))
    assert mechanism.first() == b"\x00probe\x00canary"
    assert mechanism.complete
    with pytest.raises(SaslError):
        mechanism.next(b"")


def test_login_answers_twice():
    mechanism = chosen(("LOGIN",))
    assert mechanism.first() is None
    assert [mechanism.next(b"Username:"), mechanism.next(b"whatever")] == [b"probe", b"canary"]
    with pytest.raises(SaslError):
        mechanism.next(b"Password:")


def test_cram_md5_is_the_example_of_its_rfc():
    credential = Credential(name="X", username="tim", password=Secret("tanstaaftanstaaf"))
    mechanism = chosen(("CRAM-MD5",), credential)
    assert mechanism.first() is None
    challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    assert mechanism.next(challenge) == b"tim b913a602c7eda7a495b4e6e7334d3890"
    with pytest.raises(SaslError):
        mechanism.next(challenge)


def test_xoauth2_is_as_google_documents_it():
    mechanism = chosen(("XOAUTH2",), TOKEN)
    assert mechanism.first() == b"user=probe\x01auth=Bearer t0.k-en\x01\x01"
    assert mechanism.next(b'{"status":"400","schemes":"Bearer"}') == b""
    assert isinstance(mechanism, Bearer)
    assert mechanism.refusal == "400"
    with pytest.raises(SaslError):
        mechanism.next(b"{}")


def test_oauthbearer_is_as_rfc_7628_has_it():
    credential = Credential(name="X", username="us,er=a@example.com", token=Secret("vF9dft4qmTc2"))
    mechanism = chosen(("OAUTHBEARER",), credential)
    assert mechanism.first() == (
        b"n,a=us=2Cer=3Da@example.com,\x01host=smtp.example.com\x01port=587\x01"
        b"auth=Bearer vF9dft4qmTc2\x01\x01"
    )
    assert mechanism.next(b'{"status":"invalid_token","scope":"mail"}') == b"\x01"
    assert isinstance(mechanism, Bearer)
    assert mechanism.refusal == "invalid_token"


@pytest.mark.parametrize("said", [b"", b"\xff", b"[]", b'"x"', b'{"status": 4}', b"[" * 5000])
def test_a_refusal_without_a_reason_is_one(said):
    mechanism = Bearer("XOAUTH2", "probe", Secret("t"), SERVICE)
    mechanism.next(said)
    assert mechanism.refusal == "no reason given"


@pytest.mark.parametrize(
    ("name", "username", "value"),
    [
        ("PLAIN", "a\x00b", "c"),
        ("PLAIN", "a", "b\x00c"),
        ("XOAUTH2", "a\x01auth=Bearer x", "t"),
        ("OAUTHBEARER", "a\x01host=evil", "t"),
        ("SCRAM-SHA-256", "a\x00b", "c"),
        ("SCRAM-SHA-256", "a", "b\x00c"),
    ],
)
def test_no_part_of_a_login_becomes_another(name, username, value):
    credential = Credential(
        name="X", username=username, password=Secret(value), token=Secret(value)
    )
    with pytest.raises(SaslError):
        chosen((name,), credential).first()

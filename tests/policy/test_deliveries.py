from __future__ import annotations

import pytest

from mailtls.errors import PolicyError
from mailtls.policy.delivery import FlowExpectation, Receive, Send, Via
from mailtls.policy.load import load_text
from mailtls.terms import TlsVersion

ENDPOINTS = """\
version: 1
endpoints:
  - {name: submission, host: smtp.example.com, port: 587, mode: starttls}
  - {name: mailbox, host: imap.example.com, port: 993, mode: implicit}
  - {name: drop, host: imap.example.com, port: 995, mode: implicit}
  - {name: retired, host: old.example.com, port: 465, mode: implicit, expect: closed}
deliveries:
"""
SEND = "send: {endpoint: submission, from: probe@example.com, to: inbox@example.net}"


def load(deliveries):
    return load_text((ENDPOINTS + deliveries).encode(), "p.yml", lambda *_: b"")


def errors(deliveries):
    with pytest.raises(PolicyError) as caught:
        load(deliveries)
    return [(p.location.line, p.location.column, p.message, p.hint) for p in caught.value.problems]


def test_a_delivery_of_the_contract_is_taken_whole():
    policy, document, warnings = load("""\
  - name: round trip
    send: {endpoint: submission, from: probe@example.com, to: inbox@Example.NET, credential: SMTP}
    receive: {via: imap, endpoint: mailbox, credential: INBOX, within: 2m}
    expect:
      hops: tls
      hosts: [smtp.example.com, "*.Example.net", 192.0.2.7, "2001:db8::*"]
      min_version: "1.2"
      authentication: {spf: pass, dkim: pass, dmarc: none}
      within: 45s
""")
    (delivery,) = policy.deliveries
    assert delivery.name == "round trip"
    assert delivery.send == Send(
        endpoint="submission",
        sender="probe@example.com",
        recipient="inbox@example.net",
        credential="SMTP",
    )
    assert delivery.receive == Receive(
        via=Via.IMAP, endpoint="mailbox", url="", inbox="", credential="INBOX", within=120.0
    )
    assert delivery.expect == FlowExpectation(
        hops_tls=True,
        hosts=("smtp.example.com", "*.example.net", "192.0.2.7", "2001:db8::*"),
        min_version=TlsVersion.TLS1_2,
        authentication=(("spf", "pass"), ("dkim", "pass"), ("dmarc", "none")),
        within=45.0,
    )
    assert document.locate(delivery.route).line == 8
    assert document.locate((*delivery.route, "send", "to")).line == 9
    assert warnings == ()


def test_what_is_not_said_has_its_default():
    policy, _, _ = load(
        f"  - {{name: x, {SEND}, receive: {{via: mailpit, url: 'http://m:8025'}}}}\n"
    )
    (delivery,) = policy.deliveries
    assert delivery.receive is not None
    assert (delivery.receive.within, delivery.receive.keep) == (60.0, False)
    assert (delivery.send.credential, delivery.send.require_tls) == ("", False)
    assert delivery.expect == FlowExpectation()


def test_flags_are_read():
    policy, _, _ = load(
        "  - name: x\n"
        "    send: {endpoint: submission, from: a@b.example, to: c@d.example, require_tls: true}\n"
        "    receive: {via: pop3, endpoint: drop, credential: K, keep: true}\n"
    )
    (delivery,) = policy.deliveries
    assert delivery.send.require_tls
    assert delivery.receive is not None
    assert delivery.receive.keep


def test_every_mistake_is_reported_where_it_stands():
    assert errors(
        "  - {name: x, send: {endpoint: submision, from: a@b.example, to: nobody}}\n"
        "  - {name: x, send: {endpoint: mailbox, from: a@b.example, to: c@d.example}}\n"
        "  - {name: y, send: {endpoint: retired, from: a@b.example, to: c@d.example}}\n"
    ) == [
        (8, 32, "no endpoint is named 'submision'", "did you mean submission?"),
        (8, 66, "'nobody' is not an address to send with: no @ in it", ""),
        (9, 12, "a second delivery named 'x'", ""),
        (9, 32, "mailbox speaks imap", ""),
        (10, 32, "retired has to be closed", ""),
    ]


@pytest.mark.parametrize(
    ("receive", "message"),
    [
        ("{via: imap, credential: K}", "via: imap needs endpoint"),
        ("{via: imap, endpoint: mailbox}", "via: imap needs credential"),
        ("{via: mailslurp, url: 'https://x.example'}", "via: mailslurp needs credential"),
        ("{via: imap, endpoint: drop, credential: K}", "drop speaks pop3"),
        (
            "{via: pop3, endpoint: drop, credential: K, url: 'https://x.example'}",
            "url has no meaning with via: pop3",
        ),
        ("{via: mailpit}", "via: mailpit needs url"),
        (
            "{via: maildev, url: 'https://x.example', inbox: a}",
            "inbox has no meaning with via: maildev",
        ),
        ("{via: mailpit, url: 'ftp://x.example'}", "'ftp://x.example' is not a usable URL"),
        (
            "{via: mailpit, url: 'https://u:p@x.example'}",
            "'https://u:p@x.example' is not a usable URL",
        ),
        (
            "{via: mailpit, url: 'https://x.example/?a=b'}",
            "'https://x.example/?a=b' is not a usable URL",
        ),
        (
            "{via: mailpit, url: 'https://x.example:99999'}",
            "'https://x.example:99999' is not a usable URL",
        ),
        ("{via: mailpit, url: 'https://x .example'}", "'https://x .example' is not a usable URL"),
        (
            "{via: mailpit, url: 'http://x.example', credential: K}",
            "a credential is never sent over http",
        ),
        ("{via: pop3, endpoint: drop, credential: K, within: 61m}", "61m is more than an hour"),
        ("{via: pop3, endpoint: drop, within: 60}", "'60' is not valid here"),
        ("{via: pop3, endpoint: drop, credential: a-b}", "'a-b' is not valid here"),
        ("{via: smtp, endpoint: drop}", "'smtp' is not valid here"),
        ("{via: pop3, endpoint: drop, keeps: true}", "unknown key 'keeps'"),
    ],
)
def test_what_cannot_be_received_from_is_an_error(receive, message):
    assert [each[2] for each in errors(f"  - {{name: x, {SEND}, receive: {receive}}}\n")] == [
        message
    ]


def test_an_expectation_needs_something_received():
    assert [each[2] for each in errors(f"  - {{name: x, {SEND}, expect: {{hops: tls}}}}\n")] == [
        "expect is judged by the message as received, and this delivery receives nothing"
    ]


def test_a_faulty_endpoint_is_not_called_unknown():
    text = ENDPOINTS.replace("smtp.example.com", '"s s"') + f"  - {{name: x, {SEND}}}\n"
    with pytest.raises(PolicyError) as caught:
        load_text(text.encode(), "p.yml", lambda *_: b"")
    assert [p.location.line for p in caught.value.problems] == [3]

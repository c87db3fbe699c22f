from __future__ import annotations

import pytest

from mailtls.delivery.credentials import Binding
from mailtls.options import build_parser
from mailtls.probe.questions import Service


def parsed(*words):
    return build_parser(("text",)).parse_args(["check", *words])


def test_nothing_is_sent_unless_it_is_asked_for():
    options = parsed()
    assert not options.send
    assert not options.allow_privileged_trigger
    assert (options.credential, options.send_domain) == ([], [])


def test_what_the_workflow_allows_is_read():
    options = parsed(
        "--send",
        "--credential=SMTP=smtp.example.com:587",
        "--credential=INBOX=[2001:db8::1]:993",
        "--send-domain=Example.COM",
        "--send-domain=münchen.example",
        "--allow-privileged-trigger",
    )
    assert options.send
    assert options.allow_privileged_trigger
    assert options.send_domain == ["example.com", "xn--mnchen-3ya.example"]
    assert options.credential == [
        Binding(name="SMTP", service=Service(host="smtp.example.com", port=587)),
        Binding(name="INBOX", service=Service(host="2001:db8::1", port=993)),
    ]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("--credential=SMTP", "expected NAME=HOST:PORT"),
        ("--credential=SMTP=smtp.example.com", "expected NAME=HOST:PORT"),
        ("--send-domain=a b", "is not a domain"),
    ],
)
def test_what_cannot_be_read_is_an_error(word, message, capsys):
    with pytest.raises(SystemExit):
        parsed(word)
    assert message in capsys.readouterr().err

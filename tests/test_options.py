"""The command line: what is taken, and what is refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailtls.arguments import DnsServer, ReportFile
from mailtls.delivery.credentials import Binding
from mailtls.net.routes import Detour
from mailtls.options import COMMANDS, build_parser
from mailtls.probe.questions import Service
from mailtls.terms import Level

PARSER = build_parser(("text", "json", "github"))


def check(*words: str):
    return PARSER.parse_args(["check", *words])


def test_defaults():
    options = check()

    assert (options.policy, options.format, options.fail_on) == (None, "text", Level.ERROR)
    assert (options.timeout, options.per_host, options.concurrency, options.retries) == (
        60,
        4,
        32,
        1,
    )
    assert options.inconclusive == "fail"
    assert options.report == options.only == options.rule == options.connect_to == []


def test_values_become_what_they_mean():
    options = check(
        "p.yml", "--report", "json=a=b.json", "--connect-to", "a:1:b:2", "--fail-on", "note",
        "--only", "x*", "--only", "y", "--ca-file", "ca.pem",
    )  # fmt: skip

    assert options.report == [ReportFile(format="json", path=Path("a=b.json"))]
    assert options.connect_to == [Detour(from_host="a", from_port=1, to_host="b", to_port=2)]
    assert options.fail_on is Level.NOTE
    assert options.only == ["x*", "y"]
    assert options.ca_file == Path("ca.pem")


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("192.0.2.1", DnsServer(address="192.0.2.1", port=53, tls=False)),
        ("192.0.2.1:5353", DnsServer(address="192.0.2.1", port=5353, tls=False)),
        ("::1", DnsServer(address="::1", port=53, tls=False)),
        ("[::1]:5353", DnsServer(address="::1", port=5353, tls=False)),
        ("tls://192.0.2.1", DnsServer(address="192.0.2.1", port=853, tls=True)),
        ("tls://[::1]:8853", DnsServer(address="::1", port=8853, tls=True)),
    ],
)
def test_resolvers(text, server):
    assert check("--resolver", text).resolver == server


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--resolver", "dns.example"], "expected the IP address of a DNS server"),
        (["--resolver", "192.0.2.1:x"], "expected the IP address of a DNS server"),
        (["--resolver", "https://192.0.2.1/dns-query"], "https:// is not supported"),
        (["--connect-to", "a:b"], "expected HOST:PORT:HOST:PORT"),
        (["--connect-to", "a:1:b:99999"], "99999 is not a port"),
        (["--report", "xml=a"], "expected FORMAT=PATH with one of text, json, github"),
        (["--report", "json="], "expected FORMAT=PATH"),
        (["--report", "json"], "expected FORMAT=PATH"),
        (["--proxy", "http://proxy:1"], "expected socks5://"),
        (["--credential", "SMTP"], "expected NAME=HOST:PORT"),
        (["--credential", "SMTP=smtp.example.com"], "expected NAME=HOST:PORT"),
        (["--send-domain", "a b"], "is not a domain"),
        (["--timeout", "0"], "0 is not within 1 and 3600"),
        (["--timeout", "nan"], "nan is not within"),
        (["--timeout", "soon"], "'soon' is not a number"),
        (["--per-host", "0"], "0 is not within 1 and 1000"),
        (["--per-host", "1.5"], "'1.5' is not a number"),
        (["--retries", "-1"], "-1 is not within"),
        (["--fail-on", "fatal"], "fatal"),
        (["--format", "xml"], "invalid choice: 'xml'"),
        (["--inconclusive", "pass"], "invalid choice: 'pass'"),
        (["--no-such-option"], "unrecognized arguments: --no-such-option"),
    ],
)
def test_what_is_refused_says_why(words, reason, capsys):
    with pytest.raises(SystemExit) as caught:
        check(*words)

    assert caught.value.code == 2
    assert reason in capsys.readouterr().err


def test_help_names_every_command_and_the_exit_codes():
    text = PARSER.format_help()

    for command in COMMANDS:
        assert f"\n    {command}" in text
    assert "3 nothing failed but something could not be determined" in " ".join(text.split())


def test_gentle_is_a_word_of_its_own():
    assert check().gentle is False
    assert check("--gentle").gentle is True


def test_nothing_is_sent_unless_it_is_asked_for():
    options = check()
    assert not options.send
    assert not options.allow_privileged_trigger
    assert (options.credential, options.send_domain) == ([], [])


def test_what_the_workflow_allows_to_be_sent_is_read():
    options = check(
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

"""From verdicts and evidence to the model: sorted, bounded, safe."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailtls.errors import Problem
from mailtls.evidence import HandshakeRefused, KeyFacts, Line
from mailtls.report.build import SENTENCE_LIMIT, TargetSummary, build
from mailtls.report.model import Report
from mailtls.terms import Level
from mailtls.verdict import ExitCode, Location, Standing
from report.reports import NAMES, NOW, certificate, failure, policy, report, session, verdict


def first(made: Report):
    return made.endpoints[0].targets[0]


def leaf(**changes: object):
    return first(report([verdict()], leaf=certificate(**changes))).certificate


def test_a_run_that_judged_nothing_has_no_report():
    with pytest.raises(ValueError, match="at least one verdict"):
        report([])


def test_days_left_are_rounded_down_and_go_below_zero():
    assert leaf(not_after=NOW + timedelta(days=2, seconds=-1)).days_left == 1
    assert leaf(not_after=NOW).days_left == 0
    assert leaf(not_after=NOW - timedelta(seconds=1)).days_left == -1


@pytest.mark.parametrize(
    ("kind", "bits", "curve", "said"),
    [
        ("rsa", 2048, "", "RSA 2048"),
        ("dsa", 1024, "", "DSA 1024"),
        ("ecdsa", 256, "secp256r1", "ECDSA P-256"),
        ("ecdsa", 384, "P-384", "ECDSA P-384"),
        ("ed25519", 256, "", "Ed25519"),
        ("unknown", 0, "", "unknown"),
    ],
)
def test_a_key_is_named_as_people_name_it(kind, bits, curve, said):
    key = KeyFacts(kind=kind, bits=bits, curve=curve, spki_sha256="00" * 32)

    assert leaf(key=key).key == said


def test_many_names_are_counted_and_fifty_are_kept():
    certified = leaf(dns_names=tuple(f"h{n}.example" for n in range(70)), ip_addresses=("::1",))

    assert certified.names_count == 71
    assert certified.names == tuple(f"h{n}.example" for n in range(50))


def test_times_are_in_utc_to_the_second():
    assert leaf().not_after == "2026-08-20T13:00:00Z"


def test_a_target_without_a_handshake_has_no_tls_facts():
    plain = session()
    refused = type(plain)(
        greeting=plain.greeting,
        before=plain.before,
        upgrade=plain.upgrade,
        tls=HandshakeRefused(alert=40, name="handshake_failure"),
        greeting_after=plain.greeting_after,
        after=plain.after,
    )
    made = build(
        policy=policy(),
        verdicts=[verdict()],
        targets={
            NAMES[1]: [
                TargetSummary(address="2001:db8::1", port=25, connections=1, session=None),
                TargetSummary(address="192.0.2.1", port=25, connections=2, session=refused),
            ]
        },
        locate=lambda _: Location(file="p", line=1, column=1, end_line=1, end_column=2),
        excerpt=lambda _: "",
        rules=(),
        started=NOW,
        seconds=0.0,
        connections=3,
        fail_on=Level.ERROR,
        tolerate_inconclusive=False,
        version="1",
    )

    met = made.endpoints[0].targets
    assert [target.address for target in met] == ["192.0.2.1", "2001:db8::1"]
    assert {(target.tls_version, target.certificate) for target in met} == {(None, None)}
    assert made.days_left is None


def test_results_are_sorted_and_carry_title_page_and_line():
    made = report([verdict(rule="tls-version"), verdict(rule="mode"), failure(address=None)])

    assert [(each.rule, each.address) for each in made.results] == [
        ("mode", "192.0.2.1"),
        ("tls-version", None),
        ("tls-version", "192.0.2.1"),
    ]
    told = made.results[1]
    assert told.title == "Old TLS versions are refused"
    assert told.docs_url == "https://docs.example/rules/tls-version.md"
    assert "smtp.example.com" in told.excerpt.text


def test_a_finding_has_its_source_and_its_command():
    made = report([failure(), verdict(rule="mode")])
    passed, failed = made.results

    assert failed.reproduce.startswith("openssl s_client -connect 192.0.2.1:1587 ")
    assert failed.source == "RFC 8996 section 5"
    assert (passed.reproduce, passed.source) == ("", "")


def test_a_target_has_its_proofs():
    proofs = first(report([verdict()])).proofs

    assert [each.count for each in proofs] == [1, 1, 1, 1, 40, 1]


def test_every_text_is_made_safe_and_bounded():
    hostile = "\x1b]0;x\x07##[error]\n::error::y"
    made = report(
        [failure(message=hostile * 200, observed=hostile, remedy=hostile, expected=hostile,
                 address=hostile, transcript=(Line(side="S", text=hostile),))],
        leaf=certificate(subject=hostile, issuer=hostile, dns_names=(hostile,), serial=hostile),
        problems=[Problem(location=Location(file="a\nb", line=1, column=1, end_line=1, end_column=1),
                          message=hostile, expected=hostile, hint=hostile, level=Level.WARNING)],
    )  # fmt: skip

    shown = repr(made).replace("\\\\", "\\")
    assert "##[" not in shown
    assert "::error" not in shown
    assert not {character for character in shown if ord(character) < ord(" ")}
    assert made.results[0].message.endswith(f"(+{len(hostile) * 200 - SENTENCE_LIMIT} characters)")
    assert made.notices[0].location.file == "a\\x0ab"


def test_the_verdict_and_the_exit_code_are_those_of_the_verdicts():
    warned = report([failure(level=Level.WARNING)])
    failed = report([failure(level=Level.WARNING)], fail_on=Level.WARNING)

    assert (warned.standing, warned.exit_code) == (Standing.PASS, ExitCode.PASS)
    assert (failed.standing, failed.exit_code) == (Standing.FAIL, ExitCode.FAIL)

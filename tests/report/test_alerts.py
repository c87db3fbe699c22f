"""One alert for each rule and endpoint, and an identity that lasts."""

from __future__ import annotations

import pytest

from mailtls.report.alerts import alerts, relative, uri
from mailtls.terms import Level, Outcome
from report.reports import NAMES, TEXT, failure, mixed, report, unknown, verdict

FAILED = (Outcome.FAIL,)


def test_addresses_and_sentences_of_one_rule_are_one_alert():
    made = report(
        [
            failure(level=Level.WARNING, message="lighter"),
            failure(address="192.0.2.2"),
            failure(address="192.0.2.3"),
            failure(rule="mode"),
        ]
    )
    one, two = alerts(made, FAILED)

    assert (one.worst.rule, two.worst.rule) == ("mode", "tls-version")
    assert (two.worst.level, two.worst.message) == (Level.ERROR, "the server accepts TLSv1.0")
    assert two.text.startswith(f"{NAMES[0]} at 192.0.2.2, 192.0.2.3: the server accepts TLSv1.0\n")
    assert "\n\nsmtp.example.com:587 at 192.0.2.1: lighter\n" in two.text


def test_what_could_not_be_determined_says_where_it_stopped():
    (one,) = alerts(report([unknown()]), [Outcome.INCONCLUSIVE])

    assert one.text.endswith("\nstopped in GREETING, TIMED_OUT")


def test_only_the_wanted_outcomes_are_alerts():
    assert alerts(report([verdict()]), FAILED) == ()
    assert {each.worst.outcome for each in alerts(mixed(), FAILED)} == {Outcome.FAIL}


def fingerprint(*verdicts, text=TEXT):
    (one,) = alerts(report(verdicts, text=text), FAILED)
    return one.fingerprint


def test_a_fingerprint_outlives_lines_values_and_addresses_and_nothing_else():
    plain = fingerprint(failure())

    assert plain == fingerprint(failure(), text="# moved\n" + TEXT)
    assert plain == fingerprint(failure(observed="TLSv1.1", message="m", level=Level.NOTE))
    assert plain == fingerprint(failure(address="192.0.2.9"), failure(address="192.0.2.8"))
    assert plain != fingerprint(failure(rule="mode"))
    assert plain != fingerprint(failure(endpoint=NAMES[1]))


@pytest.mark.parametrize(
    ("file", "path", "reference"),
    [
        ("./mailtls.yml", "mailtls.yml", "mailtls.yml"),
        ("a/../b c/m#1?.yml", "b c/m#1?.yml", "b%20c/m%231%3F.yml"),
        ("a:b.yml", "a:b.yml", "a%3Ab.yml"),
        ("../up.yml", "../up.yml", "../up.yml"),
        ("/etc/m é.yml", "/etc/m é.yml", "file:///etc/m%20%C3%A9.yml"),
    ],
)
def test_a_path_is_relative_and_encoded(file, path, reference):
    assert (relative(file), uri(file)) == (path, reference)

"""What a person reads in a terminal."""

from __future__ import annotations

import pytest

from mailtls.report import text
from mailtls.report.columns import columns
from mailtls.report.style import WIDTH, Paint, Style
from mailtls.terms import Level, Outcome
from report.reports import TEXT, failure, mixed, report, unknown, verdict
from report.ways import clear, sent, way

MIXED = """\
error[tls-version] the server accepts TLSv1.0
  --> mailtls.yml:3:47
  3 |   - {host: smtp.example.com, port: 587, mode: starttls}
    |                                               ^^^^^^^^
  where:    smtp.example.com:587 at 192.0.2.1, 192.0.2.2
  expected: TLSv1.2 or later
  observed: TLSv1.0 negotiated
  fix:      set `smtpd_tls_protocols = >=TLSv1.2` (RFC 8996 section 5)
  more:     mailtls explain tls-version

inconclusive[mode] could not be determined: no answer
  --> mailtls.yml:4:47
  4 |   - {host: imap.example.com, port: 993, mode: implicit}
    |                                               ^^^^^^^^
  where:    imap.example.com:993 at 192.0.2.1
  expected: TLSv1.2 or later
  stopped:  in GREETING, TIMED_OUT

  unjudged: certificate-name

ok    pop.example.com:995  pop3 implicit, TLSv1.3, certificate 80 days

FAIL: 2 failed, 2 could not be determined, 2 passed (9 connections, 1.2 s)
"""


def test_a_mixed_run_reads_like_this():
    assert text.render(mixed()) == MIXED


def test_green_is_quiet():
    green = text.render(report([verdict()]))

    assert len(green.splitlines()) == 6
    assert "error" not in green
    assert "PASS: 1 passed" in green
    assert "not the message end to end" in green


def test_quiet_leaves_out_what_is_in_order_and_verbose_adds_the_transcript():
    assert "ok    " not in text.render(mixed(), Style(quiet=True))
    assert "     | C: EHLO probe.example" in text.render(mixed(), Style(verbose=True))
    assert "EHLO" not in text.render(mixed())


def test_colour_only_on_demand_and_nothing_else_differs():
    plain, painted = text.render(mixed()), text.render(mixed(), Style(paint=Paint(on=True)))

    assert "\x1b" not in plain
    assert "\x1b[31;1merror[tls-version]\x1b[0m" in painted
    for code in ("31;1", "33;1", "1", "2", "32", "34", "0"):
        painted = painted.replace(f"\x1b[{code}m", "")
    assert painted == plain


def test_lines_fit_eighty_columns_where_words_do():
    long = report([failure(remedy="word " * 100, observed="a b " * 60, message="short")])

    assert max(map(len, text.render(long).splitlines())) <= 80


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_lines_fit_the_terminal_also_with_wide_characters(width):
    made = report(
        [failure(remedy="証明書を更新する" * 20, message="ab " * 60, observed="日本 x " * 30)],
        text=TEXT.replace("{host: smtp", "{name: 日本語の名前, host: smtp").replace(
            "mode: starttls", "mode: starttls, identity: aaaaaaaaaaaaaa.example.com"
        ),
    )
    shown = text.render(made, Style(width=width))

    assert max(map(columns, shown.splitlines())) <= width
    caret = next(line for line in shown.splitlines() if "^" in line)
    line = shown.splitlines()[shown.splitlines().index(caret) - 1]
    assert columns(line[: line.index("starttls")]) == caret.index("^")


def test_levels_and_tolerance_are_said():
    warned = text.render(report([failure(level=Level.WARNING)]))
    tolerated = text.render(report([unknown()], tolerate=True))

    assert "warning[tls-version]" in warned
    assert "PASS: 1 warning, 0 passed" in warned
    assert "INCONCLUSIVE: 1 could not be determined" in tolerated
    assert "this is not a pass" in tolerated


def test_what_is_waived_stays_in_sight_when_quiet():
    shown = text.render(report([verdict(outcome=Outcome.WAIVED, message="old")]), Style(quiet=True))

    assert "waived[tls-version] smtp.example.com:587 at 192.0.2.1: old (mailtls.yml:3)" in shown
    assert "1 waived, 0 passed" in shown


def test_an_endpoint_without_a_verdict_is_not_called_in_order():
    shown = text.render(report([verdict()]))

    assert "ok    smtp.example.com:587" in shown
    assert "--    imap.example.com:993  nothing was checked" in shown


def test_the_way_of_a_test_message_is_told_in_words():
    shown = text.render(sent(way(), clear()))
    assert "way   round trip\n      Proved: mailtls to mail.example.org" in shown
    assert "      In clear: mail.example.org to mx.example.net (in clear" in shown
    assert all(len(line) <= WIDTH for line in shown.splitlines() if line.startswith("      "))
    quiet = text.render(sent(way()), Style(quiet=True))
    assert "way   " not in quiet

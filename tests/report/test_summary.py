"""The step summary: readable, bounded, and no markup of a stranger's making."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mailtls.evidence import Line
from mailtls.report import summary
from mailtls.report.mermaid import ROWS
from mailtls.report.model import Report
from mailtls.terms import Level, Outcome
from report.reports import NAMES, certificate, failure, mixed, report, unknown, verdict

OURS = {"<details>", "</details>", "<summary>", "</summary>", "<b>", "</b>", "<code>", "</code>"}
OURS |= {"<pre>", "</pre>", "<br>"}


def spread(count: int) -> Report:
    """Return a report of many endpoints, each with a certificate of its own."""
    made = report([verdict()])
    endpoint = made.endpoints[0]
    target = endpoint.targets[0]
    leaves = [replace(target.certificate, sha256=f"{n}", days_left=n) for n in range(count)]
    endpoints = [
        replace(endpoint, name=f"endpoint {n}", targets=(replace(target, certificate=leaf),))
        for n, leaf in enumerate(leaves)
    ]
    return replace(made, endpoints=tuple(endpoints))


def test_the_verdict_comes_first_and_every_endpoint_has_a_row():
    lines = summary.render(mixed()).splitlines()

    assert lines[0] == "## mailtls: fail"
    assert lines[2] == "2 failed, 2 could not be determined, 2 passed (9 connections, 1.2 s)"
    rows = [line for line in lines if line.startswith("| ") and "<code>" in line]
    assert lines[4] == "|  | endpoint | connection | TLS | certificate |"
    assert [row.split(" | ")[0] for row in rows] == ["| **?**", "| ok", "| **fail**"]
    assert [row.split(" | ")[2:] for row in rows] == [
        ["**?**", "", "**?**, 80 days left |"],
        ["", "ok, TLSv1.3", " |"],
        ["ok", "**fail**, TLSv1.3", " |"],
    ]


@pytest.mark.parametrize(
    ("level", "word"),
    [(Level.ERROR, "**fail**"), (Level.WARNING, "**warning**"), (Level.NOTE, "note")],
)
def test_an_endpoint_is_marked_by_its_worst_finding_and_as_heavy_as_that_is(level, word):
    made = report([verdict(), failure(level=level, rule="tls-cipher")])

    rows = [line for line in summary.render(made).splitlines() if line.startswith("| ")]
    states = {row.split(" | ")[0] for row in rows if "<code>" in row}
    assert states == {f"| {word}", "| not checked"}


def test_a_finding_has_its_line_its_fix_and_its_transcript():
    text = summary.render(mixed())

    assert "<details><summary>error <b>tls-version</b>" in text
    assert "mailtls.yml&#58;3" in text
    assert "- expected: <code>TLSv1.2 or later</code>" in text
    assert "<pre>C&#58; EHLO probe.example<br>S&#58; 250 mail<br>&#42;&#58; TLSv1.0</pre>" in text
    assert "could not be judged: certificate-name" in text


def test_a_failure_says_which_document_and_how_to_see_it_again():
    text = summary.render(mixed())

    assert "[RFC 8996 section 5](https://www.rfc-editor.org/rfc/rfc8996#section-5), [about" in text
    command = "openssl s_client -connect 192.0.2.1:1587 -servername smtp.example.com"
    options = "-starttls smtp -tls1 -cipher ALL:@SECLEVEL=0"
    assert f"- see it again: <code>{summary.escape(f'{command} {options}')}</code>" in text


def test_a_long_transcript_is_cut_and_says_so():
    lines = tuple(Line(side="S", text=f"line {n}") for n in range(50))
    text = summary.render(report([failure(transcript=lines)]))

    assert "line 39<br>(10 more lines are in the reports)</pre>" in text
    assert "line 40" not in text


def test_the_certificates_have_a_time_line_of_which_the_soonest_stay():
    assert "section imap.example.com 993 and 2 more\n  80 days left :active" in summary.render(
        mixed()
    )
    text = summary.render(spread(ROWS + 3))

    assert text.count("  section ") == ROWS
    assert "The 3 that expire later are in the reports." in text


def test_a_finding_about_a_certificate_shows_its_facts():
    text = summary.render(report([failure(rule="certificate-name"), failure()]))

    (line,) = (line for line in text.splitlines() if line.startswith("- certificate: "))
    assert "80 days left" in line
    assert "ECDSA P-256" in line


def test_green_does_not_claim_more_than_was_seen():
    text = summary.render(report([verdict()]))

    assert text.startswith("## mailtls: pass")
    assert "one hop, not the message end to end" in text


def test_a_tolerated_gap_is_not_called_a_pass():
    text = summary.render(report([unknown()], tolerate=True))

    assert text.startswith("## mailtls: inconclusive")
    assert "this is not a pass" in text


def test_it_is_cut_before_the_runner_drops_it():
    many = [failure(rule=f"rule-{n}", observed="€" * 900, message="m" * 900) for n in range(2000)]
    text = summary.render(report(many))

    assert summary.BYTE_LIMIT - 10_000 < len(text.encode()) <= summary.BYTE_LIMIT
    assert "\n\nThis summary was cut: the reports have the rest.\n" in text
    # What stands at the end stays, however much is cut before.
    assert "```mermaid\n" in text
    assert "one hop, not the message end to end" in text


def test_a_long_table_is_cut_too():
    text = summary.render(spread(9000))

    assert len(text.encode()) <= summary.BYTE_LIMIT
    assert "| | further endpoints are in the reports | |\n\n" in text


def test_text_of_a_stranger_stands_in_code_only():
    # Outside it GitHub links mentions and issues in the finished HTML, entities or not.
    canary = dict.fromkeys(("message", "expected", "observed", "remedy"), "canary @user #1")
    made = report(
        [failure(**canary), unknown(message="canary", endpoint=NAMES[1], route=("endpoints", 1)),
         verdict(message="canary", rule="mode", outcome=Outcome.WAIVED)]
    )  # fmt: skip
    text = summary.render(made)

    assert text.count("canary") == 6
    assert "canary" not in re.sub(r"<(code|pre)>.*?</\1>", "", text)


def test_a_bare_host_name_is_no_link():
    assert "www&#46;evil.example" in summary.render(
        report([failure(remedy="see www.evil.example")])
    )
    assert summary.escape("WWW.x") == "WWW&#46;x"


def test_what_is_waived_and_what_was_not_checked_is_said():
    text = summary.render(report([verdict(outcome=Outcome.WAIVED, message="old TLS")]))

    assert "Waived: <b>tls-version</b>" in text
    assert text.count("| not checked | ") == 2


HOSTILE = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(
            [
                "<script>", "</details>", "</code>", "![x](http://e.example)", "[a](http://e.example)",
                "http://e.example", "@user", "#1", "`", "```", "|", "\n\n# pass", "&lt;", "**", "<!--",
                "www.e.example", "a@b.example", "\\", "$x$", "---", "\r",
            ]
        ),
        max_size=6,
    ).map("".join),
)  # fmt: skip


@given(HOSTILE.map("x".__add__), HOSTILE.map("x".__add__))
@settings(max_examples=200, deadline=None)
def test_nothing_of_a_stranger_is_markup(one, two):
    # A remedy is ours, and an RFC that it cites is linked.
    assume("RFC " not in one)
    hostile = report(
        [
            failure(message=one, observed=two, remedy=one, transcript=(Line(side="S", text=two),)),
            unknown(endpoint=NAMES[1], message=two, route=("endpoints", 1)),
        ],
        leaf=certificate(subject=one, dns_names=(two,)),
        title=one,
    )
    plain = report(
        [
            failure(message="m", observed="o", remedy="r", transcript=(Line(side="S", text="t"),)),
            unknown(endpoint=NAMES[1], message="m", route=("endpoints", 1)),
        ]
    )

    assert _shape(summary.render(hostile)) == _shape(summary.render(plain))


def _shape(text: str) -> list[str]:
    """Return the kinds of all tokens but text, and the tags among them."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    found: list[str] = []
    for token in parser.parse(text):
        for each in [token, *(token.children or [])]:
            if each.type in ("html_inline", "html_block"):
                tags = re.findall(r"<[^>]*>", each.content)
                assert set(tags) <= OURS, tags
                found += tags
            elif each.type not in ("text", "softbreak"):
                found.append(f"{each.type} {each.attrs.get('href', '')}")
    return found

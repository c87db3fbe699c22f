"""Annotations as the runner reads them: where, how many, and none of a stranger's making."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from mailtls.errors import Problem
from mailtls.report import github
from mailtls.report.annotations import Annotation
from mailtls.terms import Cause, Level, Outcome
from mailtls.verdict import Location
from report.reports import NAMES, failure, mixed, report, said_by_strangers, unknown, verdict
from report.runner_oracle import commands

PLACE = Location(file="a,b:c%.yml", line=3, column=5, end_line=3, end_column=9)


def annotations(text: str) -> list[tuple[str, str, str]]:
    kinds = {"error", "warning", "notice"}
    return [
        (each.name, each.properties["line"], each.properties["title"])
        for each in commands(text)
        if each.name in kinds
    ]


def test_each_finding_is_annotated_once_at_its_line_and_column():
    text = github.render(mixed())

    assert annotations(text) == [
        ("error", "3", "mailtls tls-version: Old TLS versions are refused"),
        ("error", "4", "mailtls mode: mode"),
    ]
    first = next(each for each in commands(text) if each.name == "error")
    assert first.properties == {
        "file": "mailtls.yml",
        "line": "3",
        "endLine": "3",
        "col": "47",
        "endColumn": "54",
        "title": "mailtls tls-version: Old TLS versions are refused",
    }
    assert first.data.splitlines() == [
        "smtp.example.com:587 at 192.0.2.1, 192.0.2.2",
        "the server accepts TLSv1.0",
        "expected: TLSv1.2 or later",
        "observed: TLSv1.0 negotiated",
        "fix: set `smtpd_tls_protocols = >=TLSv1.2` (RFC 8996 section 5)",
        "https://docs.example/rules/tls-version.md",
    ]


def test_a_finding_about_a_certificate_shows_its_facts():
    text = github.render(report([failure(rule="certificate-name"), failure()]))

    shown = [each.data.splitlines() for each in commands(text) if each.name == "error"]
    told = [[line for line in lines if line.startswith("certificate: ")] for lines in shown]
    facts = (
        "CN=smtp.example.com, for smtp.example.com, 192.0.2.1, issued by O=Example,CN=Example CA"
    )
    (line,) = told[0]
    assert line == (
        f"certificate: {facts}, ECDSA P-256, 80 days left, until 2026-08-20; served at 192.0.2.1"
    )
    assert told[1] == []


def test_what_waits_for_another_finding_is_not_annotated():
    assert "certificate-name" not in "".join(
        title for _, _, title in annotations(github.render(mixed()))
    )


def test_passing_endpoints_are_a_line_and_failing_ones_a_group():
    text = github.render(mixed())

    assert [each.data for each in commands(text) if each.name == "group"] == list(NAMES[:2])
    assert text.count("::endgroup::") == 2
    assert f"ok    {NAMES[2]}" in text
    assert text.splitlines()[-1].startswith("FAIL: 2 failed, 2 could not be determined, 2 passed")


def test_levels_become_the_runners_commands():
    found = report(
        [
            failure(level=Level.WARNING, rule="a"),
            failure(level=Level.NOTE, rule="b"),
            failure(level=Level.ERROR, rule="c"),
            unknown(rule="d"),
        ]
    )
    tolerated = report([unknown(rule="d")], tolerate=True)

    assert [name for name, _, _ in annotations(github.render(found))] == [
        "error",
        "error",
        "warning",
        "notice",
    ]
    assert [name for name, _, _ in annotations(github.render(tolerated))] == ["warning"]


def test_ten_of_a_level_and_the_tenth_tells_of_the_rest():
    many = report([failure(rule=f"rule-{n:02}") for n in range(60)])
    found = [each for each in commands(github.render(many)) if each.name == "error"]

    assert len(found) == 10
    assert found[9].data.endswith("and 50 more findings of this level: see the step summary")
    exact = report([failure(rule=f"rule-{n:02}") for n in range(10)])
    assert "more finding" not in github.render(exact)


def test_each_line_gets_one_of_the_ten_before_another_gets_its_second():
    """Twelve endpoints with two failures each fill the ten with ten endpoints; nine leave one more."""
    for lines, wanted in ((12, list(range(1, 11))), (9, [1, *range(1, 10)])):
        found = [
            Annotation(
                level=Level.ERROR,
                location=replace(PLACE, line=line, end_line=line),
                code=code,
                title=code,
                message=code,
            )
            for line in range(1, lines + 1)
            for code in ("certificate-chain", "certificate-trust")
        ]
        made = list(commands("\n".join(github.annotate(found))))
        assert [int(each.properties["line"]) for each in made] == wanted
        assert made[9].data.endswith(
            f"and {2 * lines - 10} more findings of this level: see the step summary"
        )


def test_a_message_is_never_cut_by_the_runner():
    long = report(
        [failure(rule=f"r{n}", observed="x" * 5000, remedy="y" * 9000) for n in range(12)]
    )

    found = [each.data for each in commands(github.render(long)) if each.name == "error"]
    assert max(map(len, found)) <= 4096
    assert found[9].endswith("and 2 more findings of this level: see the step summary")


def test_problems_of_a_policy_are_annotations_too():
    text = github.render_problems(
        [
            Problem(
                location=PLACE, message="unknown key 'x'", expected="one of a, b", hint="meant a?"
            ),
            Problem(location=PLACE, message="odd", level=Level.WARNING),
        ]
    )
    error, warning = commands(text)

    assert (error.name, error.properties["file"]) == ("error", "a,b:c%.yml")
    assert (error.properties["col"], error.properties["endColumn"]) == ("5", "8")
    assert error.data == "unknown key 'x'\nexpected: one of a, b\nmeant a?"
    assert warning.name == "warning"


HOSTILE = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                "::error::", "::set-output name=verdict::pass", "##[add-mask]", "##[error]x", "\n",
                "\r", "\u2028", "\u2003", "\x0b", "\x85", "%0A", "%25", "::stop-commands::t", "::", "]",
                "##", "[", "group ", "\u200b", ":\u200b:", "#\x00#[", " ", "\x1b[31m", "x",
            ]
        ),
        max_size=8,
    ).map("".join),
)  # fmt: skip


@given(HOSTILE, HOSTILE, HOSTILE)
@settings(max_examples=300, deadline=None)
def test_no_text_of_a_stranger_becomes_a_command(one, two, three):
    hostile = said_by_strangers(one, two, three)

    names = [each.name for each in commands(github.render(hostile))]

    assert names == ["group", "endgroup", "group", "endgroup", "error", "error"]


def test_one_rule_at_one_endpoint_is_one_annotation_whatever_its_addresses_said():
    made = report([failure(), failure(address="192.0.2.2", observed="SSLv3 negotiated")])
    (only,) = [each for each in commands(github.render(made)) if each.name == "error"]

    assert "smtp.example.com:587 at 192.0.2.1\n" in only.data
    assert "smtp.example.com:587 at 192.0.2.2\n" in only.data
    assert "observed: SSLv3 negotiated" in only.data


def test_annotations_of_a_level_come_by_line():
    made = report(
        [failure(rule="b", route=("endpoints", 2)), failure(rule="a", route=("endpoints", 0)),
         failure(rule="c", endpoint=NAMES[1], route=("endpoints", 1))],
    )  # fmt: skip

    assert [line for _, line, _ in annotations(github.render(made))] == ["3", "4", "5"]


def test_an_endpoint_that_only_waits_is_annotated_beside_one_that_failed():
    waiting = unknown(endpoint=NAMES[1], cause=Cause.PREREQUISITE, route=("endpoints", 1))

    found = annotations(github.render(report([failure(), waiting])))
    assert [line for _, line, _ in found] == ["3", "4"]


def test_a_run_that_is_not_green_always_has_an_error():
    hidden = report([failure(level=Level.NOTE), unknown(rule="mode", cause=Cause.PREREQUISITE)])

    assert hidden.exit_code != 0
    assert [name for name, _, _ in annotations(github.render(hidden))] == ["error", "notice"]
    error = next(each for each in commands(github.render(hidden)) if each.name == "error")
    assert error.data == "smtp.example.com:587: could not be judged: mode"


def test_the_runner_counts_a_character_beyond_the_basic_plane_twice():
    wide = "\U0001f512" * 990
    made = report(
        [failure(rule=f"r{n}", message=wide, observed=wide, remedy=wide, expected=wide)
         for n in range(12)]
    )  # fmt: skip

    found = [each.data for each in commands(github.render(made)) if each.name == "error"]
    assert max(len(data.encode("utf-16-le")) // 2 for data in found) <= 4096
    assert found[9].endswith("and 2 more findings of this level: see the step summary")


def test_what_is_waived_and_what_was_not_checked_is_said():
    text = github.render(report([verdict(outcome=Outcome.WAIVED, message="old TLS")]))

    assert f"waived[tls-version] {NAMES[0]} at 192.0.2.1: old TLS (mailtls.yml:3)" in text
    assert f"--    {NAMES[1]}  nothing was checked" in text


ANYTHING = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(ANYTHING, ANYTHING, ANYTHING, st.integers(1, 99), st.integers(0, 9))
def test_the_runner_reads_back_what_was_written(file, title, message, column, width):
    where = Location(file=file, line=7, column=column, end_line=7, end_column=column + width)
    told = Annotation(
        level=Level.NOTE, location=where, code="x", title=f"t {title}.", message=message
    )
    (read,) = commands("\n".join(github.annotate([told])))

    assert (read.name, read.data) == ("notice", message)
    assert read.properties["file"] == file
    assert read.properties["title"] == f"t {title}."
    assert read.properties["line"] == "7"
    assert ("col" in read.properties) == (width > 0)

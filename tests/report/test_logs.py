"""The logs of other CIs, as these read them: nothing a stranger says becomes a command."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtls.errors import UsageError
from mailtls.report import text
from mailtls.report.annotations import Annotation
from mailtls.report.logs import Log, detect, fold, marks
from mailtls.report.style import Style
from mailtls.sanitizer import clean
from mailtls.terms import Level, Outcome
from mailtls.verdict import Location
from report.log_oracles import azure, gitlab
from report.reports import NAMES, NOW, failure, mixed, report, said_by_strangers, verdict

MOMENT = int(NOW.timestamp())
AZURE, GITLAB = Style(log=Log.AZURE), Style(log=Log.GITLAB)


@pytest.mark.parametrize(
    ("environment", "log"),
    [
        ({}, Log.PLAIN),
        ({"CI": "true", "GITHUB_ACTIONS": "true"}, Log.PLAIN),
        ({"TF_BUILD": "True"}, Log.AZURE),
        ({"CI": "true", "GITLAB_CI": "true"}, Log.GITLAB),
        ({"CI": "true", "CIRCLECI": "true"}, Log.CIRCLECI),
        ({"JENKINS_URL": "https://ci.example/"}, Log.JENKINS),
        ({"TF_BUILD": ""}, Log.PLAIN),
        ({"TF_BUILD": "True", "MAILTLS_LOG": "plain"}, Log.PLAIN),
        ({"MAILTLS_LOG": "gitlab"}, Log.GITLAB),
    ],
)
def test_the_job_is_told_by_its_environment(environment, log):
    assert detect(environment) is log


def test_an_unknown_log_is_refused_with_what_may_be_meant():
    with pytest.raises(
        UsageError, match=r"MAILTLS_LOG=gitlap: expected one of .*; did you mean gitlab\?"
    ):
        detect({"MAILTLS_LOG": "gitlap"})
    with pytest.raises(UsageError, match=r"circleci$"):
        detect({"MAILTLS_LOG": "x"})


def test_azure_gets_a_fold_for_each_endpoint_and_a_mark_for_each_finding():
    found = azure(text.render(mixed(), AZURE))

    assert [(each.name, each.data) for each in found if each.name.endswith("group")] == [
        ("group", NAMES[0]),
        ("endgroup", ""),
        ("group", NAMES[1]),
        ("endgroup", ""),
    ]
    first, second = (each for each in found if each.name == "task.logissue")
    assert first.properties == {
        "type": "error",
        "sourcepath": "mailtls.yml",
        "linenumber": "3",
        "columnnumber": "47",
        "code": "tls-version",
    }
    assert first.data.splitlines()[:3] == [
        "mailtls tls-version: Old TLS versions are refused",
        "smtp.example.com:587 at 192.0.2.1, 192.0.2.2",
        "the server accepts TLSv1.0",
    ]
    assert second.properties["linenumber"] == "4"


def test_azure_knows_errors_and_warnings_heaviest_first():
    found = report(
        [
            failure(level=Level.NOTE, rule="a"),
            failure(level=Level.WARNING, rule="b"),
            failure(rule="c", route=("endpoints", 2)),
        ]
    )
    issues = [each for each in azure(text.render(found, AZURE)) if each.name == "task.logissue"]

    assert [(each.properties["type"], each.properties["code"]) for each in issues] == [
        ("error", "c"),
        ("warning", "b"),
    ]
    assert "note[a]" in text.render(found, AZURE)


def test_gitlab_gets_a_section_for_each_endpoint_with_findings():
    shown = text.render(mixed(), GITLAB)

    assert gitlab(shown) == [
        ("start", f"mailtls_{MOMENT}_0", NAMES[0]),
        ("end", f"mailtls_{MOMENT}_0", ""),
        ("start", f"mailtls_{MOMENT}_1", NAMES[1]),
        ("end", f"mailtls_{MOMENT}_1", ""),
    ]
    assert azure(shown) == []


@pytest.mark.parametrize("log", [Log.JENKINS, Log.CIRCLECI])
def test_other_logs_have_no_commands_and_name_pages_by_address(log):
    shown = text.render(mixed(), Style(log=log))

    assert azure(shown) == gitlab(shown) == []
    assert "  more:     https://docs.example/rules/tls-version.md" in shown
    assert shown.count("\x1b") == 0


@pytest.mark.parametrize("log", list(Log))
def test_what_is_waived_and_the_verdict_are_in_every_log(log):
    shown = text.render(report([verdict(outcome=Outcome.WAIVED, message="old")]), Style(log=log))

    assert "waived[tls-version]" in shown
    assert "PASS: 1 waived, 0 passed" in shown


def test_the_plain_log_folds_and_marks_nothing():
    told = Annotation(
        level=Level.ERROR,
        location=Location(file="f", line=1, column=1, end_line=1, end_column=2),
        code="c",
        title="t",
        message="m",
    )

    assert fold(Log.PLAIN, 1, "title", ["x"], 0) == ["x"]
    assert marks(Log.PLAIN, [told]) == marks(Log.GITLAB, [told]) == []


ANYTHING = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(ANYTHING, ANYTHING, ANYTHING)
def test_azure_reads_back_what_was_written(file, title, message):
    # In the program these are clean already; what collations skip would not survive the reading.
    file, title, message = clean(file), clean(title), clean(message)
    told = Annotation(
        level=Level.WARNING,
        location=Location(file=file, line=7, column=2, end_line=7, end_column=3),
        code="x",
        title=title,
        message=f"{message}\n{message}",
    )
    (read,) = azure("\n".join(marks(Log.AZURE, [told])))

    assert read.properties["sourcepath"] == file
    assert read.properties["linenumber"] == "7"
    assert read.data == f"{title}\n{message}\n{message}"


HOSTILE = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                "##vso[task.complete result=Succeeded;]", "##VSO[", "##", "vso", "[", "]", "##[group]", "##[error]",
                "##[endgroup]", "##teamcity[", "task.setvariable variable=a;", "\n", "\r", "\u2028", "%0A", "%AZP25",
                "section_start:1:a", "section_end:1:mailtls_0", "\r\x1b[0K", "section_", "start:", ":1:a[collapsed=true]",
                "\u200b", "\u00ad", "#", " ", "\x1b[0K", "x", "\ufe0f", "日",
            ]
        ),
        max_size=8,
    ).map("".join),
)  # fmt: skip


@given(HOSTILE, HOSTILE, HOSTILE)
@settings(max_examples=300, deadline=None)
def test_no_text_of_a_stranger_becomes_a_command_of_any_log(one, two, three):
    hostile = said_by_strangers(one, two, three)
    for log in Log:
        for width in (40, 80):
            shown = text.render(hostile, Style(log=log, verbose=True, width=width))
            commands = [each.name for each in azure(shown)]
            sections = [(kind, name) for kind, name, _ in gitlab(shown)]
            of_azure = ["group", "endgroup", "group", "endgroup", "task.logissue", "task.logissue"]
            of_gitlab = [(k, f"mailtls_{MOMENT}_{n}") for n in (0, 1) for k in ("start", "end")]
            assert commands == (of_azure if log is Log.AZURE else [])
            assert sections == (of_gitlab if log is Log.GITLAB else [])


@pytest.mark.parametrize(
    "said",
    [
        "x ##vso[task.complete result=Succeeded;]done",
        "##VSO[task.setvariable variable=a]b",
        "##[error]x",
        "##\u200bvso[task.complete]",
        "section_start:1:a\r\x1b[0Kx",
    ],
)
def test_the_oracles_see_what_the_sanitizer_hides(said):
    assert azure(said) or gitlab(said)
    assert azure(clean(said)) == gitlab(clean(said)) == []

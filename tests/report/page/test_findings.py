"""What is not in order, as the page tells it."""

from __future__ import annotations

from dataclasses import replace

from mailtls.report.model import Excerpt
from mailtls.report.page.findings import findings
from mailtls.terms import Cause, Outcome
from report.page.dom import parse
from report.reports import NAMES, failure, mixed, report, unknown, verdict


def page(made):
    return parse(findings(made).text)


def test_a_failure_has_all_that_mends_it():
    article = next(page(mixed()).all("article"))

    assert article.one("h4").text == (
        "\N{MULTIPLICATION X} error tls-version the server accepts TLSv1.0"
    )
    assert article.said() == {
        "Address": "192.0.2.1, 192.0.2.2",
        "Expected": "TLSv1.2 or later",
        "Observed": "TLSv1.0 negotiated",
        "Fix": "set smtpd_tls_protocols = >=TLSv1.2 (RFC 8996 section 5)",
        "See it again": "openssl s_client -connect 192.0.2.1:1587 -servername smtp.example.com"
        " -starttls smtp -tls1 -cipher ALL:@SECLEVEL=0",
        "More": "RFC 8996 section 5, about tls-version",
    }
    links = [each.attributes["href"] for each in article.all("a")]
    assert links == [
        "https://www.rfc-editor.org/rfc/rfc8996#section-5",
        "https://docs.example/rules/tls-version.md",
    ]
    assert [each.text for each in article.all("li")] == [
        "C: EHLO probe.example",
        "S: 250 mail",
        "*: TLSv1.0",
    ]


def test_a_finding_about_a_certificate_shows_it():
    article = page(report([failure(rule="certificate-name")])).one("article")

    assert article.said()["Certificate"].startswith("CN=smtp.example.com, for smtp.example.com")
    assert "Certificate" not in page(report([failure()])).one("article").said()


def test_the_policy_line_has_its_span_marked():
    article = next(page(mixed()).all("article"))

    assert "mailtls.yml:3:47" in article.text
    assert article.one("mark").text == "starttls"
    assert "3   - {host: smtp.example.com, port: 587, mode: starttls}" in article.text


def test_a_span_is_found_behind_wide_characters_and_at_the_end():
    made = report([failure()])
    (result,) = made.results

    def marked(text: str, start: int, width: int) -> str:
        excerpt = Excerpt(text=text, start=start, width=width)
        return page(replace(made, results=(replace(result, excerpt=excerpt),))).one("mark").text

    assert marked("\u6f22\u5b57: abc", 6, 3) == "abc"
    assert marked("abc", 3, 1) == ""
    assert marked("abc", 1, 9) == "bc"


def test_a_line_that_cannot_be_read_is_named_alone():
    made = report([failure()])
    empty = replace(made.results[0], excerpt=Excerpt(text="", start=0, width=1))

    assert not list(page(replace(made, results=(empty,))).all("mark"))


def test_what_could_not_be_determined_says_where_it_stopped():
    article = list(page(mixed()).all("article"))[1]

    assert article.one("h4").text.startswith("? could not be determined mode ")
    assert article.said()["Stopped"] == "in GREETING, TIMED_OUT"
    assert "Observed" not in article.said()
    assert article.attributes["data-state"] == "unknown"


def test_what_waits_behind_a_finding_is_folded():
    folded = next(each for each in page(mixed()).all("details") if "wait" in each.text)
    assert (
        folded.text == "1 rule waits for this to be mended, and could not be judgedcertificate-name"
    )

    two = [unknown(rule=rule, cause=Cause.PREREQUISITE) for rule in ("mode", "certificate-name")]
    assert "2 rules wait for this" in page(report([failure(), *two])).text


def test_what_is_waived_stays_in_sight():
    made = page(report([verdict(outcome=Outcome.WAIVED, message="an old client")]))

    assert made.one("article").attributes["data-state"] == "waived"
    assert made.one("h3").text == NAMES[0]


def test_a_green_run_says_that_there_is_nothing():
    assert page(report([verdict()])).one("p").text == "There are none."


def test_the_filter_knows_the_endpoint_that_stands_above():
    assert next(page(mixed()).all("article")).attributes["data-row"] == NAMES[0]

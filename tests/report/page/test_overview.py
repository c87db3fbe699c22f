"""The verdict, and the table of endpoints."""

from __future__ import annotations

from mailtls.report.page.overview import endpoints, verdict
from report.page.dom import parse
from report.reports import NAMES, TEXT, mixed, report, unknown
from report.reports import verdict as passed


def test_the_verdict_is_said_with_its_counts_and_its_run():
    head = parse(verdict(mixed()).text).one("header")

    assert head.one("h1").text.endswith("fail")
    assert "2 failed, 2 could not be determined, 2 passed." in head.one("p").text
    assert head.said() == {
        "Policy": "mailtls.yml",
        "Checked": "2026-06-01 12:00:00 UTC",
        "Cost": "9 connections, 1.2 s",
        "Fails at": "error or above",
        "Exit code": "1",
        "Made by": "mailtls 0.1.0",
    }


def test_what_was_tolerated_is_not_called_a_pass():
    text = parse(verdict(report([unknown()], tolerate=True)).text).one("p").text

    assert "tolerated by --inconclusive warn; it is not a pass" in text
    assert "holds" not in text
    assert "tolerated" not in parse(verdict(report([unknown()])).text).text
    assert "Every expectation" in parse(verdict(report([passed()])).text).text


def test_each_endpoint_has_a_row_in_the_order_of_the_policy():
    table = parse(endpoints(mixed()).text).one("table")

    assert [each.text for each in table.all("th", scope="col")] == [
        "State", "Endpoint", "Service", "Connection", "TLS", "Certificate",
    ]  # fmt: skip
    assert table.rows() == [
        ["\N{MULTIPLICATION X} fail", f"{NAMES[0]}192.0.2.1", "smtp starttls",
         "\N{CHECK MARK} ok", "\N{MULTIPLICATION X} failTLSv1.3", ""],
        ["? unknown", f"{NAMES[1]}192.0.2.1", "imap implicit", "? unknown", "", "? unknown80 days left"],
        ["\N{CHECK MARK} ok", f"{NAMES[2]}192.0.2.1", "pop3 implicit", "", "\N{CHECK MARK} okTLSv1.3", ""],
    ]  # fmt: skip


def test_a_name_leads_to_its_findings_where_there_are_any():
    links = [each.text for each in parse(endpoints(mixed()).text).all("a")]

    assert links == [NAMES[0], NAMES[1]]


def test_a_name_of_its_own_stands_beside_host_and_port():
    text = TEXT.replace("{host: smtp", "{name: outgoing, host: smtp")
    row = parse(endpoints(report([passed(endpoint="outgoing")], text=text)).text).rows()[-1]

    assert row[1] == "outgoingsmtp.example.com:587192.0.2.1"


def test_what_was_not_checked_is_not_in_order():
    rows = parse(endpoints(report([passed()])).text).rows()

    assert [row[0].split()[1:] for row in rows] == [
        ["not", "checked"],
        ["not", "checked"],
        ["ok"],
    ]

from __future__ import annotations

from mailtls.report.html import render
from mailtls.report.page.deliveries import deliveries
from report.reports import mixed
from report.ways import clear, hostile, sent, way


def test_each_way_is_drawn_and_said() -> None:
    text = deliveries(sent(way(), clear())).text
    assert text.count("<svg ") == 2
    assert 'id="way-0-title"' in text
    assert 'id="way-1-title"' in text
    assert ": the whole way is proved" in text
    assert ": not the whole way is proved" in text
    assert "In clear: " in text
    assert "the provider of the mailbox" in text


def test_a_run_that_sent_nothing_says_so() -> None:
    assert "No test message was accepted in this run." in deliveries(mixed()).text


def test_the_page_has_the_part_and_its_style() -> None:
    page = render(sent(hostile()))
    assert '<section id="deliveries"' in page
    assert ".way path.fail" in page
    assert "<script>alert(1)" not in page

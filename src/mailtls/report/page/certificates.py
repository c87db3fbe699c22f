"""Certificates: a time line of how long each is valid, and a table of what they are."""

from __future__ import annotations

from datetime import datetime, timedelta

from mailtls.report.expiries import Expiry, expiries
from mailtls.report.mermaid import PRESSING
from mailtls.report.model import Report
from mailtls.report.page.badges import badge
from mailtls.report.page.markup import Markup, cell, code, element, join, row, section, table

BEFORE, AHEAD_LEAST, AHEAD_MOST = timedelta(days=30), timedelta(days=90), timedelta(days=400)
"""The time shown: some of the past, and as far ahead as any certificate is valid within bounds."""

TICKS = 5
_NAMES = 6
_HEADS = ("Subject", "Served by", "Issuer", "Valid", "Left", "Key", "SHA-256")


def certificates(report: Report) -> Markup:
    """Return the time line and the table; each leaf certificate stands once."""
    found = expiries(report)
    if not found:
        return section(
            "certificates", "Certificates", element("p", "No certificate was seen in this run.")
        )
    now = report.started
    furthest = max(each.not_after for each in found)
    window = (now - BEFORE, min(max(furthest, now + AHEAD_LEAST), now + AHEAD_MOST))
    bars = [_bar(each, now, window) for each in found]
    line = element("ol", *bars, element("li", _axis(window), aria_hidden="true"), class_="bars")
    rows = (_row(each, now) for each in found)
    return section(
        "certificates",
        "Certificates",
        element("p", "How long each certificate is valid; the line is the time of the run."),
        line,
        table("The same certificates in full", _HEADS, rows),
    )


def _bar(certificate: Expiry, now: datetime, window: tuple[datetime, datetime]) -> Markup:
    first = _share(certificate.not_before, window)
    last = _share(certificate.not_after, window)
    kind = "late" if certificate.standing in PRESSING else "valid"
    label = f"valid from {certificate.not_before:%Y-%m-%d} to {certificate.not_after:%Y-%m-%d}"
    drawing = element(
        "svg",
        element("title", label),
        element("rect", x="0", y="5", width="100%", height="8", class_="track"),
        element(
            "rect",
            x=f"{min(first, 99.2):.2f}%",
            y="5",
            width=f"{max(last - first, 0.8):.2f}%",
            height="8",
            class_=kind,
        ),
        _today(now, window),
        role="img",
        width="100%",
        height="18",
    )
    served = element(
        "span", join(map(code, certificate.endpoints[:_NAMES]), ", "), _more(certificate)
    )
    left = element("span", badge(certificate.standing, certificate.left(now)))
    return element("li", element("div", served, " ", left, class_="label"), drawing)


def _more(certificate: Expiry) -> str:
    more = len(certificate.endpoints) - _NAMES
    return f" and {more} more" if more > 0 else ""


def _axis(window: tuple[datetime, datetime]) -> Markup:
    start, end = window
    step = (end - start) / TICKS
    labels = []
    for number in range(TICKS):
        moment = start + step * number
        place = f"{_share(moment, window):.2f}%"
        labels.append(element("line", x1=place, x2=place, y1="0", y2="6", class_="tick"))
        labels.append(element("text", f"{moment:%Y-%m-%d}", x=place, y="18"))
    return element("svg", *labels, width="100%", height="22", class_="dates")


def _today(now: datetime, window: tuple[datetime, datetime]) -> Markup:
    place = f"{_share(now, window):.2f}%"
    return element("line", x1=place, x2=place, y1="0", y2="100%", class_="today")


def _share(moment: datetime, window: tuple[datetime, datetime]) -> float:
    """Return where a moment lies in the window, in percent, at one of its ends where it is outside."""
    start, end = window
    return min(100.0, max(0.0, (moment - start) / (end - start) * 100))


def _row(each: Expiry, now: datetime) -> Markup:
    facts = each.certificate
    cells = (
        cell(code(facts.subject or "(none)"), _names(each), head=True),
        cell(join(map(code, each.endpoints), ", ")),
        cell(facts.issuer),
        cell(_date(each.not_before), " to ", _date(each.not_after), order=facts.not_after),
        cell(badge(each.standing, each.left(now)), order=facts.days_left),
        cell(element("span", facts.key, class_="whole"), element("small", facts.signature)),
        cell(element("code", facts.sha256, class_="digest")),
    )
    return row(_HEADS, cells, state=each.standing)


def _date(moment: datetime) -> Markup:
    return element("span", f"{moment:%Y-%m-%d}", class_="whole")


def _names(each: Expiry) -> Markup:
    facts = each.certificate
    shown = ", ".join(facts.names[:_NAMES])
    more = facts.names_count - len(facts.names[:_NAMES])
    return element("small", shown + (f" and {more} more" if more > 0 else ""))

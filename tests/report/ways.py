"""Ways of test messages as reports get them, made the way the program makes them."""

from __future__ import annotations

from dataclasses import replace

from deliveries import HOSTS, arrived, carried, delivery, evidence, run, stored, submitted, taken
from mailtls.flow import DeliveryEvidence
from mailtls.report.flow import flows_of
from mailtls.report.model import Flow, Report
from mailtls.sanitizer import clean
from report.reports import POISON, mixed

STRANGER = carried(client="relay.example", address="203.0.113.66")


def way(
    *records: str, seen: DeliveryEvidence | None = None, hosts: tuple[str, ...] = HOSTS
) -> Flow:
    """Return the way by these records, or by all that was seen."""
    asked = delivery(hosts=hosts)
    found = seen or evidence(None, arrived(*(records or (stored(), carried(), taken()))))
    (flow,) = flows_of(run(asked, None).policy, {asked.name: found})
    return flow


def clear() -> Flow:
    return way(stored(), carried(tls="", **{"with": "ESMTP"}), taken())


def claimed() -> Flow:
    return way(stored(), STRANGER, carried(by="forged.example.net"), taken())


def hostile() -> Flow:
    """Text of a stranger wherever a record can hold it, and more records than anybody draws."""
    bad = "".join(each for each in POISON if each not in "()\ud800")
    record = f"from {bad} ({bad} [203.0.113.66]) by {bad} with {bad} tls {bad}; {bad}"
    found = evidence(submitted(version=POISON, cipher=POISON), arrived(*[record] * 90))
    return replace(way(seen=found), name=clean(POISON))


def sent(*flows: Flow) -> Report:
    """Return a report with these ways."""
    return replace(mixed(), flows=flows)

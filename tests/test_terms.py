"""The words of the field: their order, their numbers, their pairs."""

from __future__ import annotations

import pytest

from mailtls.terms import WELL_KNOWN_PORTS, Level, Mode, Protocol, TlsVersion


@pytest.mark.parametrize(
    ("level", "floor", "heavy"),
    [
        (Level.ERROR, Level.ERROR, True),
        (Level.ERROR, Level.NOTE, True),
        (Level.WARNING, Level.ERROR, False),
        (Level.NOTE, Level.WARNING, False),
        (Level.NOTE, Level.NOTE, True),
    ],
)
def test_levels_have_an_order(level, floor, heavy):
    assert level.at_least(floor) is heavy


def test_versions_sort_as_they_came_and_have_openssls_names():
    assert [version.label for version in sorted(TlsVersion)] == [
        "SSLv2",
        "SSLv3",
        "TLSv1.0",
        "TLSv1.1",
        "TLSv1.2",
        "TLSv1.3",
    ]


def test_ports_are_those_of_rfc_8314_and_their_kin():
    implicit = {port for port, known in WELL_KNOWN_PORTS.items() if known.mode is Mode.IMPLICIT}

    assert implicit == {465, 993, 995}
    assert set(WELL_KNOWN_PORTS) - implicit == {24, 25, 110, 143, 587, 4190}
    assert WELL_KNOWN_PORTS[4190].protocol is Protocol.SIEVE

"""Fixtures for all tests: private real servers, started when first asked for, once per session."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Test folders are not packages of a distribution; `lab` is what they share.
sys.path.insert(0, str(Path(__file__).parent))

if TYPE_CHECKING:
    from lab.fleet import Fleet
    from lab.loopback import Subnet
    from lab.names import NameServer, Table
    from lab.pki import Pki


@pytest.fixture(scope="session")
def lab_folder() -> Iterator[Path]:
    """Give a folder the servers' own users can reach; removed at the end."""
    from lab.process import workspace

    with workspace() as folder:
        yield folder


@pytest.fixture(scope="session")
def subnet() -> Iterator[Subnet]:
    """Give a loopback /24 that no other test session on the machine has."""
    from lab.loopback import Subnet

    with Subnet() as subnet:
        yield subnet


@pytest.fixture(scope="session")
def pki(lab_folder: Path) -> Pki:
    """Give the PKI that both fleets' certificates come from."""
    from lab.pki import Pki

    return Pki(lab_folder / "pki")


@pytest.fixture(scope="session")
def healthy(lab_folder: Path, pki: Pki, subnet: Subnet) -> Iterator[Fleet]:
    """Give stock Postfix and Dovecot with sane TLS: mail.example.test, nine ports."""
    from lab.fleet import healthy

    with healthy(lab_folder / "healthy", pki, subnet) as fleet:
        yield fleet
    assert not fleet.pids(), "the healthy fleet left processes behind"


@pytest.fixture(scope="session")
def drifted(lab_folder: Path, pki: Pki, subnet: Subnet) -> Iterator[Fleet]:
    """Give one host for each `Defect`, each on an address of its own."""
    from lab.fleet import drifted

    with drifted(lab_folder / "drifted", pki, subnet) as fleet:
        yield fleet
    assert not fleet.pids(), "the drifted fleet left processes behind"


@pytest.fixture
def nameserver() -> Iterator[Callable[[Table], NameServer]]:
    """Give a function that starts a DNS server for a table; each ends with the test."""
    from lab.names import NameServer

    with ExitStack() as servers:
        yield lambda table: servers.enter_context(NameServer(table))

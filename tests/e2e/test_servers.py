"""Real servers as they are installed: every verdict of the default policy is known and explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e import survey
from lab import oracle

PAGE = Path(__file__).parents[2] / "docs" / "servers.md"
STARTTLS = {25: "smtp", 587: "smtp", 143: "imap", 110: "pop3", 4190: "sieve", 24: "lmtp"}
OF_A_RELEASE = {
    "starttls-enforced",
    "starttls-boundary",
    "starttls-renewed",
    "auth-before-tls",
    "tls-version",
    "tls-cipher",
    "tls-group",
    "tls-master-secret",
}
# Servers of one setting for all ports are asked on some.
ASKED = {
    "Postfix": (25, 587, 465),
    "Dovecot": (143, 993),
    "Exim": (25,),
    "Cyrus": (143, 995, 4190, 24),
    "Courier": (143, 993, 995),
    "aiosmtpd": (587,),
    "pymap": (143,),
}


@pytest.fixture(scope="module")
def servers(lab_folder, pki, subnet):
    with survey.started(lab_folder / "survey", pki, subnet) as running:
        yield running


@pytest.fixture(scope="module")
def run(servers, pki, tmp_path_factory):
    return survey.surveyed(tmp_path_factory.mktemp("survey"), pki, servers)


@pytest.fixture(scope="module")
def recorded():
    return survey.recorded(PAGE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def same(recorded):
    """Give the installs that are here of the release that the page is about."""
    here = survey.versions()
    assert here.keys() == recorded.keys()
    return {name for name in here if survey.release(here[name]) == survey.release(recorded[name])}


def test_nothing_fails_but_what_is_explained(run, same):
    found, known = survey.cells(run), survey.expected()
    assert {c for c in found if c.install in same} == {c for c in known if c.install in same}
    # Other releases have other defaults, but what the lab sets up is right in each of them.
    assert not {c for c in found - known if c.rule not in OF_A_RELEASE}


def test_the_page_is_what_the_run_gives(run, recorded, same):
    found = {c for c in survey.cells(run) if c.install in same}
    found |= {c for c in survey.expected() if c.install not in same}
    text = PAGE.read_text(encoding="utf-8")
    assert survey.page(found, recorded) == text, "run tools/servers.py"


def test_no_server_was_asked_too_much(run, servers):
    """Nobody refused, throttled or was slow enough to be left without an answer."""
    causes = {r["cause"] for r in run.report["results"] if r["outcome"] == "inconclusive"}
    assert causes == {"PREREQUISITE"}
    logs = "\n".join(daemon.log() for daemons in servers.values() for daemon in daemons)
    assert "too many connections" not in logs.lower()
    targets = [target for each in run.report["endpoints"] for target in each["targets"]]
    assert max(target["connections"] for target in targets) <= 10


@pytest.mark.parametrize(("name", "port"), [(n, p) for n, ports in ASKED.items() for p in ports])
def test_openssl_gets_old_versions_where_the_rule_says_so(run, servers, name, port):
    install = next(each for each in survey.INSTALLS if each.name == name)
    ((address, _), *_) = servers[install.host][-1].listens
    accepted = oracle.accepts(address, port, "TLSv1.1", starttls=STARTTLS.get(port))
    failed = {cell.rule for cell in survey.cells(run) if (cell.install, cell.port) == (name, port)}
    assert ("tls-version" in failed) == accepted


def test_openssl_and_the_run_agree_on_opensmtpd(run, servers):
    """Its handshakes fail for every client with OpenSSL 3, in 6.8 and not in later releases."""
    install = next(each for each in survey.INSTALLS if each.name == "OpenSMTPD")
    ((address, _), *_) = servers[install.host][-1].listens
    failed = survey.Cell("OpenSMTPD", "tls-version", 465, "error") in survey.cells(run)
    assert (oracle.s_client(address, 465).alert == 80) == failed

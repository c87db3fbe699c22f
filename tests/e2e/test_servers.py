"""Real servers as they are installed: every verdict of the default policy is known and explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e import survey
from lab import oracle

PAGE = Path(__file__).parents[2] / "docs" / "servers.md"
STARTTLS = {25: "smtp", 587: "smtp", 143: "imap", 110: "pop3", 4190: "sieve", 24: "lmtp"}
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


def test_nothing_fails_but_what_is_explained(run):
    assert survey.cells(run) == survey.expected()


def test_the_page_is_what_the_run_gives(run):
    """Versions are those of the machine the page was written on."""
    text = PAGE.read_text(encoding="utf-8")
    named = survey.recorded(text)
    assert named.keys() == survey.versions().keys()
    assert survey.page(survey.cells(run), named) == text, "run tools/servers.py"


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


def test_openssl_cannot_shake_hands_with_opensmtpd_either(servers):
    install = next(each for each in survey.INSTALLS if each.name == "OpenSMTPD")
    ((address, _), *_) = servers[install.host][-1].listens
    assert oracle.s_client(address, 465).alert == 80

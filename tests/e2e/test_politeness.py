"""What a run leaves in the logs of real servers, as fail2ban's shipped filters count it."""

from __future__ import annotations

import imaplib
import re
import smtplib
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.run import Run, check
from lab import courier, cyrus, dovecot, fleet
from lab.courier import Courier
from lab.cyrus import Cyrus
from lab.exim import Exim
from lab.names import connect_to
from lab.process import require, running

# As Debian's jail.conf runs them in the jails postfix, postfix-sasl and dovecot.
DEFAULTS = {"postfix": ("postfix", "postfix[mode=auth]"), "dovecot": ("dovecot",)}


@dataclass(frozen=True)
class Watched:
    """A fleet of its own, so that its logs hold this run alone."""

    fleet: fleet.Fleet
    run: Run
    folder: Path

    def log(self, server: str) -> Path:
        """Return a server's log as syslog would write it; Dovecot's own file has no host and name."""
        if server == "postfix":
            return self._written("postfix.log", self.fleet.postfix.log())
        (access,) = self.fleet.dovecots.values()
        text = re.sub(r"(?m)^(\w{3} \d\d [\d:]{8}) ", r"\1 mail dovecot: ", access.log())
        return self._written("dovecot.log", text)

    def _written(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def matched(self, server: str, filter_name: str) -> int:
        """Return how many lines of a log a filter counts against the client."""
        return counted(self.log(server), filter_name)


def counted(log: Path, filter_name: str) -> int:
    """Return how many lines of a file a filter that fail2ban ships counts."""
    done = subprocess.run(
        [require("fail2ban-regex", "fail2ban"), log, filter_name],
        capture_output=True,
        text=True,
        check=False,
    )
    summary = re.search(r"Lines: (\d+) lines, \d+ ignored, (\d+) matched", done.stdout)
    assert summary, done.stdout + done.stderr
    assert int(summary[1]) > 0
    return int(summary[2])


@pytest.fixture(scope="module")
def watched(lab_folder, pki, subnet, tmp_path_factory) -> Iterator[Watched]:
    with ExitStack() as stack:
        servers = stack.enter_context(fleet.healthy(lab_folder / "watched", pki, subnet))
        endpoints = [
            {"host": each.host, "port": each.port, "mode": each.mode} for each in servers.endpoints
        ]
        folder = tmp_path_factory.mktemp("watched")
        run = check(folder, endpoints, *servers.connect_to, ca_file=servers.ca_file)
        yield Watched(servers, run, folder)


@pytest.mark.parametrize(
    ("server", "filter_name"),
    [(server, each) for server, modes in DEFAULTS.items() for each in modes],
)
def test_the_default_policy_costs_no_line_that_fail2ban_counts(watched, server, filter_name):
    assert watched.run.report["verdict"] == "pass"
    assert watched.matched(server, filter_name) == 0


def test_the_filters_do_see_what_they_are_for(watched):
    """The control: the same logs, with a wrong password and a stranger's mail behind the run."""
    at = watched.fleet.at(587)
    context = ssl.create_default_context(cafile=str(watched.fleet.ca_file))
    with smtplib.SMTP(at.address, at.port, timeout=10) as client:
        client._host = at.host
        client.starttls(context=context)
        with suppress(smtplib.SMTPAuthenticationError):
            client.login(dovecot.USER, "wrong")
    with smtplib.SMTP(watched.fleet.at(25).address, 25, timeout=10) as client:
        client.helo("stranger.example.test")
        client.mail("")
        client.rcpt("somebody@example.net")
    watched.fleet.postfix.logged("authentication failed")
    watched.fleet.postfix.logged("Relay access denied")

    assert watched.matched("postfix", "postfix") == 1
    assert watched.matched("postfix", "postfix[mode=auth]") > 0
    assert watched.matched("dovecot", "dovecot[mode=aggressive]") > 0


def test_exim_counts_nothing_and_refuses_nobody(lab_folder, subnet, pki, tmp_path):
    """The whole policy, four connections at once, against Exim's own limit of twenty."""
    address, host = subnet.address(), "mail.example.test"
    server = Exim(lab_folder / "exim-watched", address, pki.issue(host))
    endpoint = {"name": "it", "host": host, "port": 25, "mode": "starttls"}
    with running(server):
        led = ["--connect-to", f"{host}:25:{address}:25"]
        run = check(tmp_path, [endpoint], *led, ca_file=pki.ca_file)
        log = server.log()
    assert run.report["counts"]["inconclusive"] == 0
    assert "too many connections" not in log

    def matched(text: str, filter_name: str = "exim") -> int:
        (tmp_path / "mainlog").write_text(text)
        return counted(tmp_path / "mainlog", filter_name)

    assert matched(log) == matched(log, "exim-spam") == 0
    now = log.splitlines()[-1][:19]
    refused = f"{now} H=(x) [192.0.2.1] F=<> rejected RCPT <a@b>: relay not permitted\n"
    assert matched(log + refused) == 1


@pytest.mark.parametrize("server", [Cyrus, Courier])
def test_cyrus_and_courier_count_nothing_either(lab_folder, subnet, pki, tmp_path, server):
    """Their jails are cyrus-imap, sieve and courier-auth; a wrong password is the control."""
    ports, first, *more = {
        Cyrus: (cyrus.PORTS, "cyrus-imap", "sieve"),
        Courier: (courier.PORTS, "courier-auth"),
    }[server]
    address, host, log = subnet.address(), "mail.example.test", tmp_path / "mail.log"
    daemon = server(lab_folder / f"watched-{first}", address, pki.issue(host))
    mode = {993: "implicit", 995: "implicit"}
    endpoints = [
        {"host": host, "port": port, "mode": mode.get(port, "starttls")} for port in ports.values()
    ]
    led = connect_to((host, port, address) for port in ports.values())
    with running(daemon):
        run = check(tmp_path, endpoints, *led, ca_file=pki.ca_file)
        client = imaplib.IMAP4(address, 143, timeout=20)
        seen = daemon.log()
        with suppress(imaplib.IMAP4.error):
            client.login(dovecot.USER, "wrong")
        client.shutdown()
    assert run.report["counts"]["inconclusive"] == 0

    log.write_text(seen)
    assert [counted(log, name) for name in (first, *more)] == [0] * (1 + len(more))
    log.write_text(daemon.log())
    assert counted(log, first) == 1


def test_every_session_said_goodbye(watched):
    """Only raw hellos and broken handshakes end without QUIT, and those behind STARTTLS."""
    text = watched.fleet.postfix.log()
    lost = re.findall(r"lost connection after (\w+)", text)
    assert set(lost) <= {"STARTTLS", "CONNECT"}

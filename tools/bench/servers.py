"""The servers under test: one Postfix and one Dovecot of the tests' lab, on both links."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import dovecot, postfix
from lab.pki import Pki
from lab.process import running, workspace

HOST = "mail.example.test"
FLEET = tuple(f"h{number:03}.example.test" for number in range(1, 101))
# Neither the default 100 processes nor 50 connections of one client shall be what is measured.
ROOM = {
    "default_process_limit": "700",
    "smtpd_client_connection_count_limit": "0",
    "smtpd_peername_lookup": "no",  # no reverse lookups: the namespaces have no DNS
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One port under test."""

    name: str
    port: int
    protocol: str
    starttls: bool


SUBMISSION = Endpoint(name="STARTTLS 587", port=587, protocol="smtp", starttls=True)
IMAPS = Endpoint(name="implicit 993", port=993, protocol="imap", starttls=False)


@contextmanager
def serving(addresses: Sequence[str]) -> Iterator[Path]:
    """Run both servers on all addresses of this namespace; yield the file of the root."""
    with workspace() as folder:
        pki = Pki(folder / "pki")
        identity = pki.issue(HOST, *FLEET)
        access = dovecot.Dovecot(
            folder / "dovecot",
            addresses[0],
            identity,
            ports={"imaps": IMAPS.port},
            settings={"listen": ", ".join(addresses)},
        )
        smtpd = postfix.Postfix(
            folder / "postfix",
            [postfix.submission(address, identity) for address in addresses],
            sasl_socket=access.sasl_socket,
            main=ROOM | {"inet_interfaces": ", ".join(addresses)},
        )
        with running(access, smtpd):
            yield pki.ca_file


def versions() -> dict[str, str]:
    """Return the servers' own words on their versions."""
    mail = subprocess.run(
        ["postconf", "-d", "-h", "mail_version"], check=True, capture_output=True, text=True
    )
    imap = subprocess.run(["dovecot", "--version"], check=True, capture_output=True, text=True)
    return {"Postfix": mail.stdout.strip(), "Dovecot": imap.stdout.split()[0]}

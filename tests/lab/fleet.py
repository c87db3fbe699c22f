"""Two fleets of real servers: one healthy, one in which each host has drifted in its own way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from lab import dovecot, postfix
from lab.dovecot import Dovecot
from lab.loopback import Subnet
from lab.names import connect_to
from lab.pki import Identity, Pki
from lab.postfix import Postfix, SmtpService
from lab.process import Daemon, running

Protocol = Literal["smtp", "lmtp", "imap", "pop3", "sieve"]
Mode = Literal["starttls", "implicit"]
DOMAIN = "example.test"

# What each well-known port stands for, by RFC 8314, RFC 5804 and RFC 2033 practice.
PORTS: Mapping[int, tuple[Protocol, Mode]] = {
    25: ("smtp", "starttls"),
    587: ("smtp", "starttls"),
    465: ("smtp", "implicit"),
    143: ("imap", "starttls"),
    993: ("imap", "implicit"),
    110: ("pop3", "starttls"),
    995: ("pop3", "implicit"),
    4190: ("sieve", "starttls"),
    24: ("lmtp", "starttls"),
}
SMTP_PORTS = (25, 587, 465)

# Stock Postfix and Debian's Dovecot differ in the floor; sane is TLS 1.2 everywhere (RFC 8996).
SANE = {"smtpd_tls_protocols": ">=TLSv1.2", "smtpd_tls_mandatory_protocols": ">=TLSv1.2"}


class Defect(StrEnum):
    """How an endpoint has drifted; the host that has it is `<defect>.example.test`."""

    EXPIRED = "expired"  # ten days ago
    WRONG_NAME = "wrong-name"  # a valid certificate for other.example.test
    NO_INTERMEDIATE = "no-intermediate"  # the leaf is sent alone
    SELF_SIGNED = "self-signed"
    TLS_1_0 = "tls-1-0"  # accepted, beside the newer ones
    NO_STARTTLS = "no-starttls"  # no TLS at all; the implicit ports are closed
    WRONG_MODE = "wrong-mode"  # each port but 25 speaks the other mode
    NOT_RELOADED = "not-reloaded"  # Dovecot still shows the leaf before Postfix's; both are valid


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One listening port: what its number declares (`mode`), and what is wrong with it."""

    host: str
    address: str
    port: int
    protocol: Protocol
    mode: Mode
    defects: frozenset[Defect]
    identity: Identity | None

    @property
    def starttls(self) -> Protocol | None:
        """The protocol to upgrade by, as `oracle.s_client` takes it; None for implicit TLS."""
        return self.protocol if self.mode == "starttls" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Running servers and how to reach them."""

    endpoints: tuple[Endpoint, ...]
    pki: Pki
    postfix: Postfix
    dovecots: Mapping[str, Dovecot]  # by host name

    @property
    def ca_file(self) -> Path:
        """The root every healthy chain ends in."""
        return self.pki.ca_file

    @property
    def hosts(self) -> Mapping[str, str]:
        """Host name to address."""
        return {e.host: e.address for e in self.endpoints}

    @property
    def connect_to(self) -> list[str]:
        """`--connect-to` options for every endpoint."""
        return connect_to((e.host, e.port, e.address) for e in self.endpoints)

    @property
    def zone(self) -> Mapping[str, Sequence[str]]:
        """The hosts as a table for `names.NameServer`."""
        return {host: [address] for host, address in self.hosts.items()}

    def at(self, port: int, defect: Defect | None = None) -> Endpoint:
        """Return the endpoint on `port` of the host that drifted by `defect`, or of the healthy."""
        host = f"{defect or 'mail'}.{DOMAIN}"
        return next(e for e in self.endpoints if (e.host, e.port) == (host, port))

    def daemons(self) -> tuple[Daemon, ...]:
        """Return every server."""
        return (self.postfix, *self.dovecots.values())

    def pids(self) -> frozenset[int]:
        """Return the ids of all the fleet's living processes."""
        return frozenset(pid for daemon in self.daemons() for pid in daemon.pids())

    def log(self) -> str:
        """Return all that the servers logged, one server after another."""
        return "".join(daemon.log() for daemon in self.daemons())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Host:
    name: str
    address: str
    smtp: Identity | None
    access: Identity | None
    defect: Defect | None

    def services(self) -> list[SmtpService]:
        """Return Postfix's side of the host."""
        where, who = self.address, self.smtp
        match self.defect:
            case Defect.TLS_1_0:
                options = postfix.TLS_1_0
            case Defect.NO_STARTTLS:
                plain = postfix.NO_TLS
                return [
                    postfix.relay(where, None, options=plain),
                    postfix.submission(where, None, options=plain),
                ]
            case Defect.WRONG_MODE:
                return [
                    postfix.relay(where, who),
                    postfix.submissions(where, who, port=587),
                    postfix.submission(where, who, port=465),
                ]
            case _:
                options = {}
        return [
            postfix.relay(where, who, options=options),
            postfix.submission(where, who, options=options),
            postfix.submissions(where, who, options=options),
        ]

    def dovecot(self, folder: Path) -> Dovecot:
        """Return Dovecot's side of the host."""
        match self.defect:
            case Defect.NO_STARTTLS:
                clear = {n: p for n, p in dovecot.PORTS.items() if PORTS[p][1] == "starttls"}
                return Dovecot(
                    folder, self.address, None, ports=clear, ssl="no", cleartext_auth=True
                )
            case Defect.WRONG_MODE:
                return Dovecot(folder, self.address, self.access, wrong_mode=dovecot.PORTS)
            case _:
                legacy = self.defect is Defect.TLS_1_0
                return Dovecot(folder, self.address, self.access, tls_1_0=legacy)

    def endpoints(self) -> Iterator[Endpoint]:
        """Yield what listens."""
        for port, (protocol, mode) in PORTS.items():
            if self.defect is Defect.NO_STARTTLS and mode == "implicit":
                continue
            at_fault = self.defect is not None
            if self.defect is Defect.WRONG_MODE:
                at_fault = port != 25
            if self.defect is Defect.NOT_RELOADED:
                at_fault = port not in SMTP_PORTS
            yield Endpoint(
                host=self.name,
                address=self.address,
                port=port,
                protocol=protocol,
                mode=mode,
                defects=frozenset({self.defect} if self.defect and at_fault else ()),
                identity=self.smtp if port in SMTP_PORTS else self.access,
            )


def _host(pki: Pki, subnet: Subnet, defect: Defect | None) -> _Host:
    name = f"{defect or 'mail'}.{DOMAIN}"
    match defect:
        case Defect.EXPIRED:
            smtp = access = pki.issue(name, days=(-100, -10))
        case Defect.WRONG_NAME:
            smtp = access = pki.issue(f"other.{DOMAIN}")
        case Defect.NO_INTERMEDIATE:
            smtp = access = pki.issue(name, chain="leaf")
        case Defect.SELF_SIGNED:
            smtp = access = pki.issue(name, issuer="self")
        case Defect.NO_STARTTLS:
            smtp = access = None
        case Defect.NOT_RELOADED:
            smtp, access = pki.issue(name), pki.issue(name, days=(-60, 30))
        case _:
            smtp = access = pki.issue(name)
    return _Host(name=name, address=subnet.address(), smtp=smtp, access=access, defect=defect)


@contextmanager
def _fleet(
    folder: Path, pki: Pki, subnet: Subnet, defects: Sequence[Defect | None]
) -> Iterator[Fleet]:
    folder.mkdir(mode=0o755)
    hosts = [_host(pki, subnet, defect) for defect in defects]
    dovecots = {host.name: host.dovecot(folder / f"dovecot-{n}") for n, host in enumerate(hosts)}
    smtp = Postfix(
        folder / "postfix",
        [service for host in hosts for service in host.services()],
        sasl_socket=dovecots[hosts[0].name].sasl_socket,
        main=SANE,
    )
    with running(smtp, *dovecots.values()):
        endpoints = tuple(endpoint for host in hosts for endpoint in host.endpoints())
        yield Fleet(endpoints=endpoints, pki=pki, postfix=smtp, dovecots=dovecots)


def healthy(folder: Path, pki: Pki, subnet: Subnet) -> AbstractContextManager[Fleet]:
    """Yield `mail.example.test`: stock Postfix and Dovecot with sane TLS on all nine ports."""
    return _fleet(folder, pki, subnet, [None])


def drifted(folder: Path, pki: Pki, subnet: Subnet) -> AbstractContextManager[Fleet]:
    """Yield one host for each `Defect`, each on its own address with the same ports."""
    return _fleet(folder, pki, subnet, list(Defect))

"""Real servers as they are installed, with a certificate: the default policy against all of them.

`surveyed` starts them side by side and runs the program once; `page` writes what came out as
docs/servers.md. The words behind each result are those of `explained.py`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from e2e.explained import EXPLAINED, Why
from e2e.run import Run, check
from lab import others, packages, postfix
from lab.courier import Courier
from lab.cyrus import Cyrus
from lab.dovecot import PORTS as DOVECOT_PORTS
from lab.dovecot import Dovecot
from lab.exim import Exim
from lab.loopback import Subnet
from lab.opensmtpd import OpenSmtpd
from lab.pki import Identity, Pki
from lab.postfix import Postfix
from lab.process import Daemon, running
from mailtls.rules import RULES

MODES = {465: "implicit", 993: "implicit", 995: "implicit"}
ACCESS = (143, 993, 110, 995)
Start = Callable[[Path, str, Identity], Sequence[Daemon]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """A server, how it is set up, its ports, and where its version stands."""

    name: str
    setting: str
    package: str
    ports: tuple[int, ...]
    start: Start

    @property
    def host(self) -> str:
        """The host name its certificate is for."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()) + ".example.test"


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """What one rule came to on one port of an install; outcomes but pass and not_applicable."""

    install: str
    rule: str
    port: int
    outcome: str


def _postfix(folder: Path, address: str, identity: Identity) -> Sequence[Daemon]:
    """Return Postfix's own services, and a Dovecot on another port that knows its users."""
    sasl = Dovecot(folder / "sasl", address, identity, ports={"imap": 10143})
    kinds = (postfix.relay, postfix.submission, postfix.submissions)
    services = [kind(address, identity) for kind in kinds]
    return sasl, Postfix(folder / "postfix", services, sasl_socket=sasl.sasl_socket)


def _plainly(server: Callable[..., Daemon], **options: object) -> Start:
    return lambda folder, address, identity: [
        server(folder / "server", address, identity, **options)
    ]


INSTALLS = (
    Install(
        name="Postfix",
        setting="Debian's package, `smtpd_tls_security_level = may`; the services `submission` and"
        " `submissions` as master.cf has them",
        package="postfix",
        ports=(25, 587, 465),
        start=_postfix,
    ),
    Install(
        name="Dovecot",
        setting="Debian's package, `ssl = yes`, and an LMTP listener",
        package="dovecot-core",
        ports=tuple(DOVECOT_PORTS.values()),
        start=_plainly(Dovecot, ssl="yes", sane=False),
    ),
    Install(
        name="Exim",
        setting="Debian's daemon with Exim's defaults (`smtp_accept_max = 20`), as a relay",
        package="exim4-daemon-light",
        ports=(25,),
        start=_plainly(Exim),
    ),
    Install(
        name="Cyrus",
        setting="Debian's imapd.conf, where `allowplaintext: yes` stands, and an LMTP listener",
        package="cyrus-imapd",
        ports=(*ACCESS, 4190, 24),
        start=_plainly(Cyrus),
    ),
    Install(
        name="Cyrus, hardened",
        setting="the same with `allowplaintext: no`",
        package="cyrus-imapd",
        ports=(*ACCESS, 4190, 24),
        start=_plainly(Cyrus, settings={"allowplaintext": "no"}),
    ),
    Install(
        name="Courier",
        setting="Debian's imapd, imapd-ssl, pop3d and pop3d-ssl",
        package="courier-imap",
        ports=ACCESS,
        start=_plainly(Courier),
    ),
    Install(
        name="OpenSMTPD",
        setting="listeners `tls`, `tls-require auth` and `smtps auth`",
        package="opensmtpd",
        ports=(25, 587, 465),
        start=_plainly(OpenSmtpd),
    ),
    Install(
        name="aiosmtpd",
        setting="its command line with a certificate",
        package="aiosmtpd",
        ports=(587,),
        start=_plainly(others.aiosmtpd, release="current"),
    ),
    Install(
        name="aiosmtpd 1.4.5",
        setting="the last release before the repair of its command injection",
        package="aiosmtpd==1.4.5",
        ports=(587,),
        start=_plainly(others.aiosmtpd),
    ),
    Install(
        name="pymap",
        setting="its demonstration server with a certificate",
        package="pymap==0.36.7",
        ports=(143,),
        start=_plainly(others.pymap),
    ),
    Install(
        name="maildev",
        setting="a mailbox for developers, with a user",
        package="maildev==3.0.0",
        ports=(587,),
        start=lambda folder, address, _: [others.maildev(folder / "s", address, None, port=587)],
    ),
)


@contextmanager
def started(folder: Path, pki: Pki, subnet: Subnet) -> Iterator[dict[str, Sequence[Daemon]]]:
    """Run all installs at once, each on an address of its own; give them by host name."""
    folder.mkdir(mode=0o755)
    servers: dict[str, Sequence[Daemon]] = {}
    for number, install in enumerate(INSTALLS):
        own = folder / str(number)
        own.mkdir(mode=0o755)
        servers[install.host] = install.start(own, subnet.address(), pki.issue(install.host))
    with running(*(daemon for each in servers.values() for daemon in each)):
        yield servers


def surveyed(folder: Path, pki: Pki, servers: Mapping[str, Sequence[Daemon]]) -> Run:
    """Run the default policy for every port of every install, in `folder`."""
    endpoints, way = [], []
    for install in INSTALLS:
        # The last daemon is the one that is meant; the one before it only serves it.
        (address,) = {address for address, _ in servers[install.host][-1].listens}
        for port in install.ports:
            mode = MODES.get(port, "starttls")
            endpoints.append(
                {"name": f"{install.name}:{port}", "host": install.host, "port": port, "mode": mode}
            )
            way += ["--connect-to", f"{install.host}:{port}:{address}:{port}"]
    return check(folder, endpoints, *way, "--timeout", "60", ca_file=pki.ca_file)


def cells(run: Run) -> set[Cell]:
    """Return what did not pass, each with the weight of its failure."""
    found = set()
    for result in run.report["results"]:
        outcome = result["outcome"]
        if outcome in {"pass", "not_applicable"} or result["endpoint"] is None:
            continue
        install, _, port = result["endpoint"].rpartition(":")
        word = result["level"] if outcome == "fail" else outcome
        found.add(Cell(install, result["rule"], int(port), word))
    return found


def expected() -> set[Cell]:
    """Return the cells that `explained.py` has words for."""
    return {
        Cell(install, rule, port, why.outcome)
        for install, reasons in EXPLAINED.items()
        for why in reasons
        for rule in why.rules
        for port in why.ports
    }


def version(install: Install) -> str:
    """Return the version that ran: Debian's of a package, or the release of another index."""
    name, _, exact = install.package.partition("==")
    if exact:
        return exact
    if name == "aiosmtpd":
        return metadata.version(name)
    return packages.version(name)


def versions() -> dict[str, str]:
    """Return the version of each install on this machine."""
    return {install.name: version(install) for install in INSTALLS}


def release(number: str) -> str:
    """Return the first two numbers of a version, without the epoch."""
    match = re.match(r"(?:\d+:)?(\d+\.\d+)", number)
    assert match, number
    return match[1]


def recorded(text: str) -> dict[str, str]:
    """Return the versions that a page names."""
    return dict(re.findall(r"^## (.+?)\n\nVersion (\S+):", text, re.MULTILINE))


_HEAD = """\
# Real servers and their verdicts

The default policy (`bcp195`) against servers as they are installed, with a certificate from a root that the policy trusts and nothing
else changed. `tools/servers.py` writes this page from a run, and a test holds it to what a run gives.

*fail* is a failure at the level `error`; *warning* and *note* are failures at those levels and leave the exit code alone;
*open* is inconclusive; an empty cell passed, or the rule does not apply. Each result is explained below the table, by port. "CBC" is
what all of them have in common: TLS libraries accept suites with CBC in TLS 1.2 until a server's list of suites is cut, and RFC 9325
section 4.2 recommends AEAD alone.

"""
_WORDS = {"error": "fail", "inconclusive": "open"}


def page(found: Iterable[Cell], named: Mapping[str, str]) -> str:
    """Return docs/servers.md for the cells of a run and the versions of its servers."""
    by_rule: dict[tuple[str, str], set[str]] = defaultdict(set)
    for cell in found:
        by_rule[cell.rule, cell.install].add(_WORDS.get(cell.outcome, cell.outcome))
    rules = [rule.id for rule in RULES if any(rule.id == of for of, _ in by_rule)]
    names = [install.name for install in INSTALLS]
    rows = [["rule", *names], ["---"] * (len(names) + 1)]
    for rule in rules:
        texts = (", ".join(sorted(by_rule.get((rule, name), ()))) for name in names)
        rows.append([f"[`{rule}`](rules/{rule}.md)", *texts])
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    passed = [rule.id for rule in RULES if rule.id not in rules and rule.id in _always()]
    also = "Passed by all: " + ", ".join(f"`{rule}`" for rule in passed) + ".\n"
    return _HEAD + table + "\n" + also + "".join(_section(i, named[i.name]) for i in INSTALLS)


def _always() -> set[str]:
    """Return the rules that have a meaning without a key of the policy."""
    return {"reachable", "mode", "certificate-agreement", "address-agreement"} | {
        f"certificate-{aspect}"
        for aspect in ("trust", "name", "expiry", "chain", "key", "signature", "usage")
    }


def _section(install: Install, number: str) -> str:
    ports = _listed(install.ports)
    text = f"\n## {install.name}\n\nVersion {number}: {install.setting}. On {ports}.\n\n"
    reasons = EXPLAINED.get(install.name, ())
    return text + ("".join(map(_item, reasons)) if reasons else "Everything passes.\n")


def _listed(ports: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(ports)))


def _item(why: Why) -> str:
    rules = ", ".join(f"`{rule}`" for rule in sorted(why.rules))
    word = _WORDS.get(why.outcome, why.outcome)
    return f"- **{word}** on {_listed(why.ports)}: {rules}. {why.text}\n"

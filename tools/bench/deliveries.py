"""Measure what a test delivery costs beside swaks, over real servers; write it into docs/benchmark.md.

python tools/bench/deliveries.py      needs root (mail ports) and swaks

A relay between client and server counts round trips, of both programs alike. When the message lies
in the mailbox is told by the mailbox's own folder.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]

from lab import chain as lab  # noqa: E402 - the paths come first
from lab.chain import Chain, chain  # noqa: E402
from lab.dovecot import PASSWORD, USER  # noqa: E402
from lab.loopback import Subnet  # noqa: E402
from lab.pki import Pki  # noqa: E402
from lab.process import require, require_root, workspace  # noqa: E402
from lab.relay import Relay  # noqa: E402
from mailtls.book import EvidenceBook  # noqa: E402
from mailtls.delivery.credentials import parse_binding  # noqa: E402
from mailtls.evidence import Resolved  # noqa: E402
from mailtls.flow import Arrived, Submitted  # noqa: E402
from mailtls.net.dns import SystemResolver  # noqa: E402
from mailtls.net.live import LiveNetwork  # noqa: E402
from mailtls.policy.load import load_policy  # noqa: E402
from mailtls.probe.attempt import Settings  # noqa: E402
from mailtls.probe.questions import Service  # noqa: E402
from mailtls.probe.web import Web  # noqa: E402
from mailtls.rules import RULES  # noqa: E402
from mailtls.sending import deliver, prepare  # noqa: E402
from mailtls.tls.path import SystemAnchors  # noqa: E402

ROUNDS = 5
MOST_LOOKS, MOST_TRIPS = 3, 12
"""What a prompt delivery may cost behind its acceptance."""

BEGIN, END = "<!-- deliveries:begin -->", "<!-- deliveries:end -->"
READ_AT = {
    "IMAP, implicit TLS": ("imap", 993, "implicit"),
    "IMAP, STARTTLS": ("imap", 143, "starttls"),
    "POP3, implicit TLS": ("pop3", 995, "implicit"),
    "POP3, STLS": ("pop3", 110, "starttls"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One round trip of a message: round trips by part, looks, and seconds.

    `late` is from the moment the message lay in the mailbox to the moment it was found.
    """

    sending: int
    before: int
    after: int
    looks: int
    delivered: float
    late: float


def main() -> int:
    """Measure everything, write the section, and fail where a target is missed."""
    require_root()
    with workspace() as folder, Subnet() as subnet:
        pki = Pki(folder / "pki")
        with chain(folder / "chain", pki, subnet) as servers:
            swaks = [_swaks(servers) for _ in range(ROUNDS)]
            costs = {
                name: [_round_trip(folder, servers, *place) for _ in range(ROUNDS)]
                for name, place in READ_AT.items()
            }
    page = ROOT / "docs" / "benchmark.md"
    page.write_text(insert(page.read_text("utf-8"), section(swaks, costs)), encoding="utf-8")
    worst = [cost for runs in costs.values() for cost in runs]
    return int(any(cost.looks > MOST_LOOKS or cost.after > MOST_TRIPS for cost in worst))


def kept(page: str, new: str) -> str:
    """Return a new page with the section that the old one has."""
    found = re.search(f"{BEGIN}.*{END}\n", page, re.DOTALL)
    return insert(new, found[0]) if found else new


def insert(page: str, text: str) -> str:
    """Return the page with the section in the place of the old one, or before the last heading."""
    page = re.sub(f"{BEGIN}.*{END}\n\n?", "", page, flags=re.DOTALL)
    head, heading, tail = page.rpartition("## Where\n")
    return f"{head}{text}\n{heading}{tail}"


def section(swaks: list[int], costs: dict[str, list[Cost]]) -> str:
    """Return the section of the page."""
    rows = [
        f"| {name} | {_middle(runs, 'sending'):.0f} | {_middle(runs, 'before'):.0f}"
        f" | {_middle(runs, 'after'):.0f} | {max(run.looks for run in runs)}"
        f" | {_middle(runs, 'delivered'):.2f} | {_middle(runs, 'late'):.2f} |"
        for name, runs in costs.items()
    ]
    return "\n".join(
        [
            BEGIN,
            "## A test delivery",
            "",
            "Round trips of one message: submission with STARTTLS and AUTH PLAIN to Postfix, over a second"
            " Postfix to Dovecot, and back.",
            f"swaks, which sends and reads nothing, makes {median(swaks):.0f} to the same submission server.",
            "",
            "| read by | sending | mailbox, before sending | mailbox, after it was accepted | looks"
            " | s until it lay in the mailbox | s until it was found then |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
            "A round trip is a connection, or bytes of the client that the server answers, counted by a relay"
            " between the two.",
            f"The target is at most {MOST_TRIPS} round trips and {MOST_LOOKS} looks after the message was"
            " accepted. The mailbox is opened before the sending.",
            f"Medians of {ROUNDS} messages; of the looks the most.",
            END,
            "",
        ]
    )


def _middle(runs: list[Cost], name: str) -> float:
    return median(getattr(run, name) for run in runs)


def _swaks(servers: Chain) -> int:
    """Send one message by swaks, and return its round trips."""
    address = servers.addresses[lab.TAKER]
    with Relay(address, 587) as relay:
        subprocess.run(
            [
                require("swaks", "swaks"),
                *(
                    "--server",
                    "127.0.0.1",
                    "--port",
                    str(relay.port),
                    "--helo",
                    "probe.example.test",
                ),
                *("--tls", "--auth", "PLAIN", "--auth-user", USER, "--auth-password", PASSWORD),
                *("--from", "probe@example.test", "--to", USER, "--silent", "3"),
            ],
            check=True,
        )
        (passed,) = relay.passed
        return len(passed.trips)


def _round_trip(folder: Path, servers: Chain, via: str, port: int, mode: str) -> Cost:
    """Send and receive one message by mailtls."""
    work = folder / secrets.token_hex(4)
    work.mkdir()
    policy = {
        "version": 1,
        "endpoints": [
            {"name": "submission", "host": lab.TAKER, "port": 587, "mode": "starttls"},
            {"name": "mailbox", "host": lab.STORE, "port": port, "mode": mode},
        ],
        "deliveries": [
            {
                "name": "one",
                "send": {
                    "endpoint": "submission",
                    "from": "probe@example.test",
                    "to": USER,
                    "credential": "LAB",
                },
                "receive": {"via": via, "endpoint": "mailbox", "credential": "LAB"},
            }
        ],
    }
    file = work / "mailtls.yml"
    file.write_text(json.dumps(policy), encoding="utf-8")
    with ExitStack() as ends:
        out = ends.enter_context(Relay(servers.addresses[lab.TAKER], 587))
        back = ends.enter_context(Relay(servers.addresses[lab.STORE], port))
        arrived = ends.enter_context(_arrival(servers.store.mail / USER))
        began, clock = time.monotonic(), datetime.now(UTC)
        seen = asyncio.run(_delivered(file, servers, out, back, port))
        assert isinstance(seen.submission, Submitted)
        assert isinstance(seen.arrival, Arrived)
        accepted = began + (seen.submission.at - clock).total_seconds()
        found = began + (seen.arrival.at - clock).total_seconds()
        trips = [trip for passed in back.passed for trip in passed.trips]
        return Cost(
            sending=len(out.passed[0].trips),
            before=sum(trip < accepted for trip in trips),
            after=sum(trip >= accepted for trip in trips),
            looks=seen.arrival.polls,
            delivered=arrived[0] - accepted,
            late=found - arrived[0],
        )


async def _delivered(file: Path, servers: Chain, out: Relay, back: Relay, port: int):  # noqa: ANN202
    """Run the one delivery of a policy, without a probe before it."""
    policy, _, _ = load_policy(file)
    submission, mailbox = (
        Service(host=endpoint.host, port=endpoint.port) for endpoint in policy.endpoints
    )
    ports = {submission: out.port, mailbox: back.port}
    options = argparse.Namespace(
        credential=[
            parse_binding(f"LAB={lab.TAKER}:587"),
            parse_binding(f"LAB={lab.STORE}:{port}"),
        ],
        send_domain=(),
        allow_privileged_trigger=False,
    )
    sending = prepare(
        policy, options, RULES, {"MAILTLS_LAB_USERNAME": USER, "MAILTLS_LAB_PASSWORD": PASSWORD}
    )
    now = datetime.now(UTC)
    web = Web(
        network=LiveNetwork(SystemResolver()),
        settings=Settings(
            client_name="probe.example.test",
            extra_anchors=servers.ca_file.read_bytes(),
            system_anchors=SystemAnchors,
            randomness=secrets.token_bytes,
            now=lambda: now,
        ),
        routes=lambda service: Service(host=service.host, port=ports[service]),
    )
    book = EvidenceBook(
        resolutions=dict.fromkeys(ports, Resolved(addresses=("127.0.0.1",))), answers={}
    )
    assert sending is not None
    done = await deliver(sending, policy, book, web, texts=SystemResolver().texts, seconds=30.0)
    return done.deliveries["one"]


@contextmanager
def _arrival(mail: Path) -> Iterator[list[float]]:
    """Note the moment at which a message lies in a Maildir that has none."""
    moments: list[float] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.002):
            if not moments and (list(mail.glob("new/*")) or list(mail.glob("cur/*"))):
                moments.append(time.monotonic())

    for old in (*mail.glob("new/*"), *mail.glob("cur/*")):
        old.unlink()
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield moments
    finally:
        over.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(main())

"""`mailtls demo`: a policy, six loopback servers, five of them drifted, and the verdict on them."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from mailtls.pure import pure
from mailtls.responder.authority import Authority, Identity
from mailtls.responder.server import Behaviour, Responder
from mailtls.terms import Mode, Protocol

POLICY = """\
version: 1
defaults:
  certificate: {trust: demo-ca.pem, days_left: 14}
endpoints:
  - {host: smtp.example.com, port: 587, mode: starttls}
  - {host: smtp.example.com, port: 465, mode: implicit}
  - {host: imap.example.com, port: 143, mode: starttls}
  - {host: imap.example.com, port: 993, mode: implicit}
  - {host: pop.example.com, port: 110, mode: starttls, tls: {min_version: "1.2"}}
  - {host: pop.example.com, port: 995, mode: implicit}
"""


@pure
class Actor:
    """One server of the demo: the endpoint it stands for, and how it behaves."""

    host: str
    port: int
    behaviour: Behaviour


def cast(authority: Authority) -> tuple[Actor, ...]:
    """Return the servers: the first is healthy, each other one has drifted in its own way."""
    smtp = authority.issue("smtp.example.com")
    imap = authority.issue("imap.example.com")
    expired = authority.issue("imap.example.com", days=(-100, -10))
    pop = authority.issue("pop.example.com")
    old_name = authority.issue("mail.example.net")

    def actor(
        port: int,
        protocol: Protocol,
        mode: Mode,
        identity: Identity,
        *,
        starttls: bool = True,
        old_tls: bool = False,
    ) -> Actor:
        host = f"{'pop' if protocol is Protocol.POP3 else protocol.value}.example.com"
        behaviour = Behaviour(
            host=host,
            protocol=protocol,
            mode=mode,
            identity=identity,
            starttls=starttls,
            old_tls=old_tls,
        )
        return Actor(host=host, port=port, behaviour=behaviour)

    return (
        actor(587, Protocol.SMTP, Mode.STARTTLS, smtp),
        actor(465, Protocol.SMTP, Mode.STARTTLS, smtp),
        actor(143, Protocol.IMAP, Mode.STARTTLS, imap, starttls=False),
        actor(993, Protocol.IMAP, Mode.IMPLICIT, expired),
        actor(110, Protocol.POP3, Mode.STARTTLS, pop, old_tls=True),
        actor(995, Protocol.POP3, Mode.IMPLICIT, old_name),
    )


def demo(options: argparse.Namespace) -> int:
    """Start the servers, check them with the real `check`, and return its exit code."""
    from mailtls.commands import run

    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailtls-demo-")))
        authority = Authority(datetime.now(UTC))
        actors = cast(authority)
        (folder / "mailtls.yml").write_text(POLICY, encoding="utf-8")
        (folder / "demo-ca.pem").write_bytes(authority.root)
        arguments = ["check", "mailtls.yml", "--color", options.color]
        for actor in actors:
            server = stack.enter_context(Responder(actor.behaviour))
            arguments += ["--connect-to", f"{actor.host}:{actor.port}:127.0.0.1:{server.port}"]
        sys.stdout.write("$ cat mailtls.yml\n" + POLICY + "\n$ mailtls check mailtls.yml\n")
        sys.stdout.flush()
        stack.enter_context(contextlib.chdir(folder))
        return run(arguments, output=None, summary=None)

"""Private OpenSMTPD instances from Debian's package: SMTP and submission."""

from __future__ import annotations

from pathlib import Path

from lab import packages
from lab.namespace import MAIL, ROOT, Account, Namespace
from lab.oracle import hashed
from lab.pki import Identity
from lab.process import Daemon

PASSWORD = "lab-password"

_SMTPD = Account(name="opensmtpd", number=30_105)
_QUEUE = Account(name="opensmtpq", number=30_106)


class OpenSmtpd(Daemon):
    """One smtpd on one address, below `folder`; start it with `process.running`.

    Port 25 is a relay that offers STARTTLS, 587 demands it and a login (for which there is no
    user), 465 has implicit TLS. Mail for example.test goes to files below `mail`.
    """

    def __init__(
        self,
        folder: Path,
        address: str,
        identity: Identity,
        *,
        ports: tuple[int, ...] = (25, 587, 465),
    ) -> None:
        space = Namespace(
            folder=folder,
            packages=packages.debian("opensmtpd"),
            accounts=[_SMTPD, _QUEUE, MAIL],
            own=("/var/lib", "/var/mail", "/var/spool", "/run"),
        )
        ways = {25: "tls", 587: "tls-require auth <users>", 465: "smtps auth <users>"}
        listeners = [
            f"listen on {address} port {port} {ways[port]} pki mail hostname mail.example.test"
            for port in ports
        ]
        space.make(
            {
                "smtpd.conf": "\n".join(
                    [
                        'pki mail cert "/etc/smtpd/cert.pem"',
                        'pki mail key "/etc/smtpd/key.pem"',
                        f'table users {{ "user" = "{hashed(PASSWORD)}" }}',
                        *listeners,
                        'action inbox maildir "/var/mail/%{dest.user}" virtual { "@" = vmail }',
                        "match from any for domain example.test action inbox",
                        "",
                    ]
                ),
                "smtpd/cert.pem": identity.chain_file.read_text(),
            }
        )
        space.secret("/etc/smtpd/key.pem", identity.key_file.read_text(), ROOT)
        space.give("/var/lib/opensmtpd/empty", ROOT, mode=0o755)
        self.mail = space.give("/var/mail", MAIL)
        super().__init__(
            argv=space.argv(["/usr/sbin/smtpd", "-d", "-f", "/etc/smtpd.conf"]),
            listens=[(address, port) for port in ports],
            log_file=folder / "smtpd.log",
        )

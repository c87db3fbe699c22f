"""Private Exim instances from Debian's package, which conflicts with Postfix's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lab import packages
from lab.namespace import MAIL, Account, Namespace
from lab.pki import Identity
from lab.process import Daemon

USER = "user@example.test"
PASSWORD = "lab-password"
_EXIM = Account(name="Debian-exim", number=30_102)
# The limits and the refusals are Exim's own defaults; mail for example.test becomes a Maildir.
_RULES = """\
begin acl
check_rcpt:
  accept domains = example.test
  accept authenticated = *
  deny message = relay not permitted
check_mail:
  deny !encrypted = *
       message = TLS first
  accept
begin routers
inbox:
  driver = accept
  domains = example.test
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = /var/mail/inbox
  maildir_format
  user = {user}
begin authenticators
PLAIN:
  driver = plaintext
  server_condition = ${{if and{{{{eq{{$auth2}}{{{name}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
  server_advertise_condition = ${{if def:tls_in_cipher}}
"""


class Exim(Daemon):
    """Exim with TLS on one port of one address, below `folder`; start it with `process.running`.

    Mail for example.test is delivered into the Maildir `maildir`; relaying takes a login as `USER`,
    inside TLS. `options` are those of the main section; "acl_smtp_mail": "check_mail"
    demands TLS.
    """

    def __init__(
        self,
        folder: Path,
        address: str,
        identity: Identity,
        *,
        port: int = 25,
        options: Mapping[str, str] | None = None,
    ) -> None:
        space = Namespace(
            folder=folder,
            packages=packages.debian("exim4-daemon-light"),
            accounts=[_EXIM, MAIL],
            own=("/var/log", "/var/mail", "/var/spool"),
        )
        parameters = {
            "primary_hostname": "mail.example.test",
            "local_interfaces": address,
            "daemon_smtp_ports": str(port),
            "tls_advertise_hosts": "*",
            "tls_certificate": "/etc/exim4/cert.pem",
            "tls_privatekey": "/etc/exim4/key.pem",
            "acl_smtp_rcpt": "check_rcpt",
            **(options or {}),
        }
        rules = _RULES.format(user=MAIL.name, name=USER, password=PASSWORD)
        space.make(
            {
                "exim4/exim4.conf": "".join(f"{k} = {v}\n" for k, v in parameters.items()) + rules,
                "exim4/cert.pem": identity.chain_file.read_text(),
            }
        )
        space.secret("/etc/exim4/key.pem", identity.key_file.read_text(), _EXIM)
        space.give("/var/spool/exim4", _EXIM)
        space.give("/var/mail", MAIL)
        log = space.give("/var/log/exim4", _EXIM)
        self.maildir = space.place("/var/mail/inbox")
        super().__init__(
            argv=space.argv(["/usr/sbin/exim4", "-bdf"]),
            listens=[(address, port)],
            log_file=log / "mainlog",
        )

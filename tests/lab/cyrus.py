"""Private Cyrus instances from Debian's package: IMAP, POP3, ManageSieve, LMTP."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lab import packages
from lab.dovecot import PORTS
from lab.namespace import Account, Namespace
from lab.pki import Identity
from lab.syslog import SyslogDaemon

PACKAGES = ("cyrus-imapd", "cyrus-pop3d", "sasl2-bin", "libsasl2-modules", "libsasl2-modules-db")
USER = "user"
PASSWORD = "lab-password"
_PROGRAMS = {
    "imap": "imapd -U 30",
    "imaps": "imapd -s -U 30",
    "pop3": "pop3d -U 30",
    "pop3s": "pop3d -s -U 30",
    "sieve": "timsieved",
}
_MAIL_GROUP = 8  # mail, one of the groups every Debian has by number (base-passwd)
_CYRUS = Account(name="cyrus", number=30_102, group=_MAIL_GROUP, home="/var/spool/cyrus")
_AS_CYRUS = (f"--reuid={_CYRUS.number}", f"--regid={_MAIL_GROUP}", "--clear-groups")
_PASSWORDS = "/var/lib/cyrus/sasldb2"


class Cyrus(SyslogDaemon):
    """One Cyrus master on one address, below `folder`; start it with `process.running`.

    The configuration is the package's own imapd.conf, with a certificate, a user (`USER`, whose
    mailbox is made when mail for it arrives or it logs in), and `settings` added to or replacing
    its lines. `ports` names the listeners to open, as in `PORTS`. LMTP wants a login before mail
    unless `lmtp_trusts` its clients (lmtpd's own `-a`).
    """

    def __init__(
        self,
        folder: Path,
        address: str,
        identity: Identity,
        *,
        ports: Mapping[str, int] = PORTS,
        settings: Mapping[str, str] | None = None,
        lmtp_trusts: bool = False,
    ) -> None:
        files = packages.debian(*PACKAGES)
        space = Namespace(
            folder=folder,
            packages=files,
            accounts=[_CYRUS],
            own=("/var/lib", "/var/spool", "/run"),
        )
        parameters = dict(
            line.split(":", 1)
            for line in (files / "etc/imapd.conf").read_text().splitlines()
            if line and not line.startswith("#")
        )
        parameters |= {
            "admins": "cyrus",
            "autocreate_quota": "0",
            "autocreate_post": "yes",
            "sasl_auxprop_plugin": "sasldb",
            "sasl_sasldb_path": _PASSWORDS,
            "sasl_mech_list": "PLAIN LOGIN",
            "tls_server_cert": "/etc/cyrus/cert.pem",
            "tls_server_key": "/etc/cyrus/key.pem",
            **(settings or {}),
        }
        space.make(
            {
                "imapd.conf": "".join(f"{k}: {v.strip()}\n" for k, v in parameters.items()),
                "cyrus.conf": _services(address, ports, "-a" if lmtp_trusts else ""),
                "cyrus/cert.pem": identity.chain_file.read_text(),
            }
        )
        space.secret("/etc/cyrus/key.pem", identity.key_file.read_text(), _CYRUS)
        for part in ("/var/lib/cyrus", "/var/spool", "/run/cyrus"):
            space.give(part, _CYRUS)
        password = ["sh", "-c", f"echo {PASSWORD} | saslpasswd2 -pc -f {_PASSWORDS} {USER}"]
        super().__init__(
            argv=space.argv(
                password,
                ["chown", _CYRUS.name, _PASSWORDS],
                ["setpriv", *_AS_CYRUS, "/usr/lib/cyrus/bin/makedirs"],
                ["/usr/lib/cyrus/bin/master", "-C", "/etc/imapd.conf", "-M", "/etc/cyrus.conf"],
            ),
            listens=[(address, port) for port in ports.values()],
            log_file=folder / "cyrus.log",
            log_socket=space.log_socket,
        )


def _services(address: str, ports: Mapping[str, int], lmtp: str) -> str:
    programs = {**_PROGRAMS, "lmtp": f"lmtpd {lmtp}"}
    lines = [
        f'  {name} cmd="{programs[name]}" listen="{address}:{port}" prefork=0 maxchild=100'
        for name, port in ports.items()
    ]
    return "\n".join(
        ["START {", '  recover cmd="ctl_cyrusdb -r"', "}", "SERVICES {", *lines, "}", ""]
    )

"""Private Courier instances from Debian's packages: IMAP and POP3."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from lab import packages
from lab.namespace import MAIL, Account, Namespace
from lab.oracle import hashed
from lab.pki import Identity
from lab.syslog import SyslogDaemon

PACKAGES = ("courier-imap", "courier-pop", "courier-authlib-userdb")
USER = "user@example.test"
PASSWORD = "lab-password"
PORTS: Mapping[str, int] = {"imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995}
_COURIER = Account(name="courier", number=30_103)
# Kind of server -> its configuration, its login program, what that runs.
_PROGRAMS = {
    "imap": ("imapd", "imaplogin", "/usr/bin/imapd"),
    "pop3": ("pop3d", "courierpop3login", "/usr/lib/courier/courier/courierpop3d"),
}
# The start scripts of the package: what they set, and how they start a listener.
_LISTENER = """\
( env -i sh -c 'set -a; . /etc/courier/{name}; . /etc/courier/{name}-ssl
IMAP_STARTTLS=$IMAPDSTARTTLS; {tls}
exec couriertcpd -stderrlogger=/usr/sbin/courierlogger -stderrloggername={name}{ssl} \\
  -address={address} -maxprocs=$MAXDAEMONS -maxperip=$MAXPERIP $TCPDOPTS {port} \\
  {wrapper}/usr/lib/courier/courier/{login} {program} Maildir' ) &
pids="$pids $!"
"""
_SCRIPT = """\
makeuserdb -f /var/lib/courier/userdb
( set -a; . /etc/courier/authdaemonrc; exec /usr/lib/courier/courier-authlib/authdaemond ) &
pids=$!
{listeners}trap 'kill $pids' TERM
wait
wait
"""


class Courier(SyslogDaemon):
    """Courier's servers on one address, below `folder`; start them with `process.running`.

    The configuration is the package's own, with a certificate, the user `USER`, and `settings`
    behind its lines in the files of that name ("imapd", "imapd-ssl", "pop3d", "pop3d-ssl").
    Mail for the user lies in the Maildir `maildir`, which belongs to the user number `owner`.
    """

    owner = MAIL.number

    def __init__(
        self,
        folder: Path,
        address: str,
        identity: Identity,
        *,
        ports: Mapping[str, int] = PORTS,
        settings: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        files = packages.debian(*PACKAGES)
        space = Namespace(
            folder=folder,
            packages=files,
            accounts=[_COURIER, MAIL],
            own=("/var/lib", "/var/mail", "/run"),
        )
        changed = settings or {}
        configuration = {
            f"courier/{name}": (files / "etc/courier" / name).read_text()
            + "".join(f'{k}="{v}"\n' for k, v in changed.get(name, {}).items())
            for name in ("imapd", "imapd-ssl", "pop3d", "pop3d-ssl", "authdaemonrc")
        }
        configuration["courier/authdaemonrc"] += 'authmodulelist="authuserdb"\n'
        space.make(configuration)
        certificate = identity.key_file.read_text() + identity.chain_file.read_text()
        for name in ("imapd.pem", "pop3d.pem"):
            space.secret(f"/etc/courier/{name}", certificate, _COURIER)
        space.give("/var/lib/courier", _COURIER)
        for name in ("couriersslpop3cache", "couriersslimapcache"):
            space.secret(f"/var/lib/courier/{name}", "", _COURIER)
        space.give("/run/courier", _COURIER)
        space.give("/run/courier/authdaemon", _COURIER)
        self.maildir = space.give("/var/mail/user", MAIL) / "Maildir"
        for part in (".", "cur", "new", "tmp"):
            space.give(f"/var/mail/user/Maildir/{part}", MAIL)
        _passwords(space)
        script = folder / "start"
        script.write_text(
            _SCRIPT.format(listeners="".join(_listener(address, *each) for each in ports.items()))
        )
        super().__init__(
            argv=space.argv(["sh", str(script)]),
            listens=[(address, port) for port in ports.values()],
            log_file=folder / "courier.log",
            log_socket=space.log_socket,
        )


def _passwords(space: Namespace) -> None:
    """Write the source of the user database; it is read where the package looks for the result."""
    fields = f"uid={MAIL.number}|gid={MAIL.number}|home=/var/mail/user|systempw={hashed(PASSWORD)}"
    file = space.place("/var/lib/courier/userdb")
    file.touch(mode=0o700)
    file.write_text(f"{USER}\t{fields}\n")
    for name in ("userdb.dat", "userdbshadow.dat"):
        (space.place("/etc/courier") / name).symlink_to(f"/var/lib/courier/{name}")


def _listener(address: str, name: str, port: int) -> str:
    implicit = name.endswith("s")
    configuration, login, program = _PROGRAMS[name.removesuffix("s")]
    tls = "IMAP_TLS=1; POP3_TLS=1" if implicit else ""
    wrapper = f"$COURIERTLS -server -tcpd -user={_COURIER.name} " if implicit else ""
    return _LISTENER.format(
        name=configuration,
        ssl="-ssl" if implicit else "",
        tls=tls,
        address=shlex.quote(address),
        port=port,
        wrapper=wrapper,
        login=login,
        program=program,
    )

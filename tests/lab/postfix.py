"""Private Postfix instances: own configuration, queue, data and log; nothing below /etc is written."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lab.pki import Identity
from lab.process import Daemon, require

MASTER = "/usr/lib/postfix/sbin/master"
QUEUES = (
    "active",
    "bounce",
    "corrupt",
    "defer",
    "deferred",
    "flush",
    "hold",
    "incoming",
    "pid",
    "private",
    "saved",
    "trace",
)
# The TLS 1.0 floor as an administrator sets it, with what OpenSSL 3 asks for beside it.
TLS_1_0 = {
    "smtpd_tls_protocols": ">=TLSv1",
    "smtpd_tls_mandatory_protocols": ">=TLSv1",
    "smtpd_tls_ciphers": "low",
    "smtpd_tls_mandatory_ciphers": "low",
    "tls_low_cipherlist": "ALL:!aNULL:@SECLEVEL=0",
    "smtpd_tls_exclude_ciphers": "",
}
NO_TLS = {"smtpd_tls_security_level": "none", "smtpd_tls_auth_only": "no"}
CLEARTEXT_AUTH = {
    "smtpd_tls_security_level": "may",
    "smtpd_tls_auth_only": "no",
    "smtpd_sasl_auth_enable": "yes",
}
_SUBMISSION = {
    "smtpd_sasl_auth_enable": "yes",
    "smtpd_tls_auth_only": "yes",
    "smtpd_reject_unlisted_recipient": "no",
    "smtpd_relay_restrictions": "permit_sasl_authenticated,reject",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpService:
    """One smtpd of master.cf: where it listens, what it proves itself with, its `-o` options.

    `screened` puts postscreen in front of it, which one service of an instance can have.
    """

    address: str
    port: int
    identity: Identity | None
    options: Mapping[str, str] = field(default_factory=dict)
    screened: bool = False


def relay(
    address: str,
    identity: Identity | None,
    *,
    port: int = 25,
    options: Mapping[str, str] | None = None,
    screened: bool = False,
) -> SmtpService:
    """Return a public MX as Postfix ships it: TLS offered, not demanded, no AUTH."""
    return SmtpService(
        address=address, port=port, identity=identity, options=options or {}, screened=screened
    )


def submission(
    address: str,
    identity: Identity | None,
    *,
    port: int = 587,
    options: Mapping[str, str] | None = None,
) -> SmtpService:
    """Return message submission with STARTTLS demanded, as in Postfix's own master.cf."""
    stock = {
        "syslog_name": "postfix/submission",
        "smtpd_tls_security_level": "encrypt",
        **_SUBMISSION,
    }
    return SmtpService(
        address=address, port=port, identity=identity, options={**stock, **(options or {})}
    )


def submissions(
    address: str,
    identity: Identity | None,
    *,
    port: int = 465,
    options: Mapping[str, str] | None = None,
) -> SmtpService:
    """Return message submission with implicit TLS, as in Postfix's own master.cf."""
    stock = {"syslog_name": "postfix/smtps", "smtpd_tls_wrappermode": "yes", **_SUBMISSION}
    return SmtpService(
        address=address, port=port, identity=identity, options={**stock, **(options or {})}
    )


# The services behind smtpd, none in a chroot; see master(5) for the columns.
_INTERNAL = """\
pickup     unix  n - n 60    1 pickup
cleanup    unix  n - n -     0 cleanup
qmgr       unix  n - n 300   1 qmgr
tlsmgr     unix  - - n 1000? 1 tlsmgr
rewrite    unix  - - n -     - trivial-rewrite
bounce     unix  - - n -     0 bounce
defer      unix  - - n -     0 bounce
trace      unix  - - n -     0 bounce
verify     unix  - - n -     1 verify
flush      unix  n - n 1000? 0 flush
proxymap   unix  - - n -     - proxymap
smtp       unix  - - n -     - smtp
relay      unix  - - n -     - smtp
error      unix  - - n -     - error
retry      unix  - - n -     - error
discard    unix  - - n -     - discard
lmtp       unix  - - n -     - lmtp
anvil      unix  - - n -     1 anvil
scache     unix  - - n -     1 scache
postlog    unix-dgram n - n - 1 postlogd
"""
# As master.cf of the package has them, commented out; postscreen hands over to a service "smtpd".
_SCREEN = """\
{listens} n - n - 1 postscreen
dnsblog    unix  - - n -     0 dnsblog
tlsproxy   unix  - - n -     0 tlsproxy
"""


class Postfix(Daemon):
    """One Postfix master with the given SMTP services, below `folder`; start it with `process.running`.

    `sasl_socket` is Dovecot's (see `Dovecot.sasl_socket`); without it AUTH fails when used.
    `main` adds to or replaces parameters of main.cf.
    """

    def __init__(
        self,
        folder: Path,
        services: Sequence[SmtpService],
        *,
        hostname: str = "mail.example.test",
        sasl_socket: Path | None = None,
        main: Mapping[str, str] | None = None,
    ) -> None:
        master = require(MASTER, "postfix")
        etc, queue, data = folder / "etc", folder / "queue", folder / "data"
        log_file = folder / "postfix.log"
        for part in (folder, etc, queue, data):
            part.mkdir(mode=0o755)
        _make_queue(queue)
        shutil.chown(data, "postfix")
        # No network is trusted: clients on 127.0.0.1 shall be strangers, as probes are.
        # loopback-only, because Postfix refuses addresses that no interface carries by name.
        parameters = {
            "compatibility_level": "3.6",
            "queue_directory": str(queue),
            "data_directory": str(data),
            "maillog_file": str(log_file),
            "maillog_file_prefixes": str(folder),
            "myhostname": hostname,
            "mydestination": "",
            "mynetworks": "",
            "inet_interfaces": "loopback-only",
            "inet_protocols": "ipv4",
            "alias_maps": "",
            "alias_database": "",
            "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": str(sasl_socket or queue / "private/auth"),
            "smtpd_tls_security_level": "may",
            "smtpd_tls_auth_only": "yes",
            "smtpd_tls_loglevel": "1",
            **(main or {}),
        }
        (etc / "main.cf").write_text("".join(f"{k} = {v}\n" for k, v in parameters.items()))
        (etc / "master.cf").write_text("".join(map(_master_line, services)) + _INTERNAL)
        # Postfix reads a main.cf of this second or the last again and again, in case it is being
        # edited (dict_load_file_xt in its source): two seconds of every start.
        os.utime(etc / "main.cf", (0, 0))
        self.config_directory = etc
        self.services = tuple(services)
        super().__init__(
            # The master itself and not `postfix start`: that checks, and may repair, the
            # permissions of the installed files, which every instance of the machine shares.
            argv=[master, "-c", str(etc), "-s"],
            listens=[(s.address, s.port) for s in services],
            log_file=log_file,
        )


def _make_queue(queue: Path) -> None:
    """Lay out the queue as `post-install create-missing` does, from Postfix's postfix-files."""
    user, group = pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postdrop").gr_gid
    for name in QUEUES:
        part = queue / name
        part.mkdir(mode=0o700)
        if name != "pid":
            shutil.chown(part, user)
    (queue / "pid").chmod(0o755)
    for name, mode in (("maildrop", 0o730), ("public", 0o710)):
        part = queue / name
        part.mkdir()
        shutil.chown(part, user, group)
        part.chmod(mode)


def _master_line(service: SmtpService) -> str:
    options = dict(service.options)
    if service.identity is not None:
        # One file list for certificates and one for keys: understood by every Postfix since 2.x.
        options.setdefault("smtpd_tls_cert_file", str(service.identity.chain_file))
        options.setdefault("smtpd_tls_key_file", str(service.identity.key_file))
    else:
        options.setdefault("smtpd_tls_security_level", "none")
    overrides = "".join(f"\n  -o {{ {name} = {value} }}" for name, value in options.items())
    listens = f"{service.address}:{service.port} inet"
    if service.screened:
        return _SCREEN.format(listens=listens) + f"smtpd pass - - n - - smtpd{overrides}\n"
    return f"{listens} n - n - - smtpd{overrides}\n"

"""Private Dovecot instances, in the configuration language of 2.3 or of 2.4 as installed."""

from __future__ import annotations

import pwd
import shutil
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

from lab.pki import Identity
from lab.process import Daemon, LabError, require

USER = "user@example.test"
PASSWORD = "lab-password"
PORTS: Mapping[str, int] = {
    "imap": 143,
    "imaps": 993,
    "pop3": 110,
    "pop3s": 995,
    "sieve": 4190,
    "lmtp": 24,
}
_SERVICES = {
    "imap-login": ("imap", "imaps"),
    "pop3-login": ("pop3", "pop3s"),
    "managesieve-login": ("sieve",),
    "lmtp": ("lmtp",),
}
_PARTS = {  # what each protocol needs installed beside dovecot-core
    "imap": "dovecot-imapd",
    "pop3": "dovecot-pop3d",
    "managesieve": "dovecot-managesieved",
    "lmtp": "dovecot-lmtpd",
}
Ssl = Literal["required", "yes", "no"]


def version(program: str) -> tuple[int, int]:
    """Return the first two numbers of the installed Dovecot's version."""
    text = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    major, minor = text.split()[0].split(".")[:2]
    return int(major), int(minor)


class Dovecot(Daemon):
    """One Dovecot on one address, below `folder`; start it with `process.running`.

    `ports` names the listeners to open, as in `PORTS`. `wrong_mode` are those among them which
    speak implicit TLS where clients expect STARTTLS, or the other way round. `ssl` is Dovecot's
    own setting; "no" leaves the implicit listeners without use, so give `ports` without them.
    `sane` takes ECDHE suites with AEAD alone (RFC 9325 section 4).

    Dovecot takes a client on the server's own address as secured: see `loopback.Subnet`.
    """

    def __init__(
        self,
        folder: Path,
        address: str,
        identity: Identity | None,
        *,
        ports: Mapping[str, int] = PORTS,
        wrong_mode: Collection[str] = (),
        ssl: Ssl = "required",
        sane: bool = True,
        tls_1_0: bool = False,
        cleartext_auth: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        program = require("dovecot", "dovecot-core")
        for part, package in _PARTS.items():
            require(f"/usr/lib/dovecot/{part}", package)
        if unknown := {*ports, *wrong_mode} - set(PORTS):
            raise LabError(f"no such listener: {sorted(unknown)}; there are {sorted(PORTS)}")
        for part in (folder, folder / "base", folder / "state", folder / "mail"):
            part.mkdir(mode=0o755)
        shutil.chown(folder / "mail", "mail", "mail")
        self.address = address
        self.mail = folder / "mail"
        self.sasl_socket = folder / "base" / "sasl"
        log_file = folder / "dovecot.log"
        passwd = folder / "passwd"
        passwd.write_text(f"{USER}:{{PLAIN}}{PASSWORD}::::::\n")
        parameters = {
            "base_dir": str(folder / "base"),
            "state_dir": str(folder / "state"),
            "log_path": str(log_file),
            "protocols": "imap pop3 sieve lmtp",
            "listen": address,
            "ssl": ssl,
            "auth_mechanisms": "plain login",
            "first_valid_uid": "1",
        }
        if sane:
            parameters["ssl_cipher_list"] = "ECDHE+AESGCM:ECDHE+CHACHA20"
        if tls_1_0:
            parameters["ssl_min_protocol"] = "TLSv1"
            parameters["ssl_cipher_list"] = "ALL:!aNULL:@SECLEVEL=0"
        write = _dialect_2_4 if version(program) >= (2, 4) else _dialect_2_3
        head, tail = write(
            identity, passwd=passwd, mail=folder / "mail", cleartext_auth=cleartext_auth
        )
        lines = [f"{name} = {value}" for name, value in (parameters | dict(settings or {})).items()]
        config = folder / "dovecot.conf"
        config.write_text(
            "\n".join([*head, *lines, *tail, *_listeners(ports, wrong_mode), self._sasl(), ""])
        )
        self.config_file = config
        super().__init__(
            argv=[program, "-F", "-c", str(config)],
            listens=[(address, port) for port in ports.values()],
            log_file=log_file,
        )

    def _sasl(self) -> str:
        return (
            f"service auth {{\n  unix_listener {self.sasl_socket.name} {{\n"
            "    mode = 0660\n    user = postfix\n  }\n}"
        )


def _listeners(ports: Mapping[str, int], wrong_mode: Collection[str]) -> list[str]:
    lines = []
    for service, names in _SERVICES.items():
        lines.append(f"service {service} {{")
        for name in names:
            implicit = name.endswith("s") != (name in wrong_mode)
            lines += [
                f"  inet_listener {name} {{",
                f"    port = {ports.get(name, 0)}",
                f"    ssl = {'yes' if implicit else 'no'}",
                "  }",
            ]
        lines.append("}")
    return lines


def _dialect_2_3(
    identity: Identity | None, *, passwd: Path, mail: Path, cleartext_auth: bool
) -> tuple[list[str], list[str]]:
    lines = [
        f"disable_plaintext_auth = {'no' if cleartext_auth else 'yes'}",
        f"mail_location = maildir:{mail}/%u",
        "passdb {",
        "  driver = passwd-file",
        f"  args = username_format=%u {passwd}",
        "}",
        "userdb {",
        "  driver = static",
        f"  args = uid=mail gid=mail home={mail}/%u",
        "}",
    ]
    if identity is not None:
        lines += [f"ssl_cert = <{identity.chain_file}", f"ssl_key = <{identity.key_file}"]
        # Debian's own configuration names it; without it DHE suites fail in the handshake.
        lines += ["ssl_dh = </usr/share/dovecot/dh.pem"]
    return [], lines


def _dialect_2_4(
    identity: Identity | None, *, passwd: Path, mail: Path, cleartext_auth: bool
) -> tuple[list[str], list[str]]:
    owner = pwd.getpwnam("mail")
    lines = [
        f"auth_allow_cleartext = {'yes' if cleartext_auth else 'no'}",
        "mail_driver = maildir",
        f"mail_path = {mail}/%{{user}}",
        "passdb passwd-file {",
        f"  passwd_file_path = {passwd}",
        "}",
        "userdb static {",
        "  fields {",
        f"    uid = {owner.pw_uid}",
        f"    gid = {owner.pw_gid}",
        f"    home = {mail}/%{{user}}",
        "  }",
        "}",
    ]
    if identity is not None:
        lines += [
            f"ssl_server_cert_file = {identity.chain_file}",
            f"ssl_server_key_file = {identity.key_file}",
        ]
    # 2.4 reads nothing before it knows which version the file was written for.
    return ["dovecot_config_version = 2.4.0", "dovecot_storage_version = 2.4.0"], lines

"""The responder as openssl s_client meets it."""

from __future__ import annotations

import socket
import subprocess
from datetime import UTC, datetime

import pytest

from mailtls.responder.authority import Authority
from mailtls.responder.server import Behaviour, Responder
from mailtls.terms import Mode, Protocol

AUTHORITY = Authority(datetime.now(UTC))


def behaviour(protocol: Protocol, mode: Mode, **changes: object) -> Behaviour:
    identity = AUTHORITY.issue("mail.example.test")
    return Behaviour(
        host="mail.example.test", protocol=protocol, mode=mode, identity=identity, **changes
    )


def s_client(port: int, *arguments: str) -> str:
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *arguments],
        input="",
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("protocol", [Protocol.SMTP, Protocol.IMAP, Protocol.POP3])
def test_a_healthy_server_is_verified_both_ways(tmp_path, protocol):
    root = tmp_path / "root.pem"
    root.write_bytes(AUTHORITY.root)
    verify = ("-CAfile", str(root), "-verify_hostname", "mail.example.test")

    with Responder(behaviour(protocol, Mode.STARTTLS)) as server:
        upgraded = s_client(server.port, "-starttls", protocol.value, *verify)
    with Responder(behaviour(protocol, Mode.IMPLICIT)) as server:
        implicit = s_client(server.port, *verify)

    assert "Verify return code: 0 (ok)" in upgraded
    assert "Verify return code: 0 (ok)" in implicit


@pytest.mark.parametrize(("old", "accepted"), [(False, False), (True, True)])
def test_old_tls_is_accepted_only_on_demand(old, accepted):
    with Responder(behaviour(Protocol.POP3, Mode.IMPLICIT, old_tls=old)) as server:
        said = s_client(server.port, "-tls1", "-cipher", "ALL:@SECLEVEL=0")

    assert ("Cipher is (NONE)" not in said) == accepted


def test_a_stripped_server_does_not_offer_the_upgrade():
    with Responder(behaviour(Protocol.SMTP, Mode.STARTTLS, starttls=False)) as server:
        said = s_client(server.port, "-starttls", "smtp")

    assert "STARTTLS not in server features" in said or "Didn't find STARTTLS" in said


def test_a_flood_without_a_line_end_is_cut_off():
    with (
        Responder(behaviour(Protocol.SMTP, Mode.STARTTLS)) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as client,
    ):
        client.recv(100)
        client.sendall(b"x" * 5000)
        try:
            rest = client.recv(100)
        except ConnectionResetError:
            rest = b""

    assert rest == b""


def test_the_port_is_free_after_the_block():
    with Responder(behaviour(Protocol.SMTP, Mode.STARTTLS)) as server:
        port = server.port

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)

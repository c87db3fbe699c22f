"""The servers of the lab: they work, keep to themselves, and nothing outlives them."""

from __future__ import annotations

import hashlib
import imaplib
import shutil
import smtplib
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab import dovecot, postfix
from lab.oracle import s_client
from lab.pki import Pki
from lab.process import PAUSE, LabError, alive, require, running, session_members


def test_login_works_through_both_servers_after_tls(healthy):
    at = healthy.at(587)
    context = ssl.create_default_context(cafile=str(healthy.ca_file))
    with smtplib.SMTP(at.address, at.port, timeout=10) as smtp:
        smtp._host = at.host  # the name to verify; the address is what we connect to
        smtp.starttls(context=context)
        assert smtp.login(dovecot.USER, dovecot.PASSWORD)[0] == 235


def test_dovecot_disables_login_in_clear_for_a_client_on_another_address(healthy):
    at = healthy.at(143)
    client = imaplib.IMAP4(at.address, at.port, timeout=10)
    assert client.sock.getsockname()[0] != at.address
    assert "LOGINDISABLED" in client.capabilities
    client.logout()


def test_cleartext_auth_can_be_set_up(lab_folder, subnet):
    address = subnet.address()
    access = dovecot.Dovecot(
        lab_folder / "clear-dovecot",
        address,
        None,
        ports={"imap": 143},
        ssl="no",
        cleartext_auth=True,
    )
    clear = postfix.submission(address, None, options=postfix.CLEARTEXT_AUTH)
    smtpd = postfix.Postfix(lab_folder / "clear-postfix", [clear], sasl_socket=access.sasl_socket)
    with running(access, smtpd):
        with smtplib.SMTP(address, 587, timeout=10) as smtp:
            assert smtp.login(dovecot.USER, dovecot.PASSWORD)[0] == 235
        client = imaplib.IMAP4(address, 143, timeout=10)
        assert client.login(dovecot.USER, dovecot.PASSWORD)[0] == "OK"
        client.logout()


@pytest.mark.parametrize("key_type", ["ec", "rsa"])
def test_both_key_types_serve(lab_folder, subnet, pki, key_type):
    address = subnet.address()
    leaf = pki.issue("mail.example.test", key_type=key_type)
    smtpd = postfix.Postfix(lab_folder / f"key-{key_type}", [postfix.relay(address, leaf)])
    with running(smtpd):
        seen = s_client(
            address, 25, starttls="smtp", ca_file=pki.ca_file, verify_name="mail.example.test"
        )
    assert seen.verify_code == 0
    assert seen.chain[0] == leaf.certificate


def test_the_servers_log_what_they_saw(healthy):
    with smtplib.SMTP(healthy.at(25).address, 25, timeout=10) as smtp:
        smtp.ehlo("log.example.test")
    client = imaplib.IMAP4(healthy.at(143).address, 143, timeout=10)
    client.logout()
    assert "/smtpd[" in healthy.postfix.logged("ehlo=1 quit=1")
    assert "no auth attempts" in healthy.dovecots["mail.example.test"].logged("imap-login: Info")
    assert "fatal" not in healthy.log().lower()


def test_two_masters_at_once_and_no_process_left_behind(lab_folder, subnet, pki):
    leaf = pki.issue("mail.example.test")
    pair = [
        postfix.Postfix(lab_folder / f"twin-{n}", [postfix.relay(subnet.address(), leaf)])
        for n in range(2)
    ]
    access = dovecot.Dovecot(lab_folder / "twin-dovecot", subnet.address(), leaf)
    with running(*pair, access):
        assert pair[0].pid != pair[1].pid
        members = frozenset().union(*(d.pids() for d in (*pair, access)))
        assert len(members) >= 6
        for server in pair:
            with smtplib.SMTP(server.services[0].address, 25, timeout=10) as smtp:
                assert smtp.noop()[0] == 250
    assert not alive(members)


def test_nothing_below_etc_is_touched(lab_folder, subnet, pki):
    def state():
        files = [p for top in ("postfix", "dovecot") for p in Path("/etc", top).rglob("*")]
        return {
            p: (p.stat().st_mtime_ns, p.stat().st_mode, hashlib.sha256(p.read_bytes()).digest())
            for p in files
            if p.is_file()
        }

    before = state()
    address, leaf = subnet.address(), pki.issue("mail.example.test")
    smtpd = postfix.Postfix(lab_folder / "etc-postfix", [postfix.relay(address, leaf)])
    access = dovecot.Dovecot(lab_folder / "etc-dovecot", address, leaf)
    with running(smtpd, access):
        assert s_client(address, 25, starttls="smtp").completed
        assert s_client(address, 143, starttls="imap").completed
    assert state() == before


def test_servers_end_when_the_tests_are_killed(tmp_path):
    script = tmp_path / "killed.py"
    script.write_text(
        "import sys, time\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
        "from lab import dovecot, loopback, pki, postfix, process\n"
        "with process.workspace() as folder, loopback.Subnet() as subnet:\n"
        "    address = subnet.address()\n"
        "    leaf = pki.Pki(folder / 'pki').issue('mail.example.test')\n"
        "    access = dovecot.Dovecot(folder / 'dovecot', address, leaf)\n"
        "    smtpd = postfix.Postfix(folder / 'postfix', [postfix.relay(address, leaf)])\n"
        "    with process.running(access, smtpd):\n"
        "        print(folder, address, access.pid, smtpd.pid, flush=True)\n"
        "        time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as tests:
        folder, address, *leaders = tests.stdout.readline().split()
        assert s_client(address, 143, starttls="imap").completed
        assert all(session_members(int(leader)) for leader in leaders)
        tests.kill()
    while any(session_members(int(leader)) for leader in leaders):  # bounded by pytest's timeout
        time.sleep(PAUSE)
    shutil.rmtree(folder)


def test_a_server_that_cannot_start_fails_with_its_own_words(lab_folder, subnet, pki):
    broken = dovecot.Dovecot(
        lab_folder / "broken",
        subnet.address(),
        pki.issue("mail.example.test"),
        settings={"no_such_setting": "1"},
    )
    with pytest.raises(LabError, match="no_such_setting"), running(broken):
        pass


def test_a_missing_package_fails_by_name():
    with pytest.raises(LabError, match="install the Debian package dovecot-nosuchd"):
        require("/usr/lib/dovecot/nosuch", "dovecot-nosuchd")


def test_a_taken_port_is_named(lab_folder, subnet, pki):
    address = subnet.address()
    leaf = pki.issue("mail.example.test")
    smtpd = postfix.Postfix(lab_folder / "taken", [postfix.relay(address, leaf)])
    with (
        socket.create_server((address, 25)),
        pytest.raises(LabError, match=address),
        running(smtpd),
    ):
        pass


def test_other_roots_are_strangers(lab_folder, pki):
    other = Pki(lab_folder / "other-pki", name="Other")
    assert other.root.subject != pki.root.subject
    assert other.ca_file.read_bytes() != pki.ca_file.read_bytes()

"""The lab itself: what each server shows to OpenSSL, and that nothing outlives it."""

from __future__ import annotations

import hashlib
import imaplib
import poplib
import shutil
import smtplib
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from lab import dovecot, fleet, postfix
from lab.fleet import Defect
from lab.loopback import Subnet
from lab.names import Failure
from lab.oracle import Handshake, accepts, s_client
from lab.pki import Pki
from lab.process import PAUSE, LabError, alive, listening, require, running, session_members

EXPIRED, SELF_SIGNED, NO_ISSUER, NAME_MISMATCH = 10, 18, 20, 62  # X509_V_ERR_* of OpenSSL
NO_FIRST = 21  # X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE
VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")


def look(servers, endpoint, **options) -> Handshake:
    return s_client(
        endpoint.address,
        endpoint.port,
        servername=endpoint.host,
        verify_name=endpoint.host,
        ca_file=servers.ca_file,
        **({"starttls": endpoint.starttls} | options),
    )


def faulty(servers, defect):
    return [e for e in servers.endpoints if defect in e.defects]


@pytest.mark.parametrize("port", fleet.PORTS)
def test_every_healthy_service_verifies(healthy, port):
    seen = look(healthy, healthy.at(port))
    assert (seen.verify_code, seen.protocol, seen.starttls_missing) == (0, "TLSv1.3", False)
    assert seen.chain == (healthy.at(port).identity.certificate, healthy.pki.intermediate)


@pytest.mark.parametrize("port", fleet.PORTS)
def test_healthy_services_accept_tls_1_2_and_newer_only(healthy, port):
    at = healthy.at(port)
    taken = [v for v in VERSIONS if accepts(at.address, port, v, starttls=at.starttls)]
    assert taken == ["TLSv1.2", "TLSv1.3"]


@pytest.mark.parametrize("port", fleet.PORTS)
@pytest.mark.parametrize(
    ("defect", "codes"),
    [
        (Defect.EXPIRED, {EXPIRED}),
        (Defect.WRONG_NAME, {NAME_MISMATCH}),
        (Defect.NO_INTERMEDIATE, {NO_ISSUER, NO_FIRST}),
        (Defect.SELF_SIGNED, {SELF_SIGNED}),
    ],
)
def test_certificate_defects_show_in_the_verify_code(drifted, defect, codes, port):
    seen = look(drifted, drifted.at(port, defect))
    assert seen.completed
    assert seen.verify_code in codes


@pytest.mark.parametrize("port", fleet.PORTS)
def test_tls_1_0_is_accepted_where_the_floor_is_old(drifted, port):
    at = drifted.at(port, Defect.TLS_1_0)
    assert [accepts(at.address, port, v, starttls=at.starttls) for v in VERSIONS] == [True] * 4


@pytest.mark.parametrize("port", [25, 587, 143, 4190, 24])
def test_starttls_is_not_offered_where_tls_is_off(drifted, port):
    seen = look(drifted, drifted.at(port, Defect.NO_STARTTLS))
    assert (seen.connected, seen.starttls_missing, seen.completed) == (True, True, False)


def test_pop3_has_no_stls_where_tls_is_off(drifted):
    at = drifted.at(110, Defect.NO_STARTTLS)
    client = poplib.POP3(at.address, at.port, timeout=10)
    assert "STLS" not in client.capa()
    client.quit()


def test_no_implicit_port_listens_where_tls_is_off(drifted):
    at = drifted.at(25, Defect.NO_STARTTLS)
    open_ports = {port for address, port in listening() if address == at.address}
    assert open_ports == {25, 587, 143, 110, 4190, 24}


@pytest.mark.parametrize("port", [587, 143, 110, 4190, 24])
def test_wrong_mode_is_implicit_tls_on_a_starttls_port(drifted, port):
    seen = look(drifted, drifted.at(port, Defect.WRONG_MODE), starttls=None)
    assert seen.verify_code == 0


@pytest.mark.parametrize("port", [465, 993, 995])
def test_wrong_mode_is_starttls_on_an_implicit_port(drifted, port):
    at = drifted.at(port, Defect.WRONG_MODE)
    assert look(drifted, at).error == "wrong version number"
    assert look(drifted, at, starttls=at.protocol).verify_code == 0


@pytest.mark.parametrize("port", [143, 993, 110, 995, 4190, 24])
def test_dovecot_that_was_not_reloaded_shows_an_older_leaf_than_postfix(drifted, port):
    new = look(drifted, drifted.at(25, Defect.NOT_RELOADED))
    old = look(drifted, drifted.at(port, Defect.NOT_RELOADED))
    assert new.verify_code == old.verify_code == 0
    assert old.chain[0].not_valid_before_utc < new.chain[0].not_valid_before_utc


def test_every_defect_is_somewhere_and_the_healthy_have_none(healthy, drifted):
    assert all(faulty(drifted, defect) for defect in Defect)
    assert not any(e.defects for e in healthy.endpoints)
    assert len(healthy.endpoints) == 9


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
        "        print(folder, access.pid, smtpd.pid, flush=True)\n"
        "        time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as tests:
        folder, *leaders = tests.stdout.readline().split()
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


def test_two_sessions_get_different_subnets():
    with Subnet() as one, Subnet() as two:
        assert one.prefix != two.prefix


def test_other_roots_are_strangers(lab_folder, pki):
    other = Pki(lab_folder / "other-pki", name="Other")
    assert other.root.subject != pki.root.subject
    assert other.ca_file.read_bytes() != pki.ca_file.read_bytes()


def test_the_name_server_answers_from_its_table(nameserver):
    server = nameserver(
        {
            "mail.example.test": ["127.1.2.3", "::1", "MX 10 mail.example.test."],
            "alias.example.test": ["CNAME mail.example.test."],
            "broken.example.test": Failure.SERVFAIL,
            "mute.example.test": Failure.SILENT,
            "many.example.test": [f"127.9.{n // 200}.{n % 200 + 1}" for n in range(400)],
        }
    )

    def ask(name, kind="A", over=dns.query.udp):
        query = dns.message.make_query(name, kind)
        return over(query, server.address, port=server.port, timeout=5)

    for over in (dns.query.udp, dns.query.tcp):
        assert "127.1.2.3" in ask("mail.example.test", over=over).answer[0].to_text()
        assert ask("missing.example.test", over=over).rcode() == dns.rcode.NXDOMAIN
        assert ask("broken.example.test", over=over).rcode() == dns.rcode.SERVFAIL
    assert "::1" in ask("mail.example.test", "AAAA").answer[0].to_text()
    assert [r.rdtype.name for r in ask("alias.example.test").answer] == ["CNAME", "A"]
    empty = ask("mail.example.test", "TXT")
    assert (empty.rcode(), empty.answer) == (dns.rcode.NOERROR, [])
    assert ask("many.example.test").flags & dns.flags.TC
    assert len(ask("many.example.test", over=dns.query.tcp).answer[0]) == 400
    assert ("mail.example.test", "AAAA", "udp") in server.queries


def test_the_name_server_can_be_silent(nameserver):
    server = nameserver({"mute.example.test": Failure.SILENT})
    query = dns.message.make_query("mute.example.test", "A")
    with pytest.raises(dns.exception.Timeout):
        dns.query.udp(query, server.address, port=server.port, timeout=0.2)
    assert server.queries == [("mute.example.test", "A", "udp")]
    assert server.option == f"127.0.0.1:{server.port}"


def test_connect_to_leads_every_endpoint_to_its_address(healthy):
    at = healthy.at(25)
    words = healthy.connect_to
    assert words[:2] == ["--connect-to", f"mail.example.test:25:{at.address}:25"]
    assert len(words) == 18

"""The lab's servers from unpacked packages: TLS, a login and a delivery work, and no trace is left."""

from __future__ import annotations

import imaplib
import json
import poplib
import smtplib
import ssl
import time
import urllib.request
from pathlib import Path

import pytest

from lab import courier, cyrus, exim, others
from lab.opensmtpd import OpenSmtpd
from lab.oracle import s_client
from lab.process import PATIENCE, PAUSE, Daemon, running

HOST = "mail.example.test"
MAIL = "From: a@example.test\r\nTo: user@example.test\r\nSubject: lab\r\n\r\nhello\r\n"
RECIPIENT = "user@example.test"


@pytest.fixture
def context(pki):
    return ssl.create_default_context(cafile=str(pki.ca_file))


def imap(address, context, user, password):
    client = imaplib.IMAP4(address, 143, timeout=10)
    client.host = HOST  # the name to verify; the address is what we connect to
    client.starttls(context)
    assert client.login(user, password)[0] == "OK"
    return client


def test_cyrus_takes_mail_by_lmtp_and_gives_it_by_imap_and_pop3(lab_folder, subnet, pki, context):
    address = subnet.address()
    server = cyrus.Cyrus(lab_folder / "cyrus", address, pki.issue(HOST), lmtp_trusts=True)
    with running(server):
        client = imap(address, context, cyrus.USER, cyrus.PASSWORD)
        with smtplib.LMTP(address, 24) as lmtp:
            lmtp.sendmail("", cyrus.USER, MAIL)
        assert client.select("INBOX") == ("OK", [b"1"])
        client.logout()
        pop = poplib.POP3(address, timeout=10)
        pop.user(cyrus.USER)
        pop.pass_(cyrus.PASSWORD)
        assert pop.stat()[0] == 1
        pop.quit()
        assert s_client(address, 4190, starttls="sieve", ca_file=pki.ca_file).verify_code == 0
        assert "login: " in server.logged("starttls")


def test_courier_gives_what_lies_in_the_maildir(lab_folder, subnet, pki, context):
    address = subnet.address()
    server = courier.Courier(lab_folder / "courier", address, pki.issue(HOST))
    (server.maildir / "new" / "1.lab").write_text(MAIL)
    with running(server):
        client = imap(address, context, courier.USER, courier.PASSWORD)
        assert client.select("INBOX") == ("OK", [b"1"])
        client.logout()
        pop = poplib.POP3(address, timeout=10)
        pop.user(courier.USER)
        pop.pass_(courier.PASSWORD)
        assert pop.stat()[0] == 1
        pop.quit()
        assert s_client(address, 995, ca_file=pki.ca_file).verify_code == 0
        assert "LOGIN, user=" in server.logged("pop3d: LOGOUT")


def sent(address, port, context, login=None):
    with smtplib.SMTP(address, port, timeout=10) as client:
        client._host = HOST
        client.starttls(context=context)
        if login:
            client.login(*login)
        client.sendmail("a@example.test", RECIPIENT, MAIL)


def arrived(folder: Path, server: Daemon) -> str:
    deadline = time.monotonic() + PATIENCE
    while not (found := list(folder.glob("new/*"))):
        assert time.monotonic() < deadline, server.log()
        time.sleep(PAUSE)
    (message,) = found
    return message.read_text()


def test_exim_delivers_and_knows_its_user(lab_folder, subnet, pki, context):
    address = subnet.address()
    server = exim.Exim(lab_folder / "exim-lab", address, pki.issue(HOST), port=587)
    with running(server):
        sent(address, 587, context, (exim.USER, exim.PASSWORD))
        text = arrived(server.maildir, server)
        assert "with esmtpsa" in text
        assert "Completed" in server.logged("Completed")


@pytest.mark.parametrize("release", ["1.4.5", "current"])
def test_aiosmtpd_takes_mail(lab_folder, subnet, pki, context, release):
    address, folder = subnet.address(), lab_folder / f"aiosmtpd-lab-{release}"
    server = others.aiosmtpd(folder, address, pki.issue(HOST), release=release)
    with running(server):
        sent(address, 587, context)
        assert "hello" in arrived(folder / "mail", server)


def test_maildev_takes_mail_and_shows_it(lab_folder, subnet):
    address = subnet.address()
    with running(others.maildev(lab_folder / "maildev", address, None)):
        with smtplib.SMTP(address, 25, timeout=10) as client:
            client.login("user", "lab-password")
            client.sendmail("a@example.test", RECIPIENT, MAIL)
        with urllib.request.urlopen(f"http://{address}:1080/api/email", timeout=10) as answer:
            assert [message["subject"] for message in json.load(answer)] == ["lab"]


def test_opensmtpd_takes_mail_in_clear(lab_folder, subnet, pki):
    address = subnet.address()
    server = OpenSmtpd(lab_folder / "opensmtpd", address, pki.issue(HOST))
    with running(server):
        with smtplib.SMTP(address, 25, timeout=10) as client:
            client.sendmail("a@example.test", RECIPIENT, MAIL)
        assert "hello" in arrived(server.mail / "user", server)

"""Requests over the live network of this machine, to servers that a test runs."""

from __future__ import annotations

import asyncio
import ssl
import time
import warnings
from dataclasses import replace

import pytest

from mailtls.evidence import Missing
from mailtls.probe.web import Web, WebAnswer, WebRequest, split
from mailtls.terms import Cause, Phase
from probe.peers import AUTHORITY, NAME, network, peer, says, settings

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def ask(url: str, web: Web | None = None, **request: object):
    client = web or Web(network=network(), settings=settings())
    return asyncio.run(client.ask(WebRequest(url=url, **request)))


def tls_talk(
    tmp_path, name: str, heard: list[bytes], *, most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
):
    leaf = AUTHORITY.issue(name)
    chain = tmp_path / "chain.pem"
    chain.write_bytes(leaf.key + leaf.chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):  # Python calls TLS 1.1 deprecated, as it is
        context.minimum_version = context.maximum_version = most

    def talk(connection):
        with context.wrap_socket(connection, server_side=True) as inside:
            heard.append(inside.recv(4096))
            inside.sendall(OK)

    return talk


def to_loopback(port: int):
    return lambda service: replace(service, host="127.0.0.1", port=port)


def heard(answer: bytes):
    def talk(connection):
        connection.recv(4096)
        connection.sendall(answer)

    return talk


def test_a_page_is_fetched_in_clear_where_the_url_says_so():
    with peer(heard(OK)) as (port, _):
        got = ask(f"http://127.0.0.1:{port}/a?b=c")
    assert isinstance(got, WebAnswer)
    assert (got.answer.status, got.answer.body) == (200, b"ok")
    assert (got.address, got.version, got.cipher) == ("127.0.0.1", "", "")
    assert got.transcript[0].text == "GET /a?b=c"


def test_a_page_is_fetched_by_https_from_a_verified_server(tmp_path):
    with peer(tls_talk(tmp_path, NAME, [])) as (port, _):
        web = Web(network=network(), settings=settings(), routes=to_loopback(port))
        got = ask(f"https://{NAME}/", web)
    assert isinstance(got, WebAnswer)
    assert (got.address, got.version) == ("127.0.0.1", "TLSv1.3")
    assert got.cipher.startswith("TLS_")


@pytest.mark.parametrize("flaw", ["name", "trust"])
def test_nothing_is_said_to_a_server_that_cannot_be_verified(tmp_path, flaw):
    requests: list[bytes] = []
    served = NAME if flaw == "trust" else "other.example.test"
    talk = tls_talk(tmp_path, served, heard=requests)
    trusted = settings() if flaw == "name" else replace(settings(), extra_anchors=b"")
    with peer(talk) as (port, _):
        got = ask(
            f"https://{NAME}/", Web(network=network(), settings=trusted, routes=to_loopback(port))
        )
    assert isinstance(got, Missing)
    assert (got.phase, got.cause) == (Phase.HANDSHAKE, Cause.MALFORMED)


def test_nothing_is_said_over_a_version_that_is_broken(tmp_path):
    requests: list[bytes] = []
    with peer(tls_talk(tmp_path, NAME, requests, most=ssl.TLSVersion.TLSv1_1)) as (port, _):
        web = Web(network=network(), settings=settings(), routes=to_loopback(port))
        got = ask(f"https://{NAME}/", web)
    assert isinstance(got, Missing)
    assert (got.phase, got.cause) == (Phase.HANDSHAKE, Cause.REFUSED)
    assert "TLSv1.1" in got.detail
    assert requests in ([], [b""])


def test_a_redirect_is_not_followed():
    with peer(
        heard(b"HTTP/1.1 301 M\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    ) as (
        port,
        served,
    ):
        got = ask(f"http://127.0.0.1:{port}/")
    assert isinstance(got, WebAnswer)
    assert (got.answer.status, len(served)) == (301, 1)


def test_a_server_that_drips_is_left_at_the_deadline():
    def drip(connection):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X: y\r\n")
            time.sleep(0.05)

    with peer(drip) as (port, _):
        got = ask(f"http://127.0.0.1:{port}/", seconds=0.5)
    assert isinstance(got, Missing)
    assert got.cause is Cause.TIMED_OUT


def test_an_address_that_is_not_allowed_is_not_connected_to():
    with peer(says(b"")) as (port, served):
        web = Web(network=network(), settings=settings(), allowed=lambda _: False)
        got = ask(f"http://127.0.0.1:{port}/", web)
    assert isinstance(got, Missing)
    assert (got.cause, served) == (Cause.UNREACHABLE, [])


def test_a_closed_port_says_so():
    with peer(says(b"")) as (port, _):
        pass
    got = ask(f"http://127.0.0.1:{port}/")
    assert isinstance(got, Missing)
    assert (got.phase, got.cause) == (Phase.CONNECT, Cause.REFUSED)


def test_https_to_a_port_in_clear_names_what_it_speaks():
    with peer(says(b"220 mail ESMTP\r\n")) as (port, _):
        got = ask(f"https://127.0.0.1:{port}/")
    assert isinstance(got, Missing)
    assert "SMTP in clear" in got.detail


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://h/",
        "//h/",
        "http:///x",
        "http://u:p@h/",
        "http://h:99999/",
        "http://h:0/",
        "http://h/a b",
        "http://h/\r\nX: y",
        "http://[::1/",
        "http://hé/",
    ],
)
def test_what_is_no_usable_url_is_not_asked(url):
    assert split(url) is None
    assert isinstance(ask(url), Missing)

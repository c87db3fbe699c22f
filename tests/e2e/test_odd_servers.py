"""Servers that are slow or odd, and servers that turn away: verdicts stay, or are open with the cause."""

from __future__ import annotations

import re
import socket
from contextlib import ExitStack

import pytest

from e2e.relay import Connection, Relay, reset
from e2e.run import Run, check
from lab import postfix
from lab.dovecot import Dovecot
from lab.fleet import SANE, Fleet
from lab.names import connect_to
from lab.postfix import Postfix
from lab.process import running

HOST = "mail.example.test"
STARTTLS = (25, 587, 143, 110, 4190)


def outcomes(run: Run) -> set[tuple[str, str, str]]:
    return {(r["endpoint"], r["rule"], r["outcome"]) for r in run.report["results"]}


def through(fleet: Fleet, folder, ports, *more, **options) -> Run:
    """Check ports of the fleet through relays with these options."""
    with ExitStack() as relays:
        endpoints, way = [], []
        for port in ports:
            at = fleet.at(port)
            target, starttls = (at.address, port), at.mode == "starttls"
            relay = relays.enter_context(Relay(target, starttls=starttls, **options))
            endpoints.append({"name": f"{port}", "host": at.host, "port": port, "mode": at.mode})
            way += ["--connect-to", f"{at.host}:{port}:127.0.0.1:{relay.port}"]
        return check(folder, endpoints, *way, *more, ca_file=fleet.ca_file)


def test_postscreen_is_waited_for_and_not_spoken_to_before_it_has_greeted(
    lab_folder, subnet, pki, tmp_path
):
    """Its stock settings: a teaser at once, the greeting of the smtpd behind it after six seconds."""
    address = subnet.address()
    relay = postfix.relay(address, pki.issue(HOST), screened=True)
    server = Postfix(lab_folder / "postscreen", [relay], main=SANE)
    with running(server):
        endpoint = {"host": HOST, "port": 25, "mode": "starttls"}
        way = connect_to([(HOST, 25, address)])
        run = check(tmp_path, [endpoint], *way, ca_file=pki.ca_file)
        log = server.log()
    assert (run.code, run.report["counts"]["inconclusive"]) == (0, 0), run.out
    assert "PASS NEW" in log
    assert "PREGREET" not in log


def in_single_bytes(data: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in data]


def in_lower_case(data: bytes) -> list[bytes]:
    return [data.lower()]


def with_the_upgrade_last(data: bytes) -> list[bytes]:
    """Move STARTTLS to the end of the capabilities, however the protocol lists them."""
    text = re.sub(
        rb"(?s)250-STARTTLS\r\n(.*)250 ([^\r]+)\r\n$", rb"\g<1>250-\2\r\n250 STARTTLS\r\n", data
    )
    text = re.sub(rb"(?m)^(\* CAPABILITY.*) STARTTLS(.*)\r\n", rb"\1\2 STARTTLS\r\n", text)
    text = re.sub(rb"(?s)STLS\r\n(.*)\.\r\n$", rb"\1STLS\r\n.\r\n", text)
    return [re.sub(rb'(?s)"STARTTLS"\r\n(.*)(OK [^\r]*\r\n)$', rb'\1"STARTTLS"\r\n\2', text)]


def with_lines_of_two_kilobytes(data: bytes) -> list[bytes]:
    """Add a capability of 2,000 bytes, however the protocol lists them."""
    long = b"X" * 2000
    text = data.replace(b"250-STARTTLS\r\n", b"250-" + long + b"\r\n250-STARTTLS\r\n")
    text = re.sub(rb"(?m)^(\* CAPABILITY )", rb"\1" + long + b" ", text)
    text = text.replace(b"STLS\r\n", long + b"\r\nSTLS\r\n")
    return [text.replace(b'"STARTTLS"\r\n', b'"' + long + b'"\r\n"STARTTLS"\r\n')]


def with_a_greeting_of_many_parts(data: bytes) -> list[bytes]:
    """Split SMTP's greeting into four lines, each in a segment of its own."""
    if not re.match(rb"220 .*ESMTP", data):
        return [data]
    return [b"220-welcome\r\n", b"220-\r\n", b"220-to the lab\r\n", data]


@pytest.fixture(scope="module")
def plain(healthy, tmp_path_factory) -> Run:
    run = through(healthy, tmp_path_factory.mktemp("plain"), STARTTLS)
    assert run.code == 0, run.out
    return run


@pytest.mark.parametrize(
    "distort",
    [
        in_single_bytes,
        in_lower_case,
        with_the_upgrade_last,
        with_lines_of_two_kilobytes,
        with_a_greeting_of_many_parts,
    ],
)
def test_how_words_arrive_changes_no_verdict(healthy, tmp_path, plain, distort):
    changed: list[bool] = []

    def noting(data: bytes) -> list[bytes]:
        pieces = distort(data)
        changed.append(pieces != [data])
        return pieces

    assert outcomes(through(healthy, tmp_path, STARTTLS, distort=noting)) == outcomes(plain)
    assert any(changed)


def closing(each: Connection, _data: bytes) -> bool:
    if turns_away(each):
        each.client.shutdown(socket.SHUT_RDWR)
        each.server.shutdown(socket.SHUT_RDWR)
    return turns_away(each)


def resetting(each: Connection, _data: bytes) -> bool:
    if turns_away(each):
        reset(each)
    return turns_away(each)


def swallowing(each: Connection, _data: bytes) -> bool:
    return turns_away(each)


def throttling(each: Connection, _data: bytes) -> bool:
    """Answer a command in clear with "later", and close."""
    if each.number > 1 and each.clear:
        each.client.sendall(b"421 4.7.0 Too many connections\r\n")
        each.client.shutdown(socket.SHUT_RDWR)
        each.server.shutdown(socket.SHUT_RDWR)
    return each.number > 1 and each.clear


def turns_away(each: Connection) -> bool:
    """Return whether a connection has come to TLS, and is not the first one."""
    return each.number > 1 and not each.clear


# What only a hello, or a second handshake, can decide.
BEHIND = {
    "tls-version",
    "tls-cipher",
    "tls-group",
    "tls-renegotiation",
    "tls-compression",
    "tls-master-secret",
}


CROSSES = {
    "a command sent behind the request for TLS is dropped or refused",
    "a failed handshake ends the connection",
}


@pytest.mark.parametrize(
    ("meddle", "causes", "ports"),
    [
        (closing, {"CLOSED"}, (587, 465, 143, 993)),
        (resetting, {"RESET"}, (587, 465, 143, 993)),
        (swallowing, {"TIMED_OUT"}, (465,)),
        (throttling, {"THROTTLED"}, (587,)),
    ],
)
def test_a_server_that_turns_away_behind_the_first_session_is_not_judged(
    healthy, tmp_path, meddle, causes, ports
):
    run = through(healthy, tmp_path, ports, "--timeout", "8", "--retries", "0", meddle=meddle)
    results = run.report["results"]

    assert (run.code, run.report["counts"]["fail"]) == (3, 0), run.out
    of_tls = {(r["outcome"], r["cause"]) for r in results if r["rule"] in BEHIND}
    assert of_tls == {("inconclusive", cause) for cause in causes}
    crosses = {r["outcome"] for r in results if r["expected"] in CROSSES}
    assert crosses == ({"inconclusive"} if set(ports) & set(STARTTLS) else set())
    # What the first session told stays.
    certificate = {r["outcome"] for r in results if r["rule"] == "certificate-trust"}
    assert certificate == {"pass"}


def test_a_server_of_tls_1_3_alone_that_hangs_up_on_the_rest_is_judged(
    lab_folder, subnet, pki, tmp_path
):
    """Dovecot refuses older versions without an alert: one hello more tells that from turning away."""
    address = subnet.address()
    server = Dovecot(
        lab_folder / "modern",
        address,
        pki.issue(HOST),
        ports={"imaps": 993},
        settings={"ssl_min_protocol": "TLSv1.3"},
    )
    with running(server):
        endpoint = {"host": HOST, "port": 993, "mode": "implicit", "tls": {"min_version": "1.3"}}
        way = connect_to([(HOST, 993, address)])
        run = check(tmp_path, [endpoint], *way, ca_file=pki.ca_file)
    assert run.code == 0, run.out
    assert run.report["counts"]["inconclusive"] == 0

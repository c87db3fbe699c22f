"""Servers and what stands before them that could make a refusal of one hello look like a verdict."""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
from collections.abc import Callable

import pytest

from fuzz.flights import record
from mailtls.terms import Cause, Outcome, TlsVersion
from probe.peers import peer, says
from probe.upgrading import identity_context, verdicts

LEGACY = "DEFAULT:@SECLEVEL=0"
PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE

Talk = Callable[[socket.socket], None]


def suites_of(connection: socket.socket) -> int:
    """Return how many suites the hello offers that is next to be read: 0 for one of SSL 2.0."""
    head = connection.recv(44, socket.MSG_PEEK | socket.MSG_WAITALL)
    if head[:1] != b"\x16":
        return 0
    at = 46 + head[43]
    head = connection.recv(at, socket.MSG_PEEK | socket.MSG_WAITALL)
    return int.from_bytes(head[-2:], "big") // 2


def version_of(connection: socket.socket) -> int:
    """Return the version that the hello names which is next to be read: 0 for one of SSL 2.0."""
    head = connection.recv(11, socket.MSG_PEEK | socket.MSG_WAITALL)
    return int.from_bytes(head[9:], "big") if head[:1] == b"\x16" else 0


def is_of_openssl(connection: socket.socket) -> bool:
    """Return whether the next hello is a session's and no raw one: OpenSSL offers RFC 7366."""
    head = connection.recv(5, socket.MSG_PEEK | socket.MSG_WAITALL)
    length = 5 + int.from_bytes(head[3:], "big")
    return b"\x00\x16\x00\x00" in connection.recv(length, socket.MSG_PEEK | socket.MSG_WAITALL)


def tls(
    least: ssl.TLSVersion = ssl.TLSVersion.MINIMUM_SUPPORTED,
    most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
) -> Talk:
    """Return a talk of implicit TLS with versions from `least` to `most`."""
    context = identity_context()
    context.set_ciphers(LEGACY)
    context.minimum_version, context.maximum_version = least, most

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as inside:
            says(b"220 h ESMTP\r\n", b"250 h\r\n", b"221 bye\r\n")(inside)

    return talk


def outcomes(talk: Talk, rule: str, keys: str = "") -> list[tuple[Outcome, str, Cause | None]]:
    with peer(talk) as (port, _):
        found = verdicts(port, "smtp", rule, mode="implicit", keys=keys)
    return [(v.outcome, v.message, v.cause) for v in found]


@pytest.mark.parametrize("longest", [64, 100, 127])
def test_a_server_that_drops_long_hellos_is_told_apart_by_version(longest):
    behind = tls()

    def talk(connection: socket.socket) -> None:
        if suites_of(connection) <= longest:
            behind(connection)

    assert outcomes(talk, "tls-version") == [(FAIL, "the server accepts TLSv1.1", None)]
    exact = outcomes(talk, "tls-version", 'tls: {versions: ["1.3"]}')
    assert exact == [(FAIL, "the server accepts TLSv1.2", None)]
    listed = 'tls: {versions: ["1.0", "1.1", "1.2", "1.3"]}'
    assert [outcome for outcome, _, _ in outcomes(talk, "tls-version", listed)] == [PASS]


@pytest.mark.parametrize("longest", [64, 127])
def test_a_certificate_is_not_missing_because_the_hello_was_long(longest):
    behind = tls(ssl.TLSVersion.TLSv1_2)

    def talk(connection: socket.socket) -> None:
        if suites_of(connection) <= longest:
            behind(connection)

    ((outcome, message, _),) = outcomes(
        talk, "certificate-algorithms", "certificate: {algorithms: [ecdsa]}"
    )
    assert (outcome, message) == (PASS, "a certificate with an ECDSA key is served")


@pytest.mark.parametrize("let_in", [3, 100])
def test_a_limiter_that_hangs_up_after_some_hellos_proves_no_refusal(let_in):
    """What accepts and closes at once, as connection limits of proxies do, looks like a refusal."""
    behind, count = tls(), itertools.count()

    def talk(connection: socket.socket) -> None:
        # The session and the two hellos about suites come through, the others are over the limit.
        if version_of(connection) == TlsVersion.TLS1_2 and next(count) < let_in:
            behind(connection)
        else:
            connection.recv(4096)

    with peer(talk) as (port, served):
        found = verdicts(port, "smtp", "tls-version", "tls-cipher", mode="implicit")
    versions = [(v.outcome, v.cause) for v in found if v.rule == "tls-version"]
    # Alerts refuse suites here, so that the old version that was closed is asked for again.
    assert len(served) == 1 + 2 + 2 + 1 + 1
    assert versions == ([(OPEN, Cause.CLOSED)] if let_in == 3 else [(PASS, None)])


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_limit_of_connections_at_a_time_proves_no_refusal(most):
    """Couriertcpd's `-maxperip`, nginx's `limit_conn`: closed at once, and the hello is not read."""
    behind, room = tls(), threading.Semaphore(most)

    def talk(connection: socket.socket) -> None:
        if room.acquire(blocking=False):
            try:
                behind(connection)
            finally:
                room.release()

    with peer(talk) as (port, _):
        found = verdicts(port, "smtp", "tls-version", "tls-cipher", mode="implicit")
    assert {(v.rule, v.outcome) for v in found} == {("tls-version", FAIL), ("tls-cipher", FAIL)}


def cutting_off_the_first_old_hello(*, reads: bool) -> Talk:
    """Return a talk of implicit TLS that ends the first connection with a hello of TLS 1.1."""
    behind, count = tls(), itertools.count()

    def talk(connection: socket.socket) -> None:
        if version_of(connection) != TlsVersion.TLS1_1 or next(count):
            behind(connection)
        elif reads:
            connection.recv(4096)

    return talk


@pytest.mark.parametrize("reads", [True, False])
def test_a_hello_that_was_cut_off_beside_alerts_is_asked_again(reads):
    """The limit of a proxy that looks for the server name first, and so has read the hello."""
    with peer(cutting_off_the_first_old_hello(reads=reads)) as (port, _):
        found = verdicts(port, "smtp", "tls-version", "tls-cipher", mode="implicit")
    assert {(v.rule, v.outcome) for v in found} == {("tls-version", FAIL), ("tls-cipher", FAIL)}


def upgraded(behind: Talk) -> Talk:
    """Return a talk of SMTP in clear up to STARTTLS, and then `behind`."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"220 h ESMTP\r\n")
        while said := connection.recv(4096):
            if said.startswith(b"STARTTLS"):
                connection.sendall(b"220 go\r\n")
                behind(connection)
                return
            connection.sendall(b"250-h\r\n250 STARTTLS\r\n")

    return talk


@pytest.mark.parametrize("resets", [True, False])
def test_behind_starttls_too_a_close_beside_alerts_is_asked_again(resets):
    talk = cutting_off_the_first_old_hello(reads=not resets)

    with peer(upgraded(talk)) as (port, served):
        found = verdicts(port, "smtp", "tls-version", "tls-cipher")
    versions = {v.outcome for v in found if v.rule == "tls-version"}
    assert (versions, len(served)) == ({FAIL}, 1 + 2 + 2 + 1)


@pytest.mark.parametrize(
    ("rule", "keys"),
    [
        ("certificate-algorithms", "certificate: {algorithms: [rsa, ecdsa]}"),
        ("tls-group", "tls: {min_dh_bits: 2048, require_groups: [P-521]}"),
    ],
)
def test_behind_starttls_a_limit_of_handshakes_makes_nothing_required_missing(rule, keys):
    """It cuts off what comes behind the session and the hellos about suites."""
    behind = tls(ssl.TLSVersion.TLSv1_2)

    def talk(connection: socket.socket) -> None:
        if is_of_openssl(connection) or suites_of(connection) > 64:
            behind(connection)
        else:
            connection.recv(4096)

    with peer(upgraded(talk)) as (port, _):
        found = verdicts(port, "smtp", rule, "tls-cipher", keys=keys)
    about = [(v.outcome, v.cause) for v in found if v.rule == rule]
    assert (OPEN, Cause.CLOSED) in about
    assert FAIL not in {outcome for outcome, _ in about}


@pytest.mark.parametrize("number", [0, 90])
@pytest.mark.parametrize("level", [1, 2])
def test_an_alert_of_closure_is_no_refusal(number, level):
    """Java says it where a connection is closed before its handshake, for a limit or a shutdown."""
    behind, count = tls(), itertools.count()

    def talk(connection: socket.socket) -> None:
        if version_of(connection) != TlsVersion.TLS1_1 or next(count):
            behind(connection)
        else:
            connection.recv(4096)
            connection.sendall(record(bytes((level, number)), kind=21))

    with peer(talk) as (port, _):
        found = verdicts(port, "smtp", "tls-version", "tls-cipher", mode="implicit")
    assert {v.outcome for v in found if v.rule == "tls-version"} == {FAIL}


def test_a_server_that_resets_what_it_refuses_is_still_judged():
    """As Windows does; each is asked again, and then one that has to be answered."""
    behind = tls(ssl.TLSVersion.TLSv1_2)

    def talk(connection: socket.socket) -> None:
        if version_of(connection) == TlsVersion.TLS1_2:
            behind(connection)

    with peer(talk) as (port, served):
        found = verdicts(port, "smtp", "tls-version", mode="implicit")
    assert [v.outcome for v in found] == [PASS]
    assert len(served) == 1 + 2 + 2 + 1


def test_one_hello_that_is_answered_does_not_vouch_for_those_that_were_closed():
    behind = tls()

    def talk(connection: socket.socket) -> None:
        if version_of(connection) == 0:
            connection.sendall(record(b"\x02\x46", kind=21))
        elif is_of_openssl(connection):
            behind(connection)
        else:
            connection.recv(4096)

    assert outcomes(talk, "tls-version")[0][::2] == (OPEN, Cause.CLOSED)
    assert outcomes(talk, "tls-cipher")[0][::2] == (OPEN, Cause.CLOSED)


@pytest.mark.parametrize("number", [40, 80, 49])
@pytest.mark.parametrize("rule", ["tls-version", "tls-cipher", "tls-group"])
@pytest.mark.parametrize("profile", ["bcp195", "mozilla-intermediate-6.0"])
def test_alerts_at_every_raw_hello_prove_no_refusal(number, rule, profile):
    """A filter of fingerprints lets OpenSSL through and answers every hello of ours with one alert."""
    behind = tls()

    def talk(connection: socket.socket) -> None:
        if connection.recv(1, socket.MSG_PEEK) == b"\x16" and is_of_openssl(connection):
            behind(connection)
        else:
            connection.sendall(record(bytes((2, number)), kind=21))

    found = outcomes(talk, rule, f"tls: {{profile: {profile}}}")
    assert {outcome for outcome, _, _ in found} == {OPEN}, found
    assert {cause for _, _, cause in found} == {Cause.PREREQUISITE}


@pytest.mark.parametrize("number", [10, 22, 47, 50, 109])
def test_an_alert_about_the_hello_itself_refuses_no_version(number):
    behind = tls()

    def talk(connection: socket.socket) -> None:
        if version_of(connection) == TlsVersion.TLS1_1:
            connection.sendall(record(bytes((2, number)), kind=21))
        else:
            behind(connection)

    ((outcome, message, cause),) = outcomes(talk, "tls-version")
    assert (outcome, cause) == (OPEN, Cause.PREREQUISITE), message


@pytest.mark.parametrize("number", [47, 50, 109])
def test_an_alert_about_the_hello_itself_refuses_no_group(number):
    behind = tls()

    def talk(connection: socket.socket) -> None:
        if is_of_openssl(connection):
            behind(connection)
        else:
            connection.sendall(record(bytes((2, number)), kind=21))

    # OpenSSL from 3.5 on agrees on the hybrid with itself.
    groups = "groups: [X25519MLKEM768, X25519, P-521], require_groups: [P-521]"
    found = outcomes(talk, "tls-group", f"tls: {{{groups}}}")
    assert {outcome for outcome, _, _ in found} == {OPEN}, found


@pytest.mark.parametrize(
    ("least", "most"),
    [
        (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2),
        (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3),
        (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3),
    ],
)
def test_honest_servers_are_still_judged(least, most):
    found = outcomes(tls(least, most), "tls-version")
    assert [outcome for outcome, _, _ in found] == [PASS], found
    ciphers = outcomes(tls(least, most), "tls-cipher")
    assert OPEN not in {outcome for outcome, _, _ in ciphers}, ciphers


@pytest.mark.parametrize(
    ("rule", "keys"),
    [
        ("tls-cipher", "tls: {profile: mozilla-modern-6.0}"),
        ("tls-compression", 'tls: {compression: "off"}'),
        ("tls-master-secret", "tls: {extended_master_secret: required}"),
    ],
)
@pytest.mark.parametrize("refuses", [b"", record(b"\x02\x28", kind=21)])
def test_a_control_that_is_too_long_makes_no_server_of_tls_1_3_alone(rule, keys, refuses):
    behind = tls()

    def talk(connection: socket.socket) -> None:
        if suites_of(connection) <= 127:
            behind(connection)
        else:
            connection.recv(4096)
            connection.sendall(refuses)

    ((outcome, message, cause),) = outcomes(talk, rule, keys)
    assert outcome is OPEN, message
    assert cause in {Cause.CLOSED, Cause.PREREQUISITE}


@pytest.mark.parametrize(
    "said", [b"421 Too many concurrent SMTP connections\r\n", b"* BYE busy\r\n"]
)
@pytest.mark.parametrize("let_in", [0, 1, 3])
def test_a_server_that_says_later_in_clear_on_a_port_of_implicit_tls_throttles(said, let_in):
    """Exim's `smtp_accept_max_per_host` does so before TLS has begun, whatever the port."""
    behind, count = tls(), itertools.count()

    def talk(connection: socket.socket) -> None:
        if next(count) < let_in:
            behind(connection)
        else:
            connection.sendall(said)

    with peer(talk) as (port, _):
        found = verdicts(port, "smtp", "mode", "tls-version", "tls-cipher", mode="implicit")
    if let_in == 0:
        assert {v.outcome for v in found} == {OPEN}
        assert {v.cause for v in found if v.rule != "tls-cipher"} == {Cause.THROTTLED}
        return
    assert [v.outcome for v in found if v.rule == "mode"] == [PASS]
    assert {v.outcome for v in found if v.rule == "tls-version"} <= {OPEN, FAIL}
    assert {v.cause for v in found if v.outcome is OPEN} == {Cause.THROTTLED}

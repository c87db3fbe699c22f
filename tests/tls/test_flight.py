"""FirstFlight against scripted flights, and against real servers on loopback or a socket pair."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import trustme
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtls.evidence import (
    AlertAnswer,
    ClosedAnswer,
    HelloEvidence,
    Missing,
    ServerAnswer,
)
from mailtls.probe.questions import Offer
from mailtls.terms import Cause, Phase, TlsVersion
from mailtls.tls import offers
from mailtls.tls.codepoints import SuiteKind, suite_by_name, suites, suites_where
from mailtls.tls.flight import FirstFlight

_SPEC = spec_from_file_location("flights", Path(__file__).parents[1] / "fuzz" / "flights.py")
assert _SPEC
assert _SPEC.loader
flights = module_from_spec(_SPEC)
_SPEC.loader.exec_module(flights)

EVERYTHING = flights.EVERYTHING


def answered(offer: Offer, data: bytes) -> ServerAnswer:
    outcome, _engine = flights.answer_to(offer, data)
    assert isinstance(outcome, HelloEvidence), outcome
    assert isinstance(outcome.answer, ServerAnswer), outcome
    return outcome.answer


def missed(offer: Offer, data: bytes) -> Missing:
    outcome, _engine = flights.answer_to(offer, data)
    assert isinstance(outcome, Missing), outcome
    assert outcome.phase is Phase.HANDSHAKE
    return outcome


# Scripted flights


@pytest.mark.parametrize(("offer", "data"), flights.FLIGHTS)
def test_a_flight_byte_by_byte_is_the_flight_as_a_whole(offer, data):
    whole, engine = flights.answer_to(offer, data + b"\x17\x03\x03")
    pieces, other = flights.answer_to(offer, data + b"\x17\x03\x03", 1)
    assert pieces == whole
    assert isinstance(whole, HelloEvidence)
    assert engine.trailing == other.trailing == b"\x17\x03\x03"
    assert engine.transcript == other.transcript


@pytest.mark.parametrize(("offer", "data"), flights.FLIGHTS)
def test_a_flight_cut_anywhere_is_no_answer(offer, data):
    for end in range(1, len(data)):
        outcome, _engine = flights.answer_to(offer, data[:end])
        match outcome:
            case Missing():
                assert outcome.cause is Cause.CLOSED
            case _:  # the one flight that begins with a warning, cut right after it
                assert outcome.answer == AlertAnswer(alert=112, name="unrecognized_name")
                assert data[:end] == flights.record(b"\x01\x70", kind=21)


def test_a_whole_flight_gives_every_fact():
    answer = answered(*flights.FLIGHTS[0])
    assert answer == ServerAnswer(
        version=0x0303,
        suite=0xC02F,
        compression=0,
        retry=False,
        group=0x1D,
        dh_bits=0,
        extensions=(0xFF01, 23, 16),
        alpn="smtp",
        certificates=(b"leaf" * 200, b"issuer" * 100),
        staple=True,
        anonymous=False,
        downgrade_sentinel=False,
    )


def test_ssl2_export_and_deflate_are_told():
    ssl2 = answered(*flights.FLIGHTS[9])
    assert (ssl2.version, ssl2.suite, ssl2.certificates) == (2, 0x010080, (b"der",))
    weak = answered(*flights.FLIGHTS[1])
    assert (weak.version, weak.compression, weak.dh_bits) == (0x0301, 1, 512)
    assert SuiteKind.EXPORT in suites()[weak.suite].kinds


def test_an_ssl2_server_without_a_common_kind_still_speaks_ssl2():
    assert answered(offers.ssl2(), flights.ssl2_server_hello()).version == 2
    outcome, _engine = flights.answer_to(offers.ssl2(), b"\x80\x03\x00\x00\x01")
    assert outcome.answer == AlertAnswer(alert=1, name="ssl2_no_cipher")


@pytest.mark.parametrize(("sentinel", "told"), [(b"DOWNGRD\x01", True), (b"DOWNGRD\x02", False)])
def test_the_downgrade_sentinel_is_told(sentinel, told):
    hello = flights.server_hello(0x0303, 0x009C, hello_random=bytes(24) + sentinel)
    data = flights.record(hello + flights.certificate(b"leaf") + flights.DONE)
    assert answered(EVERYTHING, data).downgrade_sentinel is told


def test_a_choice_is_answered_with_user_canceled_in_its_version():
    for index, expected in ((0, "150303000202 5a"), (2, "15030000020 25a"), (7, "15030300020 25a")):
        engine = FirstFlight(flights.FLIGHTS[index][0], "", flights.RANDOM)
        engine.data_to_send()
        engine.receive_data(flights.FLIGHTS[index][1])
        assert engine.data_to_send() == bytes.fromhex(expected.replace(" ", ""))
        assert engine.data_to_send() == b""


def test_the_end_of_the_stream_alone_is_a_close():
    outcome, engine = flights.answer_to(EVERYTHING, b"")
    assert outcome == HelloEvidence(answer=ClosedAnswer(reset=False))
    assert engine.data_to_send() == b""


CERTIFICATE = flights.certificate(b"leaf")
TLS13 = offers.exactly(TlsVersion.TLS1_3)


@pytest.mark.parametrize(
    ("offer", "data", "detail"),
    [
        (EVERYTHING, b"220 mail.example.org\r\n", "not TLS, it begins with: 220 m"),
        (EVERYTHING, b"\x16\x03\x03\xff\xff", "a record of 65535 bytes"),
        (EVERYTHING, b"\x16\x03\x03\x00\x00", "an empty record"),
        (EVERYTHING, flights.record(b"\x0b\x7f\xff\xff"), "a handshake message of 8388607 bytes"),
        (EVERYTHING, flights.record(flights.message(0, b"")) * 65, "more than 64 records"),
        (EVERYTHING, flights.record(b"\x00", kind=20), "a record of type 20"),
        (EVERYTHING, flights.record(b"\x03\x28", kind=21), "an alert of level 3"),
        (EVERYTHING, flights.record(b"\x02", kind=21), "a cut alert"),
        (EVERYTHING, flights.record(CERTIFICATE), "type 11 out of order"),
        (EVERYTHING, flights.record(flights.server_hello(0x0304, 0x1301)), "TLSv1.3 was not"),
        (EVERYTHING, flights.record(flights.server_hello(0x0303, 0x1301)), "TLS_AES_128_GCM"),
        (EVERYTHING, flights.record(flights.server_hello(0x0303, 0xFAFA)), "0xFAFA was not"),
        (EVERYTHING, flights.record(flights.server_hello(0x0303, 0x9C, compression=64)), "64 was"),
        (
            EVERYTHING,
            flights.record(flights.server_hello(0x0303, 0x9C) + CERTIFICATE + CERTIFICATE),
            "type 11 out of order",
        ),
        (
            EVERYTHING,
            flights.record(flights.server_hello(0x0303, 0x9C) + flights.DONE),
            "TLS_RSA_WITH_AES_128_GCM_SHA256 with 0 certificates",
        ),
        (
            EVERYTHING,
            flights.record(flights.server_hello(0x0303, 0x9C) + flights.dh_exchange(1024)),
            "a ServerKeyExchange for TLS_RSA_WITH_AES_128_GCM_SHA256",
        ),
        (
            EVERYTHING,
            flights.record(flights.server_hello(0x0303, 0x9E) + CERTIFICATE + flights.DONE),
            "without a ServerKeyExchange",
        ),
        (TLS13, flights.retry(0x1301, 0x001A), "group brainpoolP256r1 was not offered"),
        (offers.ssl2(), flights.ssl2_server_hello(0x123456), "without a kind that was offered"),
        (offers.ssl2(), flights.record(flights.server_hello(0x0303, 0x9C)), "TLSv1.2 was not"),
    ],
)
def test_a_contradiction_is_malformed(offer, data, detail):
    missing = missed(offer, data)
    assert missing.cause is Cause.MALFORMED
    assert detail in missing.detail


def test_an_older_version_than_offered_is_an_answer_up_to_tls12():
    data = flights.record(flights.server_hello(0x0301, 0x2F) + CERTIFICATE + flights.DONE)
    assert answered(offers.exactly(TlsVersion.TLS1_2), data).version == 0x0301


@pytest.mark.parametrize("offer", [EVERYTHING, offers.ssl2()])
@pytest.mark.parametrize("cut", [None, 1, 3])
@pytest.mark.parametrize(
    "said", [b"-ERR STLS failed\r\n", b"m2 NO failed\r\n", b"m2 BAD\r\n", b'NO "failed"\r\n']
)
def test_a_no_in_clear_is_a_refusal_as_a_close_is(offer, said, cut):
    outcome, engine = flights.answer_to(offer, said, cut)
    assert outcome == HelloEvidence(answer=ClosedAnswer(reset=False))
    assert engine.transcript[-1].text == "refused in clear"


@pytest.mark.parametrize(
    "said", [b"454 4.7.0 TLS not available\r\n", b"* BYE later\r\n", b"m2 OK go\r\n", b"+OK so\r\n"]
)
def test_other_text_in_clear_is_none(said):
    outcome, _ = flights.answer_to(EVERYTHING, said)
    assert isinstance(outcome, Missing)
    assert outcome.cause is Cause.MALFORMED


def test_what_is_held_is_bounded_whatever_comes():
    engine = FirstFlight(EVERYTHING, "", flights.RANDOM)
    part = flights.record(bytes([11, 1, 255, 255]) + bytes(16380))
    for _ in range(64):
        engine.receive_data(part)
    assert isinstance(engine.outcome, Missing)


@given(st.sampled_from(flights.FLIGHTS), st.binary(max_size=600))
def test_any_bytes_have_a_documented_outcome(flight, data):
    offer, start = flight
    for candidate in (data, start[: len(start) // 2] + data):
        outcome, engine = flights.answer_to(offer, candidate)
        flights.documented(offer, outcome, engine)


@settings(max_examples=30)
@given(st.integers(min_value=1, max_value=400))
def test_pieces_of_any_size_give_the_same_outcome(size):
    for offer, data in flights.FLIGHTS:
        assert flights.answer_to(offer, data, size)[0] == flights.answer_to(offer, data)[0]


def test_mutated_flights_have_documented_outcomes():
    seen = flights.run(4000, seed=7)
    assert sum(seen.values()) == 4000
    assert {"server", "alert", "MALFORMED", "CLOSED"} <= set(seen)


# Real servers


def exchange(connection: socket.socket, engine: FirstFlight) -> HelloEvidence | Missing | None:
    connection.settimeout(20)
    connection.sendall(engine.data_to_send())
    while engine.outcome is None:
        data = connection.recv(4096)
        if data:
            engine.receive_data(data)
        else:
            engine.receive_eof()
    farewell = engine.data_to_send()
    if farewell:
        connection.sendall(farewell)
    return engine.outcome


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    ca = trustme.CA(key_type=trustme.KeyType.RSA)
    leaf = ca.issue_cert("mail.example.org", key_type=trustme.KeyType.RSA)
    leaf.private_key_pem.write_to_path(folder / "key.pem")
    leaf.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    ca.cert_pem.write_to_path(folder / "ca.pem")
    response = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    from cryptography.hazmat.primitives.serialization import Encoding

    folder.joinpath("status.der").write_bytes(response.public_bytes(Encoding.DER))
    command = ("openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:modp_1536")
    subprocess.run([*command, "-out", folder / "dh.pem"], check=True, capture_output=True)
    return folder


@contextmanager
def openssl_server(pki: Path, *arguments: str) -> Iterator[Callable[[Offer], HelloEvidence]]:
    credentials = ("-key", "key.pem", "-cert", "cert.pem", "-cert_chain", "ca.pem")
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", *credentials, *arguments]
    with subprocess.Popen(
        command, cwd=pki, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.PIPE
    ) as server:
        assert server.stdout
        lines = iter(server.stdout.readline, b"")
        port = next(int(line.rpartition(b":")[2]) for line in lines if line.startswith(b"ACCEPT"))

        def ask(offer: Offer) -> HelloEvidence:
            engine = FirstFlight(offer, "mail.example.org", flights.RANDOM)
            with socket.create_connection(("127.0.0.1", port)) as connection:
                outcome = exchange(connection, engine)
            assert isinstance(outcome, HelloEvidence), outcome
            return outcome

        try:
            yield ask
        finally:
            server.kill()


LOW = ("-cipher", "ALL:@SECLEVEL=0")


@pytest.mark.parametrize(
    ("flag", "version"),
    [
        ("-tls1", TlsVersion.TLS1_0),
        ("-tls1_1", TlsVersion.TLS1_1),
        ("-tls1_2", TlsVersion.TLS1_2),
        ("-tls1_3", TlsVersion.TLS1_3),
    ],
)
def test_openssl_answers_with_its_one_version_or_refuses(pki, flag, version):
    with openssl_server(pki, flag, *LOW) as ask:
        for asked in (version for version in TlsVersion if version >= TlsVersion.TLS1_0):
            answer = ask(offers.exactly(asked)).answer
            # Up to TLS 1.2 a hello names its highest version only: the older one answers it.
            if asked == version or version < asked < TlsVersion.TLS1_3:
                assert isinstance(answer, ServerAnswer)
                assert answer.version == version
                assert answer.retry is (version == TlsVersion.TLS1_3)
            else:
                assert isinstance(answer, AlertAnswer)
                assert answer.name in {"protocol_version", "handshake_failure"}
        assert not isinstance(ask(offers.ssl2()).answer, ServerAnswer)
        assert not isinstance(ask(offers.at_most(TlsVersion.SSL3)).answer, ServerAnswer)


def test_openssl_tells_dh_size_staple_chain_and_facts(pki):
    arguments = ("-tls1_2", *LOW, "-dhparam", "dh.pem", "-status_file", "status.der")
    with openssl_server(pki, *arguments) as ask:
        answer = ask(offers.finite_field()).answer
        assert (answer.dh_bits, answer.group, len(answer.certificates)) == (1536, 0, 2)
        control = ask(offers.facts(frozenset({0xC02F}))).answer
        assert {5, 23, 0xFF01} <= set(control.extensions)
        assert (control.version, control.compression, control.staple) == (0x0303, 0, True)
        assert ask(offers.authenticated_by("RSA")).answer.staple is True
        assert ask(offers.authenticated_by("ECDSA")).answer.alert == 40


def test_openssl_hands_out_certificate_timestamps_to_who_asks(pki):
    listed = b"\0\x03\0\x01\0"
    info = b"\0\x12" + len(listed).to_bytes(2) + listed
    text = base64.encodebytes(info).decode()
    kind = "SERVERINFO FOR EXTENSION 18"
    (pki / "info.pem").write_text(f"-----BEGIN {kind}-----\n{text}-----END {kind}-----\n")
    with openssl_server(pki, "-tls1_2", *LOW, "-serverinfo", "info.pem") as ask:
        assert ask(offers.facts(frozenset())).answer.timestamps == listed
        assert ask(offers.authenticated_by("RSA")).answer.timestamps == b""


def test_openssl_tells_anonymous_suites_and_curves(pki):
    with openssl_server(pki, "-tls1_2", *LOW, "-groups", "P-384:X25519") as ask:
        anonymous = ask(offers.only_suites(sorted(suites_where(SuiteKind.ANONYMOUS)), "anon"))
        assert anonymous.answer.anonymous is True
        assert anonymous.answer.certificates == ()
        curve = offers.groups_only((0x18,), TlsVersion.TLS1_2)
        assert ask(curve).answer.group == 0x18
        assert ask(offers.groups_only((0x17,), TlsVersion.TLS1_2)).answer.alert == 40


def test_openssl_names_its_group_by_retry_and_refuses_others(pki):
    with openssl_server(pki, "-groups", "P-384:X25519") as ask:
        answer = ask(offers.groups_only((0x18,))).answer
        assert (answer.retry, answer.group, answer.version) == (True, 0x18, 0x0304)
        assert ask(offers.groups_only((0x17,))).answer == AlertAnswer(
            alert=40, name="handshake_failure"
        )
        assert ask(offers.at_most(TlsVersion.TLS1_2)).answer.downgrade_sentinel is True


def test_a_complement_is_refused_where_its_control_is_answered(pki):
    strict = suite_by_name("ECDHE-RSA-AES256-GCM-SHA384")
    assert strict
    with openssl_server(pki, "-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384") as ask:
        allowed = frozenset({strict})
        complement = offers.complement(allowed)
        assert complement
        assert ask(complement).answer.name == "handshake_failure"
        assert ask(offers.facts(allowed)).answer.suite == strict
        found = offers.complement(frozenset({0x9C}))
        assert found
        assert ask(found).answer.suite == strict


GNUTLS_DRIVER = """
import json, socket, subprocess, sys, time
from mailtls.probe.questions import Offer
from mailtls.tls.flight import FirstFlight
order = json.load(sys.stdin)
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
server = subprocess.Popen(order["server"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
flights = []
for offer in order["offers"]:
    engine = FirstFlight(Offer(**{k: tuple(v) if isinstance(v, list) else v
                                  for k, v in offer.items()}), "", bytes(32))
    for attempt in range(200):
        try:
            connection = socket.create_connection(("127.0.0.1", 5556), timeout=20)
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    connection.sendall(engine.data_to_send())
    captured = b""
    while engine.outcome is None and (data := connection.recv(4096)):
        captured += data
        engine.receive_data(data)
    connection.sendall(engine.data_to_send())
    connection.close()
    flights.append(captured.hex())
server.kill()
server.wait()
json.dump(flights, sys.stdout)
"""


def gnutls_flights(pki: Path, priority: str, asked: list[Offer]) -> list[bytes]:
    """Return the flights of gnutls-serv, which has no loopback-only mode, in a network of its own."""
    server = ["gnutls-serv", "-p", "5556", "-q", "--noticket", "-a", "--priority", priority]
    server += ["--x509keyfile", "key.pem", "--x509certfile", "cert.pem"]
    order = {"server": server, "offers": [asdict(offer) for offer in asked]}
    done = subprocess.run(
        ["unshare", "-rn", sys.executable, "-c", GNUTLS_DRIVER],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        cwd=pki,
        env={
            "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        },
        timeout=60,
        check=True,
    )
    return [bytes.fromhex(flight) for flight in json.loads(done.stdout)]


def test_gnutls_accepts_rc4_3des_and_anonymous_suites(pki):
    priority = "LEGACY:+VERS-ALL:+ARCFOUR-128:+3DES-CBC:+ANON-ECDH:+ANON-DH:+MD5:+SHA1:+SIGN-ALL"
    kinds = (SuiteKind.RC4, SuiteKind.TRIPLE_DES, SuiteKind.ANONYMOUS, SuiteKind.EXPORT)
    asked = [offers.only_suites(sorted(suites_where(kind)), kind) for kind in kinds]
    asked.append(offers.at_most(TlsVersion.TLS1_1))
    asked.append(offers.facts(frozenset({0xC02F})))
    asked.append(offers.exactly(TlsVersion.TLS1_3))
    taken = gnutls_flights(pki, priority, asked)
    for offer, data, kind in zip(asked, taken, kinds[:3], strict=False):
        assert kind in suites()[answered(offer, data).suite].kinds
    outcome, _engine = flights.answer_to(asked[3], taken[3])
    assert outcome.answer.name == "handshake_failure"
    assert answered(asked[4], taken[4]).version == TlsVersion.TLS1_1
    assert answered(asked[5], taken[5]).version == TlsVersion.TLS1_2
    assert answered(asked[6], taken[6]).retry is True


def tlslite(pki: Path, offer: Offer, **wanted: object) -> HelloEvidence | Missing | None:
    from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey

    chain = X509CertChain()
    chain.parsePemList(pki.joinpath("cert.pem").read_text())
    key = parsePEMKey(pki.joinpath("key.pem").read_text(), private=True)
    handshake = HandshakeSettings()
    for name, value in wanted.items():
        setattr(handshake, name, value)
    ours, theirs = socket.socketpair()

    def serve() -> None:
        connection = TLSConnection(theirs)
        with theirs:
            try:
                connection.handshakeServer(certChain=chain, privateKey=key, settings=handshake)
            except Exception as error:  # noqa: BLE001 - our alert ends it, by whatever class
                reasons.append(type(error).__name__)

    reasons: list[str] = []
    thread = threading.Thread(target=serve)
    thread.start()
    with ours:
        outcome = exchange(ours, FirstFlight(offer, "", flights.RANDOM))
    thread.join(20)
    assert reasons
    return outcome


# tlslite-ng imports asyncore and asynchat, for a class that is not used here.
@pytest.mark.parametrize("number", [0, 90])
@pytest.mark.parametrize("level", [1, 2])
def test_an_alert_of_closure_is_a_way_to_hang_up(level, number):
    """RFC 8446 section 6.1: neither says that anything was wrong with the hello."""
    flight = FirstFlight(offers.exactly(TlsVersion.TLS1_1), "", bytes(32))
    flight.receive_data(bytes((21, 3, 3, 0, 2, level, number)))
    flight.receive_eof()
    assert flight.outcome == HelloEvidence(answer=ClosedAnswer(reset=False))


old_imports = pytest.mark.filterwarnings("ignore:The async:DeprecationWarning")


@old_imports
def test_tlslite_accepts_sslv3_and_null(pki):
    old = {"minVersion": (3, 0), "maxVersion": (3, 3)}
    outcome = tlslite(pki, offers.at_most(TlsVersion.SSL3), **old)
    assert outcome.answer.version == TlsVersion.SSL3
    assert 0xFF01 in outcome.answer.extensions
    null = offers.any_of(suites_where(SuiteKind.NULL), "NULL")[0]
    outcome = tlslite(pki, null, cipherNames=["null"], macNames=["sha"], **old)
    assert suites()[outcome.answer.suite].encryption == "NULL"


@old_imports
@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("x25519mlkem768", 0x11EC),
        ("secp256r1mlkem768", 0x11EB),
        ("secp384r1mlkem1024", 0x11ED),
    ],
)
def test_tlslite_names_a_hybrid_group_by_retry(pki, name, group):
    wanted = {"eccCurves": [name, "secp256r1"], "keyShares": [name]}
    outcome = tlslite(pki, offers.groups_only((group,)), **wanted)
    assert (outcome.answer.retry, outcome.answer.group) == (True, group)
    refused = tlslite(pki, offers.groups_only((0x1E,)), **wanted)
    assert refused.answer.name == "handshake_failure"


def test_a_long_hello_is_read_to_its_end(pki):
    long = replace(EVERYTHING, suites=(*range(0xE500, 0xE6C2), *EVERYTHING.suites))
    with openssl_server(pki, "-tls1_2", "-cipher", "AES128-SHA") as ask:
        assert ask(long).answer.suite == 0x2F

from __future__ import annotations

import socket
import subprocess
import threading
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from mailtls.evidence import HandshakeRefused, Missing, Spoken, WrongMode
from mailtls.terms import Cause, Phase, TlsVersion
from mailtls.tls.session import FIRST_BYTES, HANDSHAKE_LIMIT, Handshake, TlsSession

UNAUTHORIZED = b"\x30\x03\x0a\x01\x06"  # a whole OCSPResponse (RFC 6960 section 4.2.1)


def classify(data: bytes) -> Spoken:
    return Spoken.SMTP if data.startswith(b"220") else Spoken.UNKNOWN


def client(name: str = "mail.example.org", **options) -> TlsSession:
    return TlsSession(name, classify=classify, **options)


def server_context(leaf, *chain, version: int | None = None, ask: bool = False, **hooks):
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    if version:
        context.set_min_proto_version(version)
        context.set_max_proto_version(version)
    context.use_certificate(leaf.certificate)
    context.use_privatekey(leaf.key)
    for above in chain:
        context.add_extra_chain_cert(above.certificate)
    if ask:
        demand = SSL.VERIFY_PEER | (SSL.VERIFY_FAIL_IF_NO_PEER_CERT if ask == "demand" else 0)
        context.set_verify(demand, lambda *_: True)
    if "staple" in hooks:
        context.set_ocsp_server_callback(lambda _connection, data: data, hooks["staple"])
    if "alpn" in hooks:
        context.set_alpn_select_callback(lambda _connection, _offered: hooks["alpn"])
    return context


class Server:
    """The other end, in memory as well."""

    def __init__(self, context: SSL.Context) -> None:
        self.connection = SSL.Connection(context, None)
        self.connection.set_accept_state()

    def answer(self, data: bytes) -> bytes:
        if data:
            self.connection.bio_write(data)
        with suppress(SSL.Error):
            self.connection.do_handshake()
        return self.pending()

    def pending(self) -> bytes:
        parts = []
        with suppress(SSL.Error):
            while True:
                parts.append(self.connection.bio_read(65536))
        return b"".join(parts)

    def say(self, text: bytes) -> bytes:
        self.connection.sendall(text)
        return self.pending()

    def hear(self, data: bytes) -> bytes:
        self.connection.bio_write(data)
        return self.connection.recv(65536)


def meet(session: TlsSession, server: Server) -> None:
    while sent := session.data_to_send():
        session.receive_data(server.answer(sent))


def handshake_with(session: TlsSession, server: Server) -> Handshake:
    meet(session, server)
    assert isinstance(session.outcome, Handshake)
    return session.outcome


VERSIONS = [TlsVersion.TLS1_0, TlsVersion.TLS1_1, TlsVersion.TLS1_2, TlsVersion.TLS1_3]


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_gives_its_facts(leaf, intermediate, root, version: TlsVersion) -> None:
    session = client()
    assert session.phase is Phase.HANDSHAKE
    server = Server(server_context(leaf, intermediate, root, version=version))
    found = handshake_with(session, server)
    assert found.version == version
    assert found.chain == (leaf.der, intermediate.der, root.der)
    assert found.cipher == server.connection.get_cipher_name()
    assert found.group == server.connection.get_group_name()
    assert (found.alpn, found.staple, found.client_certificate_requested) == ("", b"", False)
    assert session.phase is Phase.AFTER_TLS
    assert session.trailing == b""
    assert server.connection.get_servername() == b"mail.example.org"
    assert session.transcript[-1].text.startswith(f"{version.label}, {found.cipher}, ")
    assert session.transcript[-1].text.endswith(
        "certificate CN=mail.example.org, 3 certificates sent"
    )


def test_a_hybrid_group_is_agreed_on_by_default(leaf) -> None:
    session = client()
    handshake_with(session, Server(server_context(leaf)))
    assert session.outcome.group == "X25519MLKEM768"


@pytest.mark.parametrize("name", ["", "192.0.2.1", "2001:db8::1"])
def test_no_server_name_is_sent_for_nothing_and_for_addresses(leaf, name: str) -> None:
    server = Server(server_context(leaf))
    handshake_with(client(name), server)
    assert server.connection.get_servername() is None


def test_a_weak_key_does_not_hinder_collecting(authority) -> None:
    issued = authority.issue("weak", key=authority.rsa_key(1024))
    assert handshake_with(client(), Server(server_context(issued))).chain == (issued.der,)


@pytest.mark.parametrize("version", [TlsVersion.TLS1_2, TlsVersion.TLS1_3])
def test_a_staple_and_a_protocol_are_collected(leaf, version: TlsVersion) -> None:
    context = server_context(leaf, version=version, staple=UNAUTHORIZED, alpn=b"smtp")
    found = handshake_with(client(alpn=("smtp",)), Server(context))
    assert found.staple == UNAUTHORIZED
    assert found.alpn == "smtp"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_request_for_a_client_certificate_is_seen(leaf, version: TlsVersion) -> None:
    found = handshake_with(client(), Server(server_context(leaf, version=version, ask=True)))
    assert found.client_certificate_requested


def test_a_demanded_client_certificate_is_an_alert_before_tls_1_3(leaf) -> None:
    session = client()
    server = Server(server_context(leaf, version=TlsVersion.TLS1_2, ask="demand"))
    for _ in range(3):
        session.receive_data(server.answer(session.data_to_send()))
    assert session.outcome == HandshakeRefused(alert=40, name="handshake_failure")


def test_a_demanded_client_certificate_is_an_alert_after_the_handshake_of_tls_1_3(leaf) -> None:
    session = client()
    server = Server(server_context(leaf, version=TlsVersion.TLS1_3, ask="demand"))
    handshake_with(session, server)
    session.receive_data(server.pending())
    session.receive_data(server.answer(b""))
    assert session.refused == HandshakeRefused(alert=116, name="certificate_required")
    assert session.closed


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
@pytest.mark.parametrize("version", [TlsVersion.TLS1_2, TlsVersion.TLS1_3])
def test_the_cut_of_the_stream_does_not_matter(leaf, version: TlsVersion, step: int) -> None:
    session, server = client(), Server(server_context(leaf, version=version))
    for _ in range(4):
        reply = server.answer(session.data_to_send())
        for start in range(0, len(reply), step):
            session.receive_data(reply[start : start + step])
    assert isinstance(session.outcome, Handshake)
    assert session.outcome.chain == (leaf.der,)


@pytest.mark.parametrize("version", [TlsVersion.TLS1_2, TlsVersion.TLS1_3])
def test_an_end_at_every_position_is_closed(leaf, version: TlsVersion) -> None:
    context = server_context(leaf, version=version)
    probe = client()
    size = len(Server(context).answer(probe.data_to_send()))
    for cut in range(0, size - 160, 3):
        session = client()
        flight = Server(context).answer(session.data_to_send())
        session.receive_data(flight[:cut])
        assert session.outcome is None
        session.receive_eof()
        assert isinstance(session.outcome, Missing)
        assert (session.outcome.phase, session.outcome.cause) == (Phase.HANDSHAKE, Cause.CLOSED)
        assert session.closed


def test_both_directions_carry_data(leaf) -> None:
    session, server = client(), Server(server_context(leaf))
    handshake_with(session, server)
    session.receive_data(server.say(b"220 mail.example.org\r\n"))
    assert session.read() == b"220 mail.example.org\r\n"
    assert session.read() == b""
    session.write(b"EHLO x\r\n")
    session.write(b"")
    assert server.hear(session.data_to_send()) == b"EHLO x\r\n"


def test_plaintext_in_the_last_flight_is_not_lost(leaf) -> None:
    session = client()
    server = Server(server_context(leaf, version=TlsVersion.TLS1_2))
    session.receive_data(server.answer(session.data_to_send()))
    finished = server.answer(session.data_to_send())
    session.receive_data(finished + server.say(b"* OK ready\r\n"))
    assert isinstance(session.outcome, Handshake)
    assert session.read() == b"* OK ready\r\n"


def test_much_plaintext_is_handed_out_in_parts(leaf) -> None:
    session, server = client(), Server(server_context(leaf))
    handshake_with(session, server)
    for _ in range(5):
        session.receive_data(server.say(b"x" * 500_000))
    parts = [session.read() for _ in range(4)]
    assert max(map(len, parts)) < 2_000_000
    assert sum(map(len, parts)) == 2_500_000


def test_the_peer_says_goodbye(leaf) -> None:
    session, server = client(), Server(server_context(leaf))
    handshake_with(session, server)
    server.connection.shutdown()
    session.receive_data(server.pending())
    assert session.closed
    assert session.ended is Cause.CLOSED
    assert session.refused is None
    assert session.transcript[-1].text == "the server sent the alert close_notify"


def test_we_say_goodbye(leaf) -> None:
    session, server = client(), Server(server_context(leaf))
    handshake_with(session, server)
    session.close_notify()
    with pytest.raises(SSL.ZeroReturnError):
        server.hear(session.data_to_send())
    session.write(b"late")
    session.close_notify()
    session.data_to_send()


def test_the_end_of_the_stream_ends_the_channel_and_keeps_what_was_read(leaf) -> None:
    session, server = client(), Server(server_context(leaf))
    handshake_with(session, server)
    session.receive_data(server.say(b"221 bye\r\n"))
    session.receive_eof()
    assert session.closed
    assert session.read() == b"221 bye\r\n"


def test_a_forged_record_after_the_handshake_is_malformed(leaf) -> None:
    session, server = client(), Server(server_context(leaf))
    handshake_with(session, server)
    session.receive_data(b"\x17\x03\x03\x00\x20" + bytes(32))
    assert session.ended is Cause.MALFORMED
    session.receive_data(b"more")
    assert session.read() == b""


@pytest.mark.parametrize("version", [TlsVersion.TLS1_2, TlsVersion.TLS1_3])
def test_both_ends_export_the_same_keying_material(leaf, version: TlsVersion) -> None:
    session, server = client(), Server(server_context(leaf, version=version))
    handshake_with(session, server)
    label = b"EXPORTER-Channel-Binding"
    theirs = server.connection.export_keying_material(label, 32, b"")
    assert session.export_keying_material(label, 32) == theirs


@pytest.mark.parametrize("record_version", [b"\x03\x00", b"\x03\x01", b"\x03\x03"])
@pytest.mark.parametrize(
    ("number", "name"),
    [
        (40, "handshake_failure"),
        (70, "protocol_version"),
        (80, "internal_error"),
        (112, "unrecognized_name"),
    ],
)
def test_a_fatal_alert_is_an_answer(record_version: bytes, number: int, name: str) -> None:
    session = client()
    session.receive_data(b"\x15" + record_version + b"\x00\x02\x02" + bytes([number]))
    assert session.outcome == HandshakeRefused(alert=number, name=name)
    assert session.refused == session.outcome
    assert session.transcript[0].text == f"the server sent the fatal alert {name} ({number})"


def test_a_server_without_a_common_version_refuses(leaf) -> None:
    context = server_context(leaf)
    context.set_cipher_list(b"PSK:@SECLEVEL=0")
    context.set_max_proto_version(TlsVersion.TLS1_2)
    session = client()
    meet(session, Server(context))
    assert session.outcome == HandshakeRefused(alert=40, name="handshake_failure")


def test_a_warning_is_not_a_refusal(leaf) -> None:
    session = client()
    flight = Server(server_context(leaf, version=TlsVersion.TLS1_2)).answer(session.data_to_send())
    session.receive_data(b"\x15\x03\x03\x00\x02\x01\x70")
    assert session.outcome is None
    assert session.transcript[0].text == "the server sent the alert unrecognized_name"
    session.receive_data(flight)
    assert session.outcome is None
    session.receive_eof()
    assert isinstance(session.outcome, Missing)


def test_close_notify_instead_of_a_handshake_is_closed() -> None:
    session = client()
    session.receive_data(b"\x15\x03\x03\x00\x02\x01\x00")
    session.receive_eof()
    assert isinstance(session.outcome, Missing)
    assert session.outcome.cause is Cause.CLOSED


@pytest.mark.parametrize("step", [1, 3, 100])
def test_a_peer_that_speaks_in_clear_is_named(step: int) -> None:
    greeting = b"220 mail.example.org ESMTP\r\n"
    session = client()
    for start in range(0, len(greeting), step):
        session.receive_data(greeting[start : start + step])
    assert isinstance(session.outcome, WrongMode)
    assert session.outcome.spoken is Spoken.SMTP
    assert greeting.startswith(session.outcome.first_bytes)
    assert session.trailing == greeting
    assert session.transcript[-1].text == "the server answered the ClientHello with SMTP in clear"


def test_the_proof_of_a_wrong_mode_is_short() -> None:
    session = client()
    session.receive_data(b"x" * 5000)
    assert session.outcome == WrongMode(spoken=Spoken.UNKNOWN, first_bytes=b"x" * FIRST_BYTES)
    assert len(session.trailing) == 5000


@pytest.mark.parametrize("data", [b"+", b"2", b"220", b"+OK\n", b"\x15x", b"\x16\x02\x00\x00"])
def test_a_short_answer_in_clear_is_told_at_its_end(data: bytes) -> None:
    session = client()
    session.receive_data(data)
    assert session.outcome is None
    session.receive_eof()
    assert isinstance(session.outcome, WrongMode)
    assert session.outcome.first_bytes == data


@pytest.mark.parametrize("data", [b"", b"\x16", b"\x15\x03", b"\x16\x03\x03\x00"])
def test_the_beginning_of_a_record_and_no_more_is_closed(data: bytes) -> None:
    session = client()
    session.receive_data(data)
    session.receive_eof()
    assert isinstance(session.outcome, Missing)
    assert session.outcome.cause is Cause.CLOSED
    assert ("ClientHello" in session.outcome.detail) is (not data)


def test_an_endless_handshake_is_cut() -> None:
    session = client()
    record = b"\x16\x03\x03\x40\x00" + b"\x0b\xff\xff\xff" + bytes(16380)
    fed = 0
    while session.outcome is None and fed <= HANDSHAKE_LIMIT:
        session.receive_data(record)
        fed += len(record)
    assert isinstance(session.outcome, Missing)
    assert session.outcome.cause is Cause.MALFORMED


def test_tiny_records_without_end_are_cut() -> None:
    session = client()
    session.receive_data(b"\x16\x03\x03\x00\x01\x02" + b"\x16\x03\x03\x00\x01\x00" * 180_000)
    assert isinstance(session.outcome, Missing)
    assert session.outcome.cause is Cause.MALFORMED


@pytest.mark.parametrize(("certificates", "fits"), [(60, True), (400, False)])
def test_a_long_chain_is_collected_up_to_the_limit_of_the_library(
    leaf,
    authority,
    certificates: int,
    fits: bool,  # noqa: FBT001
) -> None:
    chain = [authority.issue(f"Padding {i}", ca=True) for i in range(certificates)]
    session = client()
    meet(session, Server(server_context(leaf, *chain)))
    if fits:
        assert isinstance(session.outcome, Handshake)
        assert len(session.outcome.chain) == certificates + 1
    else:
        assert isinstance(session.outcome, Missing)
        assert session.outcome.cause is Cause.MALFORMED
        assert session.data_to_send() == b""


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=60), max_size=6))
def test_any_bytes_are_an_outcome_at_the_end(parts: list[bytes]) -> None:
    session = client()
    for part in parts:
        session.receive_data(part)
        session.data_to_send()
    session.receive_eof()
    assert session.outcome is not None
    session.write(b"x")
    session.close_notify()
    session.receive_eof()
    session.receive_data(b"x")
    assert session.read() == b""


@settings(max_examples=150)
@given(data=st.data())
def test_any_change_of_a_flight_is_an_outcome_at_the_end(data: st.DataObject, leaf) -> None:
    session = client()
    flight = bytearray(
        Server(server_context(leaf, version=TlsVersion.TLS1_2)).answer(session.data_to_send())
    )
    for _ in range(data.draw(st.integers(1, 5))):
        flight[data.draw(st.integers(0, 9999)) % len(flight)] = data.draw(st.integers(0, 255))
    session.receive_data(bytes(flight))
    session.receive_eof()
    assert session.outcome is not None
    assert session.closed or isinstance(session.outcome, HandshakeRefused | WrongMode)


# The real thing: openssl s_server on loopback.


@contextmanager
def s_server(tmp_path, leaf, chain, *options: str):
    files = {
        "cert.pem": leaf.pem,
        "key.pem": leaf.key_pem,
        "chain.pem": b"".join(c.pem for c in chain),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    process = subprocess.Popen(
        [
            "openssl",
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-cert",
            "cert.pem",
            "-key",
            "key.pem",
            "-cert_chain",
            "chain.pem",
            "-naccept",
            "1",
            "-cipher",
            "ALL:@SECLEVEL=0",
            *options,
        ],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        port = 0
        for line in process.stdout:
            if line.startswith(b"ACCEPT"):
                port = int(line.rpartition(b":")[2])
                break
        drain = threading.Thread(target=process.stdout.read)
        drain.start()
        yield port
    finally:
        process.kill()
        process.wait()
        drain.join()
        process.stdin.close()
        process.stdout.close()


def converse(port: int, session: TlsSession) -> None:
    with socket.create_connection(("127.0.0.1", port), 10) as stream:
        while session.outcome is None:
            stream.sendall(session.data_to_send())
            data = stream.recv(65536)
            if data:
                session.receive_data(data)
            else:
                session.receive_eof()
        stream.sendall(session.data_to_send())


@pytest.mark.parametrize(
    ("option", "version"),
    [
        ("-tls1", TlsVersion.TLS1_0),
        ("-tls1_1", TlsVersion.TLS1_1),
        ("-tls1_2", TlsVersion.TLS1_2),
        ("-tls1_3", TlsVersion.TLS1_3),
    ],
)
def test_openssl_s_server_in_each_version(tmp_path, leaf, intermediate, option, version) -> None:
    session = client()
    with s_server(tmp_path, leaf, [intermediate], option, "-verify", "1") as port:
        converse(port, session)
    assert isinstance(session.outcome, Handshake)
    assert session.outcome.version == version
    assert session.outcome.chain == (leaf.der, intermediate.der)
    assert session.outcome.client_certificate_requested


@pytest.mark.parametrize("option", ["-tls1_2", "-tls1_3"])
def test_openssl_s_server_with_a_staple(tmp_path, leaf, intermediate, option) -> None:
    (tmp_path / "ocsp.der").write_bytes(UNAUTHORIZED)
    session = client()
    staple = ("-status", "-status_file", "ocsp.der")
    with s_server(tmp_path, leaf, [intermediate], option, *staple) as port:
        converse(port, session)
    assert isinstance(session.outcome, Handshake)
    assert session.outcome.staple == UNAUTHORIZED


@pytest.mark.parametrize("cipher", ["AES128-SHA", "DHE-RSA-AES128-SHA"])
def test_openssl_s_server_with_a_suite_of_old(tmp_path, authority, root, cipher: str) -> None:
    issued = authority.issue("old", root, key=authority.rsa_key(2048))
    session = client()
    with s_server(tmp_path, issued, [root], "-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0") as port:
        converse(port, session)
    assert isinstance(session.outcome, Handshake)
    assert session.outcome.cipher == cipher

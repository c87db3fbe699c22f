"""What pyOpenSSL has no method for, and the one place that touches its internals.

A client connection that offers all that the library can still speak, a witness of the messages it
decrypts, the purpose of a store, and the security level of a certificate. Constants without a
binding carry their name in OpenSSL's headers.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from OpenSSL import SSL, crypto
from OpenSSL._util import ffi, lib

from mailtls.evidence import HandshakeRefused
from mailtls.pure import pure
from mailtls.sanitizer import clean
from mailtls.terms import TlsVersion
from mailtls.tls import certificates
from mailtls.tls.alerts import CLOSE_NOTIFY, FATAL, USER_CANCELED, alert_name

# Without authentication there is no certificate, and a server that prefers such suites (Postfix does
# for opportunistic TLS) would pick one. ARIA and CCM8 keep the list under the 64 suites that some
# old servers read. Whether weak suites are accepted is asked with hellos of our own.
_CIPHERS = b"ALL:!aNULL:!eNULL:!PSK:!SRP:!ARIA:!AESCCM8:@SECLEVEL=0"

_HANDSHAKE, _ALERT = 22, 21
_SERVER_HELLO = 2  # RFC 8446 section 4, RFC 5246 section 7.4
_CERTIFICATE_REQUEST = 13  # RFC 8446 section 4, RFC 5246 section 7.4.4
_ALERT_LENGTH = 2

_PURPOSE_SSL_SERVER = 2  # X509_PURPOSE_SSL_SERVER, x509v3.h
_KEY_REASONS = (397, 399)  # SSL_R_CA_KEY_TOO_SMALL, SSL_R_EE_KEY_TOO_SMALL, sslerr.h


@pure
class Handshake:
    """A completed handshake; `version` as on the wire, names as OpenSSL prints them, "" for none.

    `chain` holds the certificates as sent, DER, leaf first; `staple` the stapled OCSP response.
    """

    version: int
    cipher: str
    group: str
    alpn: str
    chain: tuple[bytes, ...]
    staple: bytes
    client_certificate_requested: bool


class Witness:
    """Notes alerts, the staple and the request for a client certificate as they are decrypted."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._answered = False
        self.fatal: HandshakeRefused | None = None
        self.staple = b""
        self.client_certificate_requested = False
        # Bound to the witness: the library calls it for as long as the connection lives.
        self.callback = ffi.callback(
            "void (*)(int, int, int, const void *, size_t, SSL *, void *)", self._message
        )

    def take_staple(self, _connection: SSL.Connection, staple: bytes, _data: object) -> bool:
        """Keep the stapled OCSP response, b"" without one; whether it is good is not asked here."""
        self.staple = staple
        return True

    def _message(self, sent: int, version: int, kind: int, data: Any, length: int, *_: Any) -> None:  # noqa: ANN401 - C values
        if sent or not length:
            return
        head = bytes(ffi.buffer(data, min(length, _ALERT_LENGTH)))
        if kind == _HANDSHAKE:
            self._answered |= head[0] == _SERVER_HELLO
            self.client_certificate_requested |= head[0] == _CERTIFICATE_REQUEST
        elif kind == _ALERT and len(head) == _ALERT_LENGTH:
            self._alert(level=head[0], number=head[1], version=version)

    def _alert(self, *, level: int, number: int, version: int) -> None:
        name = alert_name(number)
        # Until the ServerHello, OpenSSL's version is the highest offered and says nothing yet.
        in_tls13 = self._answered and version >= TlsVersion.TLS1_3
        only_warns = level != FATAL and not in_tls13
        if only_warns or number in (CLOSE_NOTIFY, USER_CANCELED):
            self._note(f"the server sent the alert {name}")
            return
        self._note(f"the server sent the fatal alert {name} ({number})")
        self.fatal = HandshakeRefused(alert=number, name=name)


def client_connection(server_name: str, alpn: tuple[str, ...], witness: Witness) -> SSL.Connection:
    """Return a client connection over memory buffers that verifies nothing and tells the witness."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_cipher_list(_CIPHERS)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_LEGACY_SERVER_CONNECT | SSL.OP_NO_TICKET)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_ocsp_client_callback(witness.take_staple)
    # No method of pyOpenSSL sees handshake messages, and TLS 1.3 encrypts the one that asks for a
    # client certificate.
    lib.SSL_CTX_set_msg_callback(context._context, witness.callback)  # noqa: SLF001
    connection = SSL.Connection(context, None)
    connection.set_connect_state()
    connection.request_ocsp()
    if server_name and not _is_address(server_name):
        connection.set_tlsext_host_name(server_name.encode("ascii"))
    if alpn:
        connection.set_alpn_protos([name.encode("ascii") for name in alpn])
    return connection


def collect(connection: SSL.Connection, witness: Witness) -> Handshake:
    """Return what a connection agreed on whose handshake is complete."""
    chain = connection.get_peer_cert_chain() or []
    return Handshake(
        version=connection.get_protocol_version(),
        cipher=connection.get_cipher_name() or "",
        group=connection.get_group_name() or "",
        alpn=connection.get_alpn_proto_negotiated().decode("latin-1"),
        chain=tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, sent) for sent in chain),
        staple=witness.staple,
        client_certificate_requested=witness.client_certificate_requested,
    )


def describe(handshake: Handshake) -> str:
    """Return a handshake in one line for the transcript; not yet sanitized."""
    known = handshake.version in set(TlsVersion)
    version = TlsVersion(handshake.version).label if known else f"0x{handshake.version:04x}"
    what = ", ".join(part for part in (version, handshake.cipher, handshake.group) if part)
    count = len(handshake.chain)
    if not count:
        return f"{what}; no certificate sent"
    subject = certificates.parse(handshake.chain[0]).subject
    sent = "1 certificate" if count == 1 else f"{count} certificates"
    return f"{what}; certificate {subject}, {sent} sent"


def reason(error: SSL.Error) -> str:
    """Return OpenSSL's words for a person to read; nothing is decided by them."""
    queue = error.args[0] if error.args else ()
    reasons = [entry[2] for entry in queue if entry] if isinstance(queue, list) else []
    return clean(reasons[-1]) if reasons else "no reason given"


def has_weak_key(certificate: crypto.X509) -> bool:
    """Return whether the public key is below OpenSSL's default security level.

    The store's own parameter for this, auth_level, has no binding; loading the certificate into a
    context of that level asks the same question (ssl_security_cert of ssl/t1_lib.c).
    """
    context = _level_context()
    lib.ERR_clear_error()
    taken = lib.SSL_CTX_use_certificate(context._context, certificate._x509)  # noqa: SLF001
    number = 0 if taken == 1 else lib.ERR_GET_REASON(lib.ERR_peek_error())
    lib.ERR_clear_error()
    return number in _KEY_REASONS


def require_server_purpose(store: crypto.X509Store) -> None:
    """Make a store accept only paths that are good for a TLS server (extended key usage and all)."""
    lib.X509_STORE_set_purpose(store._store, _PURPOSE_SSL_SERVER)  # noqa: SLF001


def subject_of(error: crypto.X509StoreContextError) -> str:
    """Return the subject a path problem is about, "" for a problem of the whole path."""
    # pyOpenSSL wraps the null pointer of the latter like any other, and reading it would crash.
    if error.certificate._x509 == ffi.NULL:  # noqa: SLF001
        return ""
    der = crypto.dump_certificate(crypto.FILETYPE_ASN1, error.certificate)
    return certificates.parse(der).subject


@lru_cache(maxsize=1)
def _level_context() -> SSL.Context:
    context = SSL.Context(SSL.TLS_METHOD)
    # 2 is OpenSSL's default since 3.2 and Debian's since 10: 112 bits, as RSA 2048.
    context.set_cipher_list(b"DEFAULT:@SECLEVEL=2")
    return context


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True

"""The floor: one verified session by pyOpenSSL, with the steps of mailtls's own session.

python bare.py ADDRESS PORT CA HOST starttls|implicit|import
"""

from __future__ import annotations

import socket
import sys

from cryptography import x509
from OpenSSL import SSL

address, port, ca, host, mode = sys.argv[1:]
if mode == "import":
    sys.exit()
context = SSL.Context(SSL.TLS_CLIENT_METHOD)
context.load_verify_locations(ca)
context.set_verify(SSL.VERIFY_PEER)
plain = socket.create_connection((address, int(port)), timeout=10)
plain.settimeout(None)  # pyOpenSSL would see a socket with a timeout as one that never blocks


def say(to: socket.socket | SSL.Connection, command: bytes, end: bytes) -> None:
    """Send a command, if there is one, and wait for the line that ends its answer."""
    if command:
        to.send(command + b"\r\n")
    answer = b""
    while not answer.splitlines()[-1:] or not answer.splitlines()[-1].startswith(end):
        answer += to.recv(4096)


if mode == "starttls":
    say(plain, b"", b"220 ")
    say(plain, b"EHLO client.example.test", b"250 ")
    say(plain, b"STARTTLS", b"220 ")
session = SSL.Connection(context, plain)
session.set_tlsext_host_name(host.encode())
session.set_connect_state()
session.do_handshake()
leaf = session.get_peer_certificate(as_cryptography=True)
assert leaf is not None
names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
assert host in names.get_values_for_type(x509.DNSName)
if mode == "starttls":
    say(session, b"EHLO client.example.test", b"250 ")
    say(session, b"QUIT", b"221 ")
else:
    say(session, b"", b"* OK")
    say(session, b"a LOGOUT", b"a OK")

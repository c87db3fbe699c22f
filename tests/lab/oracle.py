"""What OpenSSL's s_client says of a server: the second opinion for every verdict."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography import x509

from lab.process import LabError, require

Starttls = Literal["smtp", "lmtp", "imap", "pop3", "sieve"]
Version = Literal["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
_FLAGS: dict[Version, str] = {
    "TLSv1": "-tls1",
    "TLSv1.1": "-tls1_1",
    "TLSv1.2": "-tls1_2",
    "TLSv1.3": "-tls1_3",
}
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """One run of s_client, as far as it came.

    `starttls_missing`: s_client did not find the capability (it tries on all the same). It looks
    for it in SMTP, LMTP, IMAP and ManageSieve; with POP3 it only sends STLS, so see `error` there.
    `verify_code`: X509_V_ERR_* of OpenSSL, 0 for a chain that holds; None without a handshake.
    `chain`: the certificates as sent, the leaf first. `alert`: the number the server sent.
    `error`: the reasons of OpenSSL's error queue, such as "wrong version number".
    """

    connected: bool
    timed_out: bool
    starttls_missing: bool
    protocol: str | None
    cipher: str | None
    verify_code: int | None
    verify_text: str | None
    chain: tuple[x509.Certificate, ...]
    alert: int | None
    error: str | None
    transcript: str

    @property
    def completed(self) -> bool:
        """Whether the handshake came to its end."""
        return self.protocol is not None

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects of the chain as sent (RFC 4514)."""
        return tuple(c.subject.rfc4514_string() for c in self.chain)


def s_client(
    address: str,
    port: int,
    *,
    starttls: Starttls | None = None,
    servername: str | None = None,
    ca_file: Path | None = None,
    verify_name: str | None = None,
    version: Version | None = None,
    weak: bool = False,
    timeout: float = 10.0,
) -> Handshake:
    """Shake hands once and return what was seen; without `ca_file` nothing is trusted.

    `weak` offers all that OpenSSL still can. The connection ends after the handshake without
    QUIT, which servers log.
    """
    argv = [require("openssl", "openssl"), "s_client", "-connect", f"{address}:{port}"]
    argv += ["-showcerts", "-no-CApath", "-no-CAstore"]
    argv += ["-CAfile", str(ca_file)] if ca_file else ["-no-CAfile"]
    argv += ["-servername", servername] if servername else ["-noservername"]
    argv += ["-verify_hostname", verify_name] if verify_name else []
    argv += ["-starttls", starttls, "-name", "probe.example.test"] if starttls else []
    argv += [_FLAGS[version]] if version else []
    argv += ["-cipher", "ALL:@SECLEVEL=0", "-legacy_server_connect"] if weak else []
    timed_out = False
    try:
        output = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
            # The machine's own configuration may forbid versions the lab has to see.
            env={"OPENSSL_CONF": "/dev/null"},
        ).stdout
    except subprocess.TimeoutExpired as late:
        timed_out, output = True, late.stdout or b""
    return _read(output, timed_out=timed_out)


def accepts(address: str, port: int, version: Version, *, starttls: Starttls | None = None) -> bool:
    """Return whether the server completes a handshake at exactly `version`, suites aside.

    False is the server's refusal, by an alert or as Dovecot does it, by closing without one;
    a server that cannot be asked is an error.
    """
    seen = s_client(address, port, starttls=starttls, version=version, weak=True)
    if seen.completed:
        return seen.protocol == version
    closed = seen.error is not None and "unexpected eof" in seen.error
    if seen.alert is None and not closed:
        raise LabError(f"{address}:{port} gave neither handshake nor alert:\n{seen.transcript}")
    return False


def hashed(password: str) -> str:
    """Return the password as crypt(3) keeps it, for a server's own list of users."""
    return subprocess.run(
        [require("openssl", "openssl"), "passwd", "-6", password],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def _read(output: bytes, *, timed_out: bool) -> Handshake:
    text = output.decode("utf-8", "backslashreplace")

    def find(pattern: str) -> str | None:
        match = re.search(pattern, text, re.MULTILINE)
        return match[1] if match else None

    cipher = find(r"^New, [^,]+, Cipher is (?!\(NONE\))(\S+)")
    # "New," names the version the suite is from; before TLS 1.3 the session names the one agreed.
    agreed = find(r"^ +Protocol +: (\S+)") or find(r"^New, ([^,]+),")
    code = find(r"^ *Verify return code: (\d+)")
    alert = find(r"SSL alert number (\d+)")
    reasons = re.findall(r":error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):", text)
    return Handshake(
        connected="CONNECTED(" in text,
        timed_out=timed_out,
        starttls_missing="Didn't find STARTTLS" in text or "STARTTLS not supported" in text,
        protocol=agreed if cipher else None,
        cipher=cipher,
        verify_code=int(code) if cipher and code else None,
        verify_text=find(r"^ *Verify return code: \d+ \((.+)\)") if cipher else None,
        chain=tuple(x509.load_pem_x509_certificate(pem) for pem in _PEM.findall(output)),
        alert=int(alert) if alert else None,
        error="; ".join(reasons) or None,
        transcript=text,
    )

"""For each rule the servers of its page's example: sound in everything but what the rule is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from factories import (
    CA,
    NOW,
    REFUSED,
    greeting,
    implicit_session,
    injected,
    key,
    leaf,
    missing,
    path,
    session,
    tls,
    upgraded,
)
from mailtls.evidence import (
    Capabilities,
    Missing,
    NotOffered,
    PathProblem,
    PortEvidence,
    Reply,
    Spoken,
    WrongMode,
)
from mailtls.probe.questions import (
    InjectionQuestion,
    PortQuestion,
    RevocationQuestion,
    UpgradeQuestion,
)
from mailtls.revocations import CertificateStatus, Medium, RevocationEvidence, Statement, Status
from mailtls.terms import Cause, Phase, TlsVersion
from page_deliveries import DELIVERIES, HOSTS
from page_runs import FEATURES, GOOD_SUITE, Server, Stack

DAY = timedelta(days=1)
NODES = tuple(f"192.0.2.{number}" for number in range(1, 9))
BEFORE_RENEWAL = leaf(
    sha256="0a" * 32, not_before=NOW - timedelta(days=80), not_after=NOW + timedelta(days=10)
)
RENEWED = leaf(
    sha256="0b" * 32, not_before=NOW - timedelta(days=3), not_after=NOW + timedelta(days=87)
)
NO_ISSUER = PathProblem(
    code=20, text="unable to get local issuer certificate", depth=0, subject="CN=mail.example.org"
)
OLD_SUITE = "TLS_RSA_WITH_AES_128_CBC_SHA"
TRIPLE_DES = "TLS_RSA_WITH_3DES_EDE_CBC_SHA"
ECDSA_SUITE = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
OFFERED = ("PIPELINING", "SIZE", "8BITMIME")


def showing(**changes: object) -> Server:
    """Return a server whose certificate is healthy but for these fields."""
    return Server(session=session(tls(leaf(**changes), CA)))


def alone() -> Server:
    """Return a server that sends its certificate without the intermediate."""
    served = leaf(issuer_urls=("http://ca.example/ca.der",))
    broken = path(problem=NO_ISSUER, time_problem=NO_ISSUER, verified=())
    return Server(session=session(tls(served, path=broken)))


def unlogged() -> bytes:
    """Return a certificate without timestamps, DER: the timestamps are read from the certificate itself."""
    own = ec.generate_private_key(ec.SECP256R1())
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(own.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + DAY)
        .sign(own, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


def revoked() -> RevocationEvidence:
    """Return the word of a CA that revoked the leaf, and not the intermediate."""
    today = datetime(2026, 6, 1, tzinfo=UTC)
    good = Status(status="good", this_update=today, next_update=today + 7 * DAY, signed=True)
    bad = Status(
        status="revoked",
        this_update=today,
        next_update=today + 7 * DAY,
        signed=True,
        revoked_at=NOW - 3 * DAY,
        reason="keyCompromise",
    )
    return RevocationEvidence(
        certificates=tuple(
            CertificateStatus(
                subject=facts.subject,
                sha256=facts.sha256,
                statements=(Statement(medium=Medium.CRL, url=url, says=says),),
            )
            for facts, url, says in (
                (leaf(), "http://crl.example/ca.crl", bad),
                (CA, "http://crl.example/root.crl", good),
            )
        )
    )


def logged_in_clear() -> Capabilities:
    return Capabilities(names=("PIPELINING", "STARTTLS", "AUTH"), mechanisms=("PLAIN", "LOGIN"))


def after_tls(*names: str, mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN")) -> Server:
    return Server(session=session(after=Capabilities(names=names, mechanisms=mechanisms)))


NO_TLS = missing(Phase.UPGRADE, Cause.PREREQUISITE)

OLD = Server(
    stack=Stack(
        versions=(TlsVersion.TLS1_0, TlsVersion.TLS1_2, TlsVersion.TLS1_3),
        suites=(OLD_SUITE, GOOD_SUITE, "TLS_AES_256_GCM_SHA384"),
    )
)

SERVERS: dict[str, tuple[Server, ...]] = {
    "reachable": (Server(session=REFUSED),),
    "closed": (Server(answers={PortQuestion: PortEvidence()}),),
    "runner": (
        Server(),
        Server(
            address="2001:db8::1",
            session=Missing(
                phase=Phase.CONNECT, cause=Cause.UNREACHABLE, detail="no route to the address"
            ),
        ),
    ),
    "protocol": (
        Server(
            session=implicit_session(
                greeting_after=WrongMode(
                    spoken=Spoken.IMAP,
                    first_bytes=b"* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n",
                )
            )
        ),
    ),
    "mode": (
        Server(
            session=session(
                NO_TLS,
                greeting=WrongMode(
                    spoken=Spoken.IMPLICIT_TLS,
                    first_bytes=b"\x16\x03\x03\x00\x3a\x02\x00\x00\x36\x03\x03",
                ),
            )
        ),
    ),
    "starttls-offered": (
        Server(
            session=session(
                NO_TLS,
                before=Capabilities(names=OFFERED, mechanisms=()),
                upgrade=NotOffered(capabilities=Capabilities(names=OFFERED, mechanisms=())),
            )
        ),
    ),
    "starttls-enforced": (
        Server(
            answers={UpgradeQuestion: upgraded(clear=Reply(code="250", lines=("2.1.0 Ok",)))},
        ),
    ),
    "starttls-boundary": (Server(answers={InjectionQuestion: injected("250 2.0.0 Ok")}),),
    "starttls-renewed": (
        Server(
            answers={UpgradeQuestion: upgraded(again=Reply(code="220", lines=("go ahead",)))},
        ),
    ),
    "auth-before-tls": (Server(session=session(before=logged_in_clear())),),
    "auth-mechanisms": (after_tls("PIPELINING", "AUTH"),),
    "capabilities": (after_tls("PIPELINING", "SIZE", "VRFY", "AUTH"),),
    "tls-version": (OLD,),
    "tls-cipher": (Server(stack=Stack(suites=(TRIPLE_DES, GOOD_SUITE))),),
    "tls-group": (Server(),),
    "tls-renegotiation": (Server(stack=Stack(features=FEATURES[1:])),),
    "tls-compression": (Server(stack=Stack(compression=1)),),
    "tls-master-secret": (Server(stack=Stack(features=FEATURES[:1])),),
    "tls-alpn": (Server(),),
    "certificate-trust": (alone(),),
    "certificate-name": (showing(dns_names=("www.example.org",)),),
    "certificate-expiry": (showing(not_after=NOW + timedelta(days=9)),),
    "certificate-chain": (alone(),),
    "certificate-key": (Server(),),
    "certificate-signature": (showing(signature="sha1-rsa"),),
    "certificate-usage": (
        showing(key_usage=("digitalSignature",), extended_key_usage=("emailProtection",)),
    ),
    "certificate-lifetime": (showing(),),
    "certificate-issuer": (Server(),),
    "certificate-pin": (Server(),),
    "certificate-staple": (Server(),),
    "certificate-transparency": (showing(der=unlogged(), not_before=NOW - timedelta(days=2)),),
    "certificate-revocation": (Server(answers={RevocationQuestion: revoked()}),),
    "certificate-algorithms": (
        Server(
            session=session(tls(leaf(key=key("ecdsa", 256, "P-256")), CA)),
            stack=Stack(suites=(ECDSA_SUITE,), groups=("x25519", "secp256r1")),
        ),
    ),
    "address-agreement": (
        *(Server(address=address, session=session(tls(RENEWED, CA))) for address in NODES[:-1]),
        Server(address=NODES[-1], session=session(tls(BEFORE_RENEWAL, CA))),
    ),
    "certificate-agreement": (
        Server(port=465, session=implicit_session(tls(RENEWED, CA))),
        Server(
            port=993,
            session=implicit_session(
                tls(BEFORE_RENEWAL, CA), greeting_after=greeting("Dovecot ready.")
            ),
        ),
    ),
    "agreement": (
        Server(host="a.example.org"),
        Server(
            host="b.example.org",
            address="192.0.2.2",
            session=implicit_session(
                tls(version=TlsVersion.TLS1_2, cipher="ECDHE-RSA-AES128-GCM-SHA256")
            ),
        ),
    ),
    "waiver": (OLD,),
    **dict.fromkeys(DELIVERIES, HOSTS),
}

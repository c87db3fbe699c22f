"""The handshake of a session, and what is kept of it."""

from __future__ import annotations

from mailtls.evidence import HandshakeRefused, Missing, TlsFacts, WrongMode
from mailtls.policy.model import Anchors
from mailtls.probe.attempt import Attempt
from mailtls.probe.conversation import BoundedStream
from mailtls.tls import certificates, path
from mailtls.tls.session import Handshake, TlsSession


async def handshake(
    attempt: Attempt, anchors: Anchors, channel: TlsSession, stream: BoundedStream
) -> TlsFacts | HandshakeRefused | WrongMode | Missing:
    """Shake hands and return what was agreed on, the chain verified against `anchors`."""
    done: Handshake | HandshakeRefused | WrongMode | Missing = await attempt.run(stream, channel)
    if not isinstance(done, Handshake):
        return done
    return TlsFacts(
        version=done.version,
        cipher=done.cipher,
        group=done.group,
        alpn=done.alpn,
        chain=tuple(certificates.parse(der) for der in done.chain),
        path=path.validate(
            done.chain,
            anchors,
            at=attempt.settings.now(),
            extra_pem=attempt.settings.extra_anchors,
            system=attempt.settings.system_anchors,
        ),
        staple=done.staple,
        client_certificate_requested=done.client_certificate_requested,
    )

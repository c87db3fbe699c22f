"""One HTTP or HTTPS request over our own streams: bounded in bytes and time, never redirected.

HTTPS is verified as a mail session is: the chain by OpenSSL at the moment of the run, the name by
RFC 9525, and TLS 1.2 or later (RFC 9325 section 3.1.1), for a probe's hello offers all there is. What
cannot be verified is not asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from mailtls.dialects.classify import classify
from mailtls.evidence import HandshakeRefused, Line, Missing, WrongMode
from mailtls.net.interface import Network, Stream, StreamError
from mailtls.policy.model import Anchors
from mailtls.probe.attempt import CONNECT_SECONDS, Settings
from mailtls.probe.conversation import BoundedStream, TlsStream, converse, drain
from mailtls.probe.http import HEAD_LIMIT, HttpAnswer, HttpExchange
from mailtls.probe.questions import Service
from mailtls.pure import pure
from mailtls.terms import Cause, Phase, TlsVersion
from mailtls.tls import certificates, identity
from mailtls.tls.session import Handshake, TlsSession

PORTS = {"http": 80, "https": 443}

TLS_OVERHEAD = 64 * 1024
"""Bytes a connection may carry beyond head and body: a handshake with its chain, and framing."""

SYSTEM = Anchors(label="system")


@pure
class WebRequest:
    """What is asked of a URL. `body_limit` is in bytes, `seconds` bounds the whole exchange.

    `headers` may hold a secret: only method, path and status are told in `WebAnswer.transcript`.
    """

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    body_limit: int = 256 * 1024
    seconds: float = 15.0


@pure
class WebAnswer:
    """The answer to a request, whatever its status, and what was said on the way.

    `address` is who was asked, `version` and `cipher` the session's as OpenSSL prints them, "" in clear.
    """

    answer: HttpAnswer
    transcript: tuple[Line, ...]
    address: str
    version: str
    cipher: str


def split(url: str) -> SplitResult | None:
    """Return an absolute HTTP or HTTPS URL in its parts, or None for anything else."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    plain = url.isascii() and url.isprintable() and " " not in url
    return parts if usable and plain and "@" not in parts.netloc else None


def service_of(parts: SplitResult) -> Service:
    """Return where the URL of `parts` leads: whoever is asked there, and gets what goes with it."""
    return Service(host=parts.hostname or "", port=parts.port or PORTS[parts.scheme])


@pure
class Web:
    """Where requests go: `routes` is where a service is really met, `allowed` whether an address may be asked."""

    network: Network
    settings: Settings
    routes: Callable[[Service], Service] = lambda service: service
    allowed: Callable[[str], bool] = lambda _: True

    async def ask(self, request: WebRequest) -> WebAnswer | Missing:
        """Ask once and return the answer or why there is none; a redirect is an answer."""
        parts = split(request.url)
        if parts is None:
            return missing(Phase.RESOLVE, Cause.MALFORMED, "not an http or https URL")
        try:
            async with asyncio.timeout(request.seconds):
                return await self._ask(request, parts)
        except TimeoutError:
            detail = f"no complete answer from {parts.netloc} within {request.seconds:.3g} s"
            return missing(Phase.CONNECT, Cause.TIMED_OUT, detail)

    async def _ask(self, request: WebRequest, parts: SplitResult) -> WebAnswer | Missing:
        asked = service_of(parts)
        connected = await self._connect(self.routes(asked))
        if isinstance(connected, Missing):
            return connected
        address, opened = connected
        limit = request.body_limit + len(request.body) + HEAD_LIMIT + TLS_OVERHEAD
        bare = BoundedStream(opened, limit=limit)
        try:
            stream: Stream = bare
            version = cipher = ""
            if parts.scheme == "https":
                secured = await _secure(bare, asked.host, self.settings, request.seconds)
                if isinstance(secured, Missing):
                    return secured
                stream, done = secured
                version, cipher = TlsVersion(done.version).label, done.cipher
            exchange = HttpExchange(
                method=request.method,
                target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
                headers=(("Host", parts.netloc), ("User-Agent", "mailtls"), *request.headers),
                body=request.body,
                body_limit=request.body_limit,
                phase=Phase.AFTER_TLS if parts.scheme == "https" else Phase.GREETING,
            )
            answer = await converse(stream, exchange, seconds=request.seconds)
            if isinstance(answer, Missing):
                return answer
            await drain(stream, seconds=1.0)
            return WebAnswer(
                answer=answer,
                transcript=exchange.transcript,
                address=address,
                version=version,
                cipher=cipher,
            )
        finally:
            bare.close()

    async def _connect(self, service: Service) -> tuple[str, Stream] | Missing:
        """Connect to the first address that answers, and say which it is."""
        found = await self.network.resolve(service.host)
        if isinstance(found, Missing):
            return found
        last = missing(Phase.CONNECT, Cause.UNREACHABLE, f"{service.host} has no address")
        for address in found.addresses:
            if not self.allowed(address):
                detail = f"{service.host} is at {address}, which is not asked"
                last = missing(Phase.CONNECT, Cause.UNREACHABLE, detail)
                continue
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    return address, await self.network.connect(address, service.port)
            except TimeoutError:
                last = missing(Phase.CONNECT, Cause.TIMED_OUT, f"no answer from {address}")
            except StreamError as error:
                last = missing(Phase.CONNECT, error.cause, f"{address}: {error.detail}")
        return last


async def _secure(
    stream: BoundedStream, host: str, settings: Settings, seconds: float
) -> tuple[TlsStream, Handshake] | Missing:
    """Make a TLS session and verify it before anything is said inside."""
    channel = TlsSession(host, classify=classify)
    done: Handshake | HandshakeRefused | WrongMode | Missing = await converse(
        stream, channel, seconds=seconds
    )
    match done:
        case Missing():
            return done
        case HandshakeRefused(name=name):
            return missing(Phase.HANDSHAKE, Cause.REFUSED, f"{host} refused TLS: {name}")
        case WrongMode(spoken=spoken):
            return missing(Phase.HANDSHAKE, Cause.MALFORMED, f"{host} speaks {spoken.value}")
        case Handshake(version=version) if version < TlsVersion.TLS1_2:
            label = TlsVersion(version).label
            return missing(Phase.HANDSHAKE, Cause.REFUSED, f"{host} has {label}: nothing is said")
        case Handshake(chain=chain) as session:
            found = settings.path_of(chain, SYSTEM)
            trouble = found.problem or found.time_problem
            named = bool(chain) and identity.match(host, certificates.parse(chain[0])).matched
            if trouble is not None or not found.judged or not named:
                why = trouble.text if trouble is not None else "the name does not match"
                return missing(
                    Phase.HANDSHAKE,
                    Cause.MALFORMED,
                    f"the certificate of {host} is not valid: {why}",
                )
    return TlsStream(stream, channel), session


def missing(phase: Phase, cause: Cause, detail: str) -> Missing:
    """Return why a request was not answered."""
    return Missing(phase=phase, cause=cause, detail=detail)

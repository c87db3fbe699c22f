"""Scripted first flights, their mutations, and what `FirstFlight` may answer to them.

`python tests/fuzz/flights.py --count 1000000 --seed 1` feeds mutated flights; any exception, any
outcome that is not documented, or a buffer beyond the caps ends it with exit code 1.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from dataclasses import replace

from mailtls.evidence import AlertAnswer, ClosedAnswer, HelloEvidence, Missing, ServerAnswer
from mailtls.probe.questions import Offer
from mailtls.sanitizer import clean
from mailtls.terms import Cause, Phase, TlsVersion
from mailtls.tls import offers
from mailtls.tls.answer import RETRY_RANDOM
from mailtls.tls.flight import FirstFlight
from mailtls.tls.records import MESSAGE_LIMIT, RECORD_LIMIT

RANDOM = bytes(range(32))
MAX_MUTATIONS = 6


def record(payload: bytes, kind: int = 22, version: int = 0x0303) -> bytes:
    """Return one record."""
    return bytes([kind]) + version.to_bytes(2, "big") + len(payload).to_bytes(2, "big") + payload


def message(kind: int, body: bytes) -> bytes:
    """Return one handshake message."""
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def opaque(data: bytes, size: int) -> bytes:
    """Return data behind its length."""
    return len(data).to_bytes(size, "big") + data


def extension(kind: int, data: bytes) -> bytes:
    """Return one extension."""
    return kind.to_bytes(2, "big") + opaque(data, 2)


def server_hello(
    version: int,
    suite: int,
    *extensions: bytes,
    compression: int = 0,
    hello_random: bytes = RANDOM,
) -> bytes:
    """Return a ServerHello or, with RETRY_RANDOM, a HelloRetryRequest."""
    body = version.to_bytes(2, "big") + hello_random + opaque(b"", 1)
    body += suite.to_bytes(2, "big") + bytes([compression])
    return message(2, body + (opaque(b"".join(extensions), 2) if extensions else b""))


def certificate(*chain: bytes) -> bytes:
    """Return a Certificate of TLS 1.2 and below."""
    return message(11, opaque(b"".join(opaque(der, 3) for der in chain), 3))


def status(response: bytes = b"ocsp") -> bytes:
    """Return a CertificateStatus."""
    return message(22, b"\x01" + opaque(response, 3))


def dh_exchange(bits: int) -> bytes:
    """Return a ServerKeyExchange with a prime of `bits` bits."""
    prime = ((1 << bits) - 1).to_bytes(bits // 8, "big")
    return message(12, opaque(prime, 2) + opaque(b"\x02", 2) + opaque(prime[:-1], 2) + b"signature")


def curve_exchange(group: int) -> bytes:
    """Return a ServerKeyExchange with a named curve."""
    return message(12, b"\x03" + group.to_bytes(2, "big") + opaque(bytes(65), 1) + b"signature")


DONE = message(14, b"")
RENEGOTIATION_INFO = extension(0xFF01, b"\x00")


def ssl2_server_hello(*kinds: int, der: bytes = b"der", version: int = 2) -> bytes:
    """Return a SERVER-HELLO of SSL 2.0 in its record."""
    specs = b"".join(kind.to_bytes(3, "big") for kind in kinds)
    lengths = b"".join(len(part).to_bytes(2, "big") for part in (der, specs, RANDOM[:16]))
    body = b"\x04\x00\x01" + version.to_bytes(2, "big") + lengths + der + specs + RANDOM[:16]
    return (len(body) | 0x8000).to_bytes(2, "big") + body


def retry(suite: int, group: int) -> bytes:
    """Return a HelloRetryRequest that names a group, in its record."""
    return record(
        server_hello(
            0x0303,
            suite,
            extension(43, b"\x03\x04"),
            extension(51, group.to_bytes(2, "big")),
            hello_random=RETRY_RANDOM,
        )
    )


EVERYTHING = offers.facts(frozenset())
ALPN = replace(EVERYTHING, alpn=("smtp",))

FLIGHTS: tuple[tuple[Offer, bytes], ...] = (
    (
        ALPN,
        record(
            server_hello(
                0x0303,
                0xC02F,
                RENEGOTIATION_INFO,
                extension(23, b""),
                extension(16, opaque(opaque(b"smtp", 1), 2)),
            )
        )
        + record(certificate(b"leaf" * 200, b"issuer" * 100))
        + record(status() + curve_exchange(0x1D) + DONE),
    ),
    (
        EVERYTHING,
        record(
            server_hello(0x0301, 0x0014, compression=1)
            + certificate(b"leaf")
            + dh_exchange(512)
            + DONE,
            version=0x0301,
        ),
    ),
    (
        EVERYTHING,
        record(server_hello(0x0300, 0x0003) + certificate(b"leaf"), version=0x0300)
        + record(message(12, opaque(bytes(64), 2) + opaque(b"\x03", 2) + b"signature") + DONE),
    ),
    (EVERYTHING, record(server_hello(0x0303, 0x00A6) + dh_exchange(2048) + DONE)),
    (
        EVERYTHING,
        record(b"\x01\x70", kind=21)
        + record(server_hello(0x0303, 0x009C) + certificate(b"leaf") + message(13, b"x") + DONE),
    ),
    (
        EVERYTHING,
        record(
            server_hello(0x0303, 0xD001)
            + message(12, opaque(b"hint", 2) + b"\x03\x00\x1d" + opaque(bytes(32), 1))
            + DONE
        ),
    ),
    (EVERYTHING, record(b"\x02\x28", kind=21)),
    (offers.exactly(TlsVersion.TLS1_3), retry(0x1301, 0x11EC)),
    (
        offers.exactly(TlsVersion.TLS1_3),
        record(
            server_hello(
                0x0303,
                0x1302,
                extension(43, b"\x03\x04"),
                extension(51, b"\x00\x1d" + opaque(bytes(32), 2)),
            )
        ),
    ),
    (offers.ssl2(), ssl2_server_hello(0x010080, 0x0700C0)),
    (offers.ssl2(), b"\x80\x03\x00\x00\x01"),
    (offers.ssl2(), record(b"\x02\x46", kind=21)),
)

_INTERESTING = (0x00, 0x01, 0x02, 0x03, 0x04, 0x16, 0x15, 0x7F, 0x80, 0xFF)


def mutate(rng: random.Random, flight: bytes) -> bytes:
    """Return the flight with a few bytes changed, cut, doubled or moved."""
    data = bytearray(flight)
    for _ in range(rng.randint(1, MAX_MUTATIONS)):
        if not data:
            break
        # Half of all changes go to the first 64 bytes, where the lengths are.
        at = rng.randrange(min(len(data), rng.choice((64, len(data)))))
        match rng.randrange(6):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                data[at] = rng.choice(_INTERESTING)
            case 2:
                data[at] ^= 1 << rng.randrange(8)
            case 3:
                del data[at : at + rng.randint(1, 8)]
            case 4:
                data[at:at] = data[at : at + rng.randint(1, 64)]
            case _:
                del data[len(data) - rng.randrange(len(data)) :]
    return bytes(data)


def answer_to(
    offer: Offer, data: bytes, cut: int | None = None
) -> tuple[HelloEvidence | Missing, FirstFlight]:
    """Return the outcome for bytes and the end of the stream, fed in pieces of `cut` bytes."""
    engine = FirstFlight(offer, "mail.example.org", RANDOM)
    engine.data_to_send()
    step = cut or max(1, len(data))
    for at in range(0, len(data), step):
        engine.receive_data(data[at : at + step])
    engine.receive_eof()
    assert engine.outcome is not None
    return engine.outcome, engine


def documented(offer: Offer, outcome: HelloEvidence | Missing, engine: FirstFlight) -> str:
    """Return the kind of an outcome, and raise AssertionError where it is not a documented one."""
    last = engine.transcript[-1]
    assert len(engine.transcript) == 2
    assert clean(last.text) == last.text
    match outcome:
        case Missing(phase=Phase.HANDSHAKE, cause=Cause.MALFORMED | Cause.CLOSED, detail=detail):
            assert detail
            return outcome.cause
        case HelloEvidence(answer=ServerAnswer() as answer):
            assert answer.version <= max(offer.versions)
            assert answer.suite in offer.suites or (answer.version, answer.suite) == (2, 0)
            assert sum(map(len, answer.certificates)) <= MESSAGE_LIMIT
            return "server"
        case HelloEvidence(answer=AlertAnswer()):
            return "alert"
        case HelloEvidence(answer=ClosedAnswer(reset=False)):
            return "closed"
        case _:
            raise AssertionError(f"undocumented: {outcome}")


def run(count: int, seed: int) -> Counter[str]:
    """Feed `count` mutated flights, every 16th byte by byte too, and count the outcomes."""
    rng = random.Random(seed)  # noqa: S311 - a fuzzer repeats itself on purpose
    seen: Counter[str] = Counter()
    for number in range(count):
        offer, flight = rng.choice(FLIGHTS)
        data = mutate(rng, flight)
        try:
            outcome, engine = answer_to(offer, data)
            seen[documented(offer, outcome, engine)] += 1
            assert len(engine.trailing) <= max(len(data), RECORD_LIMIT)
            if number % 16 == 0:
                again, pieces = answer_to(offer, data, 1)
                assert again == outcome
                assert pieces.trailing == engine.trailing
        except Exception:
            sys.stderr.write(f"seed {seed}, flight {number}: {offer.label}: {data.hex()}\n")
            raise
    return seen


def main() -> int:
    """Run the fuzzer from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    seen = run(arguments.count, arguments.seed)
    sys.stdout.write(
        f"{arguments.count} flights, seed {arguments.seed}: {dict(sorted(seen.items()))}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

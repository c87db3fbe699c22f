"""DKIM: what dkimpy signs is valid, what was changed since is not, and dkimpy agrees on both."""

from __future__ import annotations

import asyncio
import base64
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import dkimpy
from mailtls.delivery.dkim import SIGNATURE_LIMIT, verify
from mailtls.evidence import Missing
from mailtls.net.dns import ServerResolver
from mailtls.terms import Cause, Phase

MESSAGE = (
    b"Received: from a by b; Wed, 25 Nov 2026 10:00:00 +0000\r\n"
    b"From: Probe <probe@example.test>\r\n"
    b"To: inbox@example.test\r\n"
    b"Subject:  a   folded\r\n\tsubject \r\n"
    b"Date: Wed, 25 Nov 2026 10:00:00 +0000\r\n"
    b"Message-ID: <1@example.test>\r\n"
    b"\r\n"
    b"One  line \t\r\n.\r\n\r\nand another\r\n\r\n\r\n"
)
RSA = dkimpy.rsa_key()
ED25519 = dkimpy.ed25519_key()
WAYS = [(header, body) for header in ("simple", "relaxed") for body in ("simple", "relaxed")]


def judged(message, records, now=None):
    async def texts(name):
        return records.get(name, ())

    return asyncio.run(verify(message, texts, now or datetime.now(UTC)))


def one(message, record=RSA.record, now=None):
    (signature,) = judged(message, {dkimpy.NAME: (record,)}, now)
    assert (signature.valid is True) == (signature.detail == "")
    return signature


def signed(key=RSA, header="relaxed", body="relaxed", message=MESSAGE, **options):
    return dkimpy.sign(message, key, header=header, body=body, **options)


@pytest.mark.parametrize("key", [RSA, ED25519], ids=["rsa", "ed25519"])
@pytest.mark.parametrize(("header", "body"), WAYS)
def test_a_signed_message_holds(key, header, body) -> None:
    message = signed(key, header, body)
    signature = one(message, key.record)
    assert signature.valid is True
    assert (signature.domain, signature.selector) == (dkimpy.DOMAIN, dkimpy.SELECTOR)
    assert dkimpy.holds(message, {dkimpy.NAME: key.record})


@pytest.mark.parametrize("body", [b"", b"\r\n", b"\r\n" * 9, b"x", b" \r\n", b"a \r\n\r\n"])
@pytest.mark.parametrize("way", ["simple", "relaxed"])
def test_bodies_of_white_space_hold(body, way) -> None:
    bare = MESSAGE.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body
    message = signed(body=way, message=bare)
    assert dkimpy.holds(message, {dkimpy.NAME: RSA.record})
    assert one(message).valid is True


@pytest.mark.parametrize(
    ("old", "new", "detail"),
    [
        (b"and another", b"and anothex", "the body was changed"),
        (b"To: inbox", b"To: imbox", "a signed header field was changed"),
        (b"From: Probe", b"From: x@example.test\r\nFrom: Probe", "a signed header field"),
        (b"d=example.test", b"d=other.test", "not within the domain"),
        (b"a=rsa-sha256", b"a=rsa-sha1", "does not count"),
        (b"v=1", b"v=2", "not a complete signature"),
        (b"s=lab", b"s=", "not a complete signature"),
        (b"s=lab", b"s=../lab", "not a name"),
        (b"i=@example.test", b"i=@example.test.evil", "not within the domain"),
        (b"c=relaxed/relaxed", b"c=relaxed/odd", "canonicalization is unknown"),
        (b"v=1;", b"v=1; l=99999;", "less of the body"),
        (b"v=1;", b"v=1; l=x;", "malformed"),
        (b"v=1;", b"v=1; x=1;", "expired"),
        (b"v=1;", b"v=1; v=1;", "malformed"),
        (b"v=1;", b"v=1; odd;", "malformed"),
        (b"bh=", b"bh=!", "malformed"),
    ],
)
def test_a_change_is_found(old, new, detail) -> None:
    message = signed()
    assert old in message
    changed = message.replace(old, new, 1)
    signature = one(changed)
    assert signature.valid is False
    assert detail in signature.detail
    assert not dkimpy.holds(changed, {dkimpy.NAME: RSA.record})


def test_a_signature_without_from_does_not_count() -> None:
    field, _, rest = signed().partition(b"\r\nReceived:")
    changed = field.replace(b"from", b"date") + b"\r\nReceived:" + rest
    assert one(changed).detail == "From is not signed"


def test_a_key_that_is_not_published_is_told() -> None:
    (signature,) = judged(signed(), {})
    assert (signature.valid, signature.detail) == (False, "no key is published")


def test_text_behind_the_signed_length_does_not_count() -> None:
    message = signed(length=True)
    assert one(message + b"a footer\r\n").valid is True
    assert one(signed() + b"a footer\r\n").valid is False


@pytest.mark.parametrize(
    ("record", "detail"),
    [
        ("v=DKIM1; p=", "revoked"),
        ("", "revoked"),
        ("v=DKIM2; p=AAAA", "another kind"),
        (ED25519.record, "another kind"),
        ("v=DKIM1; p=AAAA", "cannot be read"),
        ("v=DKIM1; p=%%%", "malformed"),
        (f"{RSA.record}; h=sha1", "not for SHA-256"),
        (f"{RSA.record}; s=tlsrpt", "not for mail"),
        (dkimpy.rsa_key(1024).record, "a signed header field was changed"),
    ],
    # The keys are made anew in each process; xdist's processes have to name the same tests.
    ids=range(9),
)
def test_a_key_that_does_not_serve_is_told(record, detail) -> None:
    signature = one(signed(), record)
    assert signature.valid is False
    assert detail in signature.detail


def test_a_short_key_does_not_count() -> None:
    made = subprocess.run(["openssl", "genrsa", "768"], capture_output=True, check=True).stdout
    public = subprocess.run(
        ["openssl", "rsa", "-pubout", "-outform", "DER"],
        input=made,
        capture_output=True,
        check=True,
    ).stdout
    signature = one(signed(), f"v=DKIM1; p={base64.b64encode(public).decode()}")
    assert (signature.valid, signature.detail) == (False, "the key has 768 bits (RFC 8301)")


def test_a_key_for_the_domain_alone_refuses_its_subdomains() -> None:
    message = signed().replace(b"i=@example.test", b"i=@sub.example.test")
    assert "not for subdomains" in one(message, f"{RSA.record}; t=s").detail


def test_a_signature_expires_by_the_clock_of_the_run() -> None:
    message = signed()
    late = message.replace(b"v=1;", b"v=1; x=4000000000;", 1)
    assert "changed" in one(late).detail
    after = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=40_000)
    assert one(late, now=after).detail == "the signature has expired"


def test_a_key_that_dns_cannot_give_is_missing() -> None:
    gap = Missing(phase=Phase.RESOLVE, cause=Cause.TIMED_OUT, detail="no answer")

    async def texts(_name):
        return gap

    (signature,) = asyncio.run(verify(signed(), texts, datetime.now(UTC)))
    assert signature.valid == gap


def test_lone_line_feeds_are_read_as_line_ends() -> None:
    assert one(signed().replace(b"\r\n", b"\n")).valid is True


def test_each_signature_is_told_up_to_a_limit() -> None:
    twice = signed(message=signed())
    assert [each.valid for each in judged(twice, {dkimpy.NAME: (RSA.record,)})] == [True, True]
    many = b"DKIM-Signature: v=1\r\n" * 50 + MESSAGE
    assert len(judged(many, {})) == SIGNATURE_LIMIT
    assert judged(MESSAGE, {}) == ()


def test_the_key_comes_from_dns(nameserver) -> None:
    server = nameserver(dkimpy.zone(RSA))
    resolver = ServerResolver(server.address, server.port, tls=False)
    (signature,) = asyncio.run(verify(signed(), resolver.texts, datetime.now(UTC)))
    assert signature.valid is True
    assert server.queries == [(dkimpy.NAME, "TXT", "udp")]


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_whatever_stands_in_the_field_gives_a_verdict(field, record) -> None:
    message = b"DKIM-Signature: v=1;" + field + b"\r\nFrom: a@b\r\n\r\n"
    text = record.decode("latin-1")

    async def texts(_name):
        return (text,)

    assert all(
        each.valid is not True for each in asyncio.run(verify(message, texts, datetime.now(UTC)))
    )

"""The test message: small, standards-clean, and clear about what it is (RFC 5322, RFC 3834).

The nonce stands in a header of its own, in the subject and in the body, so that every kind of mailbox
can be asked for it. No other text of the policy's enters a header.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8

from mailtls.policy.addresses import domain_of, normalize_address
from mailtls.sanitizer import clean

NONCE_HEADER = "Mailtls-Nonce"

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
NONCE_LENGTH = 26
"""154 bits; it is no secret, but nobody shall guess or repeat it."""

_BODY = """\
This is a test message of mailtls, which checks the transport of mail.
It was sent to see whether it arrives, and how. It needs no answer, and is
deleted where it arrives unless the test says otherwise.

sender: {origin}
test:   {name}
nonce:  {nonce}
"""


def make_nonce(randomness: Callable[[int], bytes]) -> str:
    """Return 26 random letters and digits; `randomness` gives bytes."""
    found = ""
    while len(found) < NONCE_LENGTH:
        # 248 is the largest multiple of 62 in a byte: beyond it the first letters would be likelier.
        usable = (byte for byte in randomness(NONCE_LENGTH) if byte < len(_ALPHABET) * 4)
        found += "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in usable)
    return found[:NONCE_LENGTH]


def compose(
    *, sender: str, recipient: str, nonce: str, name: str, origin: str, date: datetime
) -> bytes:
    """Return the message with CRLF line ends; 7 bits unless an address needs SMTPUTF8 (RFC 6532).

    `origin` says who sends it, `name` is the delivery's; `date` is aware. Raises ValueError for an
    address that is not in its normal form or a nonce that is none: nothing else may reach a header.
    """
    if not (len(nonce) == NONCE_LENGTH and set(nonce) <= set(_ALPHABET)):
        raise ValueError("not a nonce")
    message = EmailMessage(policy=SMTP if is_ascii(sender, recipient) else SMTPUTF8)
    message["Date"] = date
    message["Message-ID"] = f"<{nonce}@{domain_of(checked(sender))}>"
    message["From"] = _address(sender)
    message["To"] = _address(recipient)
    message["Subject"] = f"mailtls test message {nonce}"
    # Nobody's absence notice is wanted (RFC 3834 section 5; Exchange asks for its own header).
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message[NONCE_HEADER] = nonce
    body = _BODY.format(origin=_ascii(origin), name=_ascii(name), nonce=nonce)
    message.set_content(body, cte="7bit")
    return message.as_bytes()


def is_ascii(*addresses: str) -> bool:
    """Return whether addresses can go without SMTPUTF8 (RFC 6531)."""
    return all(address.isascii() for address in addresses)


def checked(address: str) -> str:
    """Return an address in its normal form; raises ValueError for any other text."""
    if normalize_address(address) != address:
        raise ValueError("not an address in its normal form")
    return address


def _address(text: str) -> Address:
    # Not as `addr_spec`: that refuses what SMTPUTF8 allows.
    local, _, domain = checked(text).rpartition("@")
    return Address(username=local, domain=domain)


def _ascii(text: str) -> str:
    # Cut behind the escapes, which are longer than what they stand for.
    return clean(text.encode("ascii", "backslashreplace").decode("ascii"))

"""What is said to an IMAP server after the login (RFC 9051), as dialogues without I/O.

Messages are named by UID alone, since sequence numbers move under a second client. Several commands
go in one write where the later do not depend on the answers to the earlier (section 5.5).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailtls.dialects.base import command_line
from mailtls.dialects.dialogue import Dialogue, ReadLine, Script, Send, give_up
from mailtls.dialects.imap import response_parts
from mailtls.dialects.lines import LITERAL_BYTES
from mailtls.pure import pure
from mailtls.sanitizer import clean_bytes
from mailtls.terms import Cause, Phase

MESSAGE_BYTES = LITERAL_BYTES
"""Most bytes taken of a message: a test message is 2 KiB, its header after ten hops another 20."""

RESPONSE_LINES = 2000
"""Most untagged responses to one write: a busy mailbox tells flags and arrivals of other clients."""

_STATUS = re.compile(rb"(OK|NO|BAD)(?: (.*))?", re.DOTALL | re.IGNORECASE)
_BYE = re.compile(rb"\* BYE(?: (.*))?", re.DOTALL | re.IGNORECASE)
_ARRIVAL = re.compile(rb"\* \d{1,10} (?:EXISTS|RECENT)", re.IGNORECASE)
_SEARCH = re.compile(rb"\* SEARCH((?: \d{1,10})*) ?", re.IGNORECASE)
_CAPABILITY = re.compile(rb"\* CAPABILITY (.*)", re.DOTALL | re.IGNORECASE)
_FETCH = re.compile(rb"\* \d{1,10} FETCH \(.*\)", re.DOTALL | re.IGNORECASE)
_UID = re.compile(rb"(?<=[ (])UID (\d{1,10})(?=[ )])", re.IGNORECASE)
_BODY = re.compile(rb"[ (]BODY\[[^\]]{0,100}\](?:<0>)? \{\d+\+?\}\Z", re.IGNORECASE)
_NONCE = re.compile(r"[A-Za-z0-9]{16,64}")

Parts = tuple[bytes, ...]

_STRANGE = "the server sent a line that answers no command of ours"


@pure
class Command:
    """One command line without its end, under its tag.

    DONE, which ends an IDLE, goes bare; it is answered under the tag of that IDLE, and is given it.
    """

    tag: bytes
    line: bytes


@pure
class Status:
    """The tagged reply to one command: "OK", "NO" or "BAD", and the text behind it."""

    code: str
    text: bytes


@pure
class Answers:
    """What a write brought: the status of each command in order, and all that came untagged.

    Untagged responses belong to no command: a server may work on several at once, and Dovecot does. Each
    is a line, then a literal and the line behind it, as often as it has one.
    """

    statuses: tuple[Status, ...]
    untagged: tuple[Parts, ...]


def batch(commands: Sequence[Command], *, unread: bytes = b"") -> Dialogue[Answers]:
    """Send commands in one write and read to the tagged reply of each, in their order.

    `unread` is what an earlier dialogue left over. A BYE ends the dialogue as CLOSED.
    """
    dialogue = Dialogue(_batch(commands), Phase.AFTER_TLS, reply_lines=RESPONSE_LINES)
    if unread:
        dialogue.receive_data(unread)
    return dialogue


def idle(tag: bytes) -> Dialogue[bool]:
    """Say IDLE (RFC 2177) and wait: True when the server tells of a message, False where it refuses."""
    return Dialogue(_idle(tag), Phase.AFTER_TLS, reply_lines=RESPONSE_LINES)


def _written(command: Command) -> bytes:
    line = command_line(command.line)
    return line if command.line == b"DONE" else command.tag + b" " + line


def _batch(commands: Sequence[Command]) -> Script[Answers]:
    yield Send(b"".join(_written(command) for command in commands))
    statuses: list[Status] = []
    untagged: list[Parts] = []
    while len(statuses) < len(commands):
        parts = yield from response_parts()
        if bye := _BYE.fullmatch(parts[0]):
            return (yield from give_up(Cause.CLOSED, _ended(bye)))
        if parts[0].startswith(b"* "):
            untagged.append(parts)
            continue
        if parts[0].startswith(b"+") and commands[len(statuses)].line == b"DONE":
            continue  # the go-ahead of an IDLE that was not waited for
        tag, _, rest = parts[0].partition(b" ")
        status = _STATUS.fullmatch(rest)
        if status is None or tag != commands[len(statuses)].tag:
            return (yield from give_up(Cause.MALFORMED, _STRANGE))
        statuses.append(Status(code=status[1].decode().upper(), text=status[2] or b""))
    return Answers(statuses=tuple(statuses), untagged=tuple(untagged))


def _ended(bye: re.Match[bytes]) -> str:
    return f"the server ended the session: {clean_bytes(bye[1] or b'', 200)}"


def _idle(tag: bytes) -> Script[bool]:
    yield Send(tag + b" IDLE\r\n")
    while True:
        line = yield ReadLine()
        if _ARRIVAL.match(line):
            return True
        if line.startswith(tag + b" "):
            return False
        if bye := _BYE.fullmatch(line):
            return (yield from give_up(Cause.CLOSED, _ended(bye)))
        if not line.startswith((b"* ", b"+")):
            return (yield from give_up(Cause.MALFORMED, _STRANGE))


def search_lines(nonce: str) -> tuple[bytes, bytes]:
    """Return the searches for a nonce: by its own header field, and by the subject.

    Exchange searches few header fields; the subject is one that every server does.
    """
    if not _NONCE.fullmatch(nonce):
        raise ValueError(f"not a nonce: {nonce!r}")
    sought = nonce.encode("ascii")
    return (
        b"UID SEARCH HEADER Mailtls-Nonce " + sought,
        b"UID SEARCH SUBJECT " + sought,
    )


def fetch_line(uid: int, section: bytes = b"") -> bytes:
    """Return the fetch of one message, or of a `section` of it, that leaves it unseen (PEEK)."""
    return b"UID FETCH %d (UID BODY.PEEK[%s]<0.%d>)" % (uid, section, MESSAGE_BYTES)


def delete_line(uid: int) -> bytes:
    """Return the mark that a message is to go."""
    return b"UID STORE %d +FLAGS.SILENT (\\Deleted)" % uid


def expunge_line(uid: int) -> bytes:
    """Return the removal of one marked message and of no other (RFC 4315 section 2.1)."""
    return b"UID EXPUNGE %d" % uid


def found(answers: Answers) -> tuple[int, ...]:
    """Return the UIDs that searches found, lowest first."""
    hits = [m[1].split() for parts in answers.untagged if (m := _SEARCH.fullmatch(parts[0]))]
    return tuple(sorted({int(uid) for line in hits for uid in line} - {0}))


def grown(answers: Answers) -> bool:
    """Return whether the server told of a message in passing."""
    return any(_ARRIVAL.match(parts[0]) for parts in answers.untagged)


def content(answers: Answers, uid: int) -> bytes | None:
    """Return what was fetched of a message; what the server tells of any other is not looked at."""
    for parts in answers.untagged:
        lines, literals = parts[::2], parts[1::2]
        if not _FETCH.fullmatch(b"".join(lines)):
            continue
        named = {int(m[1]) for line in lines for m in _UID.finditer(line)}
        # A literal of another item, as of a BODYSTRUCTURE nobody asked for, is not a body.
        bodies = [
            literal for line, literal in zip(lines, literals, strict=False) if _BODY.search(line)
        ]
        if named == {uid} and len(bodies) == 1:
            return bodies[0]
    return None


def capabilities(answers: Answers) -> frozenset[str]:
    """Return the last list of capabilities in what the server said, in upper case."""
    listed = [told[1] for parts in answers.untagged if (told := _CAPABILITY.fullmatch(parts[0]))]
    return frozenset(listed[-1].decode("latin-1").upper().split()) if listed else frozenset()

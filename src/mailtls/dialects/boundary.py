"""Commands and replies that show what crosses the upgrade to TLS, for each protocol.

A command smuggled behind STARTTLS in one write must be dropped (RFC 3207 section 4.2, CVE-2011-0411).
Whether it was is told by the order of replies: inside TLS the first reply must be that to the first
command said inside TLS. So each pair of smuggled and real command has replies that cannot be taken
for one another.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mailtls.dialects.dialogue import (
    Dialogue,
    LookAtFirst,
    ReadLine,
    ReadLiteral,
    Script,
    Send,
    give_up,
)
from mailtls.evidence import Fallback, Smuggled
from mailtls.pure import pure
from mailtls.terms import Cause, Phase, Protocol

JUNK_RECORD = b"\x17\x03\x03\x00\x02\r\n"
"""Application data before any handshake: every TLS server must refuse it (RFC 8446 section 5)."""

_ALERT = b"\x15\x03"
_HEADER = 5
_LINES = 64
"""Most lines read for one decision: the longest capability list of real servers has about 30."""


@pure
class Crossing:
    """The commands of one protocol, and the replies to look for; `word` cannot be guessed.

    A server that reads the smuggled command as the start of TLS takes its fourth and fifth byte for a
    record's length (RFC 8446 section 5.1): letters make that too long to be waited for, as OpenSSL
    from 3.2 waits, and with it Dovecot 2.4.

    `smuggled` is sent in clear, `real` inside TLS; `answered` matches a line of the reply to the
    first, `ended` the reply to the second; `undecided` a line that answers either of them.
    """

    smuggled: Callable[[str], bytes]
    real: Callable[[str], bytes]
    answered: Callable[[str], str]
    ended: Callable[[str], str]
    undecided: str = r"(?!)"
    leaves: bool = False


def _same(text: str) -> Callable[[str], str]:
    return lambda _: text


def _bytes(text: bytes) -> Callable[[str], bytes]:
    return lambda _: text


_SMTP = Crossing(
    smuggled=_bytes(b"NOOP"),
    real=_bytes(b"QUIT"),
    # 220 would be a second greeting, which is odd and no reply to NOOP.
    answered=_same(r"(?!220|221|421)[2-5][0-9]{2}"),
    ended=_same(r"221"),
    undecided=r"421",
    leaves=True,
)

CROSSINGS: dict[Protocol, Crossing] = {
    Protocol.SMTP: _SMTP,
    Protocol.LMTP: _SMTP,
    Protocol.IMAP: Crossing(
        smuggled=lambda word: f"smuggled{word} NOOP".encode(),
        real=lambda word: f"real{word} LOGOUT".encode(),
        answered=lambda word: f"smuggled{word} ",
        ended=lambda word: f"real{word} ",
        leaves=True,
    ),
    # Inside TLS a second STLS is refused (RFC 2595 section 4), and CAPA never is.
    Protocol.POP3: Crossing(
        smuggled=_bytes(b"CAPA"),
        real=_bytes(b"STLS"),
        answered=_same(r"\+OK"),
        ended=_same(r"-ERR"),
    ),
    # RFC 5804 section 2.13: NOOP gives its string back, unlike the list sent unasked after TLS.
    Protocol.SIEVE: Crossing(
        smuggled=lambda word: f'NOOP "x{word}"'.encode(),
        real=lambda word: f'NOOP "y{word}"'.encode(),
        answered=lambda word: f".*x{word}",
        ended=lambda word: f".*y{word}",
        undecided=r"NO|BYE",
    ),
}


def first_replies(protocol: Protocol, word: str) -> Dialogue[Smuggled]:
    """Say the real command inside TLS, and tell whose reply comes first."""
    return Dialogue(_first_replies(CROSSINGS[protocol], word), Phase.AFTER_TLS)


def _first_replies(crossing: Crossing, word: str) -> Script[Smuggled]:
    answered = re.compile(crossing.answered(word), re.IGNORECASE)
    ended = re.compile(crossing.ended(word), re.IGNORECASE)
    undecided = re.compile(crossing.undecided, re.IGNORECASE)
    yield Send(crossing.real(word) + b"\r\n")
    replies: list[str] = []
    for _ in range(_LINES):
        line = (yield ReadLine()).decode("latin-1")
        if ended.match(line):
            return Smuggled(replies=tuple(replies))
        if answered.match(line):
            replies.append(line)
        elif undecided.match(line):
            said = f"the server answers inside TLS with {line[:80]!r}, which decides nothing"
            cause = Cause.THROTTLED if line.startswith("421") else Cause.MALFORMED
            return (yield from give_up(cause, said))
    return (yield from give_up(Cause.MALFORMED, "the reply to the first command in TLS never came"))


def fallback(
    protocol: Protocol, word: str, *, junk: bool = True, alerted: bool = False
) -> Dialogue[Fallback]:
    """Say a command in clear where a handshake failed, and read to the end.

    `junk` makes it fail: a record where a ClientHello is due, whose answer is waited for. `alerted` is
    whether a TLS alert has come already.
    """
    return Dialogue(_fallback(CROSSINGS[protocol], word, junk, alerted), Phase.HANDSHAKE)


def _fallback(crossing: Crossing, word: str, junk: bool, alerted: bool) -> Script[Fallback]:  # noqa: FBT001 - private
    answered = re.compile(crossing.answered(word), re.IGNORECASE)
    command = crossing.smuggled(word) + b"\r\n"
    yield Send(JUNK_RECORD if junk else command)
    asked = 0 if junk else 1
    for _ in range(_LINES):
        first = yield LookAtFirst()
        if not first:
            break
        if first.startswith(_ALERT):
            header = yield ReadLiteral(_HEADER)
            yield ReadLiteral(int.from_bytes(header[3:5]))
            alerted = True
            talks = False
        else:
            line = (yield ReadLine()).decode("latin-1")
            if asked and answered.match(line):
                return Fallback(alerted=alerted, resumed=(line,))
            talks = True
        # Who talks in clear is asked again: what was left of the junk may have spoilt the first.
        if asked < 1 + talks:
            yield Send(command)
            asked += 1
    return Fallback(alerted=alerted, resumed=())

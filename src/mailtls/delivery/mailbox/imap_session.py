"""What is done in an IMAP session that has INBOX open: search, fetch, wait, remove.

The message is found by search, so that no other is read, and removed by UID EXPUNGE (RFC 4315), so
that no other goes with it. Without UIDPLUS it stays, marked as deleted: a plain EXPUNGE, and CLOSE
too, would remove what others have marked.
"""

from __future__ import annotations

from itertools import count

from mailtls.delivery.mailbox import imap_dialogue as say
from mailtls.delivery.mailbox.account import failure
from mailtls.delivery.mailbox.base import Letter, carries
from mailtls.delivery.visit import Inside
from mailtls.evidence import Missing
from mailtls.sanitizer import clean_bytes
from mailtls.terms import Cause

MOST_CANDIDATES = 5
"""Messages whose nonce is looked at in one look: the message, and replies that quote its subject."""

SHORTEST_IDLE = 2.0
"""Seconds: the server says when to look, and a look in between is for those that do not."""

_NONCE_SECTION = b"HEADER.FIELDS (Mailtls-Nonce)"


class ImapSession:
    """One session behind its login; `seconds` is the longest wait for the answers to one write."""

    def __init__(self, inside: Inside, nonce: str, *, seconds: float) -> None:
        self._inside = inside
        self._nonce = nonce
        self._seconds = seconds
        self._offered: frozenset[str] = frozenset()
        self._tags = (b"w%d" % number for number in count(1))
        self._idling: list[say.Command] = []
        self._unread = b""
        self._lost: Missing | None = None

    async def open(self, *, read_only: bool) -> Missing | None:
        """Open INBOX and learn what the server offers behind the login."""
        verb = b"EXAMINE" if read_only else b"SELECT"
        answers = await self._say(b"CAPABILITY", verb + b" INBOX")
        if isinstance(answers, Missing):
            return answers
        if answers.statuses[-1].code != "OK":
            said = clean_bytes(answers.statuses[-1].text, 200)
            return failure(Cause.REFUSED, f"the server does not open INBOX: {said}")
        self._offered = say.capabilities(answers)
        return None

    async def look(self) -> Letter | Missing | None:
        """Search, and fetch what was found."""
        uid = await self._find() if self._lost is None else self._lost
        if not isinstance(uid, int):
            return uid
        answers = await self._say(say.fetch_line(uid))
        if isinstance(answers, Missing):
            return answers
        raw = say.content(answers, uid)
        if raw is None:
            return failure(Cause.MALFORMED, "the server does not give the message it found")
        letter = Letter(identifier=str(uid), raw=raw, whole=len(raw) < say.MESSAGE_BYTES)
        if not carries(letter.header, self._nonce):
            return failure(Cause.MALFORMED, "the server gives another message than it found")
        return letter

    async def wait(self, seconds: float) -> bool:
        """Wait for news by IDLE (RFC 2177), at most `seconds`; False where the server has no IDLE.

        A server tells of what arrived before IDLE when IDLE begins, unless it has told of it.
        """
        if "IDLE" not in self._offered:
            return False
        tag = next(self._tags)
        self._inside.renew(seconds + self._seconds)
        dialogue = say.idle(tag)
        told = await self._inside.wait(dialogue, seconds=seconds)
        if told is False:
            self._offered -= {"IDLE"}
            return False
        self._lost = told if isinstance(told, Missing) else None
        # DONE goes in one write with what is asked next.
        self._idling = [say.Command(tag=tag, line=b"DONE")]
        self._unread = dialogue.trailing
        return True

    async def remove(self, letter: Letter) -> bool:
        """Delete one message; return whether it is gone for good."""
        uid = int(letter.identifier)
        if "UIDPLUS" not in self._offered:
            await self._say(say.delete_line(uid))
            self._inside.note("the server has no UIDPLUS: the message stays, marked as deleted")
            return False
        answers = await self._say(say.delete_line(uid), say.expunge_line(uid))
        return not isinstance(answers, Missing) and all(
            status.code == "OK" for status in answers.statuses
        )

    async def _find(self) -> int | Missing | None:
        """Return the message, told from replies that quote its subject by its own header field."""
        searches = await self._search()
        if not isinstance(searches, Missing) and not say.found(searches) and say.grown(searches):
            # Dovecot searches before it takes in what NOOP made it see.
            searches = await self._search()
        if isinstance(searches, Missing):
            return searches
        uids = say.found(searches)[:MOST_CANDIDATES]
        if not uids:
            return None
        headers = await self._say(*(say.fetch_line(uid, _NONCE_SECTION) for uid in uids))
        if isinstance(headers, Missing):
            return headers
        ours = (uid for uid in uids if carries(say.content(headers, uid) or b"", self._nonce))
        return next(ours, None)

    async def _search(self) -> say.Answers | Missing:
        """Search both ways, behind a NOOP that lets the server see what arrived (RFC 9051 6.1.2)."""
        answers = await self._say(b"NOOP", *say.search_lines(self._nonce))
        if isinstance(answers, Missing):
            return answers
        if all(status.code != "OK" for status in answers.statuses[-2:]):
            said = clean_bytes(answers.statuses[-1].text, 200)
            return failure(Cause.REFUSED, f"the server does not search: {said}")
        return answers

    async def _say(self, *lines: bytes) -> say.Answers | Missing:
        """Say commands in one write, behind the end of IDLE where it is on, and read their answers."""
        ended, unread = self._idling, self._unread
        self._idling, self._unread = [], b""
        commands = [say.Command(tag=next(self._tags), line=line) for line in lines]
        self._inside.renew(self._seconds)
        return await self._inside.run(say.batch([*ended, *commands], unread=unread))

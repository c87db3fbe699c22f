"""A mailbox behind an HTTP interface, as mail catchers have them; each is a value of `Catcher`."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from mailtls.delivery.credentials import Credential, unusable
from mailtls.delivery.mailbox.base import Letter, Place, Trouble, carries, fields
from mailtls.delivery.tools import MailboxTools
from mailtls.evidence import Line, Missing, Reply
from mailtls.flow import RefusalKind, Refused, Stage, Withheld, WithheldKind
from mailtls.policy.delivery import Receive
from mailtls.probe.web import WebAnswer, WebRequest, service_of
from mailtls.pure import pure
from mailtls.terms import Cause, Phase

MOST_CANDIDATES = 3
"""Messages whose header is read in one look: the test message, and replies that quote its subject."""

# Never "all" or "latest", which are no identifiers where they stand in one's place.
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{8,64}")
_MESSAGE_ID = re.compile(rb"<([A-Za-z0-9.@_-]{8,200})>")
_SUCCESS = range(200, 300)
_NO_LOGIN = frozenset({401, 403})
_NOT_FOUND = 404
_LATER = frozenset({429, 503})

Headers = tuple[tuple[str, str], ...]


@pure
class Catcher:
    """One kind of HTTP interface, without I/O.

    `prefixes` are where its versions have it, the newest first. `search` gives the path for a nonce
    and an inbox, `listed` the identifiers in the answer's JSON for the nonce, `source` the path of a message as it
    was received, `delete` the path to ask DELETE of, by identifier, nonce and Message-ID.
    """

    prefixes: tuple[str, ...]
    login: Callable[[Credential], Headers]
    search: Callable[[str, str], str]
    listed: Callable[[object, str], list[object]]
    source: Callable[[str], str]
    delete: Callable[[str, str, str], str]


def basic(credential: Credential) -> Headers:
    """Return the header of basic authentication (RFC 7617)."""
    secret = credential.password or credential.token
    login = f"{credential.username}:{secret.reveal() if secret else ''}"
    return (("Authorization", f"Basic {base64.b64encode(login.encode()).decode()}"),)


def each(found: object, key: str, subject: str, nonce: str) -> list[object]:
    """Return what the objects of a list have under a key, as far as the JSON is one.

    Those whose `subject` has no nonce are left out: an interface that does not know the search lists
    everybody's messages.
    """
    listed = found if isinstance(found, list) else []
    messages = (one for one in listed if isinstance(one, dict))
    return [one.get(key) for one in messages if nonce in str(one.get(subject) or nonce)]


class HttpMailbox:
    """A `base.Mailbox`. Each request is a connection of its own, verified where it is HTTPS."""

    head_start = 0.0

    def __init__(self, catcher: Catcher, receive: Receive, nonce: str, tools: MailboxTools) -> None:
        self._catcher = catcher
        self._receive = receive
        self._nonce = nonce
        self._tools = tools
        self._headers: Headers = ()
        self._prefixes = catcher.prefixes
        self._lines: list[Line] = []
        self._place = Place(address="", version="", cipher="")

    @property
    def lines(self) -> tuple[Line, ...]:
        """Return the requests and the status of each answer."""
        return tuple(self._lines)

    @property
    def place(self) -> Place:
        """Return who answered last."""
        return self._place

    async def prepare(self) -> Trouble | None:
        """Find the login; nothing is asked."""
        name = self._receive.credential
        if not name:
            return None
        parts = urlsplit(self._receive.url)
        if parts.scheme != "https":
            return Withheld(kind=WithheldKind.NOT_SECURE, detail="no login goes over http")
        asked = service_of(parts)
        found = await self._tools.credential(name, asked.host, asked.port)
        if not isinstance(found, Credential):
            return found
        headers = self._catcher.login(found)
        # RFC 9110 section 5.5: no white space at an end either.
        if not all(v.isascii() and v.isprintable() and v == v.strip() for _, v in headers):
            return unusable(f"the credential {name} has no form in a header")
        self._headers = headers
        return None

    async def look(self) -> Letter | Trouble | None:
        """Search for the nonce and read what it found."""
        path = self._catcher.search(self._nonce, self._receive.inbox)
        answer = await self._ask("GET", path)
        while (
            isinstance(answer, WebAnswer) and answer.answer.status == _NOT_FOUND and self._older()
        ):
            answer = await self._ask("GET", path)
        body = _body(answer)
        if not isinstance(body, bytes):
            return body
        for identifier in self._identifiers(body):
            body = _body(await self._ask("GET", self._catcher.source(identifier)))
            if not isinstance(body, bytes):
                return body
            letter = Letter(identifier=identifier, raw=body, whole=True)
            if carries(letter.header, self._nonce):
                return letter
        return None

    async def rest(self, seconds: float, left: float) -> bool:  # noqa: ARG002 - the contract of Mailbox
        """Return False: none of the interfaces is waited on."""
        return False

    async def finish(self, letter: Letter | None) -> bool:
        """Delete the message."""
        if letter is None or self._receive.keep:
            return False
        named = [
            m[1]
            for value in fields(letter.header, b"message-id")
            if (m := _MESSAGE_ID.fullmatch(value))
        ]
        if not named:
            return False
        path = self._catcher.delete(letter.identifier, self._nonce, named[0].decode("ascii"))
        return isinstance(_body(await self._ask("DELETE", path)), bytes)

    def close(self) -> None:
        """Do nothing: no connection outlives its request."""

    def _older(self) -> bool:
        """Go on to the place an older version has the interface at; False where there is none."""
        if len(self._prefixes) == 1:
            return False
        self._prefixes = self._prefixes[1:]
        return True

    def _identifiers(self, body: bytes) -> list[str]:
        try:
            found = self._catcher.listed(json.loads(body), self._nonce)
        except (ValueError, RecursionError):
            return []
        sound = [one for one in found if isinstance(one, str) and _IDENTIFIER.fullmatch(one)]
        return sound[:MOST_CANDIDATES]

    async def _ask(self, method: str, path: str) -> WebAnswer | Missing:
        base = self._receive.url.rstrip("/") + self._prefixes[0]
        request = WebRequest(url=base + path, method=method, headers=self._headers)
        answer = await self._tools.web.ask(request)
        if isinstance(answer, WebAnswer):
            self._lines += answer.transcript
            self._place = Place(
                address=answer.address, version=answer.version, cipher=answer.cipher
            )
        else:
            self._lines.append(Line(side="*", text=answer.detail))
        return answer


def _body(answer: WebAnswer | Missing) -> bytes | Refused | Missing:
    """Return the body of a success, or what the interface said instead."""
    if isinstance(answer, Missing):
        return answer
    status = answer.answer.status
    if status in _SUCCESS:
        return answer.answer.body
    if status in _NO_LOGIN:
        reply = Reply(code=str(status), lines=())
        return Refused(stage=Stage.AUTH, reply=reply, kind=RefusalKind.AUTHENTICATION)
    cause = Cause.THROTTLED if status in _LATER else Cause.MALFORMED
    return Missing(phase=Phase.AFTER_TLS, cause=cause, detail=f"the mailbox answered with {status}")

"""Mailpit as its source answers (version 1.30.5: server/apiv1, internal/storage/search.go).

It is no package of any registry that the tests use, so a script stands in for it: searches are by
substring, a deletion by identifiers empties the mailbox where its body is missing.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

from delivery.mailbox import means
from delivery.mailbox.interface import looked, serving
from mailtls.delivery.mailbox.base import Letter
from mailtls.policy.delivery import Via

OURS = means.message(means.NONCE)
REPLY = means.stranger(f"Re: mailtls test {means.NONCE}")


class Mailpit:
    """The messages of a mailbox by identifier, in the order of a search: newest first."""

    def __init__(self, **messages):
        self.messages = dict(messages)

    def answer(self, method, path):
        parts = urlsplit(path)
        if parts.path == "/api/v1/search":
            found = self._search(parse_qs(parts.query)["query"][0])
            if method == "DELETE":
                for identifier in found:
                    del self.messages[identifier]
                return 200, b"ok"
            summary = {"total": len(self.messages), "messages": [{"ID": each} for each in found]}
            return 200, json.dumps(summary).encode()
        if method == "DELETE" and parts.path == "/api/v1/messages":
            self.messages.clear()
            return 200, b"ok"
        identifier = parts.path.removeprefix("/api/v1/message/").removesuffix("/raw")
        return (200, self.messages[identifier]) if method == "GET" else (404, b"")

    def _search(self, query):
        assert query
        terms = [term.partition(":") for term in query.split()]
        return [
            identifier
            for identifier, raw in self.messages.items()
            if all(self._has(raw, name, value) for name, _, value in terms)
        ]

    @staticmethod
    def _has(raw, name, value):
        header = raw.partition(b"\r\n\r\n")[0].decode().lower()
        lines = [line for line in header.splitlines() if line.startswith(f"{name}:")]
        return any(value.lower() in line for line in lines)


def test_a_message_is_found_by_its_subject_and_deleted_by_what_it_alone_has():
    pit = Mailpit(replyToIt=REPLY, ourMessage=OURS, stranger1=means.stranger())
    with serving(pit.answer) as interface:
        found, deleted = looked(interface.mailbox(Via.MAILPIT))
    assert isinstance(found, Letter)
    assert found.identifier == "ourMessage"
    assert deleted
    assert list(pit.messages) == ["replyToIt", "stranger1"]
    assert not [asked for asked in interface.asked if "/api/v1/messages" in asked]


def test_what_has_not_arrived_is_not_found():
    pit = Mailpit(replyToIt=REPLY)
    with serving(pit.answer) as interface:
        assert looked(interface.mailbox(Via.MAILPIT)) == (None, False)


def test_it_may_be_below_a_path():
    pit = Mailpit(ourMessage=OURS)
    with serving(lambda method, path: pit.answer(method, path.removeprefix("/pit"))) as interface:
        interface.url += "/pit/"
        found, _ = looked(interface.mailbox(Via.MAILPIT))
    assert isinstance(found, Letter)
    assert all(asked.split()[1].startswith("/pit/api/v1/") for asked in interface.asked)

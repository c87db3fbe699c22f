"""MailSlurp as its OpenAPI document describes it; a script stands in for the paid service."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

from delivery.mailbox import means
from delivery.mailbox.interface import looked, serving
from mailtls.delivery.mailbox import mailslurp
from mailtls.delivery.mailbox.base import Letter
from mailtls.policy.delivery import Via

IDENTIFIER = "465906d6-54c7-4c05-a886-5af30fe1a529"
OURS = means.message(means.NONCE)


def answer(method, path):
    parts = urlsplit(path)
    if parts.path == "/emails" and method == "GET":
        query = parse_qs(parts.query)
        assert query["searchFilter"] == [means.NONCE]
        found = [{"id": IDENTIFIER}] if query["inboxId"] == ["in box"] else []
        return 200, json.dumps({"content": found, "totalElements": len(found)}).encode()
    if parts.path == f"/emails/{IDENTIFIER}/raw":
        return 200, OURS
    # DELETE /emails, without an identifier, is every message of the account.
    assert (method, parts.path) == ("DELETE", f"/emails/{IDENTIFIER}")
    return 204, b""


def test_a_message_is_found_in_its_inbox_and_deleted():
    with serving(answer) as interface:
        found, deleted = looked(interface.mailbox(Via.MAILSLURP, inbox="in box"))
        assert looked(interface.mailbox(Via.MAILSLURP, inbox="another")) == (None, False)
    assert isinstance(found, Letter)
    assert deleted


def test_without_an_inbox_every_inbox_is_searched():
    path = mailslurp.CATCHER.search(means.NONCE, "")
    assert parse_qs(urlsplit(path).query) == {
        "size": ["5"],
        "sort": ["DESC"],
        "searchFilter": [means.NONCE],
    }

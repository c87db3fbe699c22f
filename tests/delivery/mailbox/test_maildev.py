"""MailDev of version 3 and 2; the real one of version 3 is in tests/e2e/test_deliveries_others.py."""

from __future__ import annotations

import json

from delivery.mailbox import means
from delivery.mailbox.interface import looked, serving
from mailtls.delivery.mailbox.base import Letter
from mailtls.policy.delivery import Via

OURS = means.message(means.NONCE)


def test_version_2_has_its_interface_at_the_root():
    """Answer as version 2.2.1 does: Express knows no path below /api."""

    def answer(method, path):
        if path.startswith("/api/"):
            return 404, b"<!DOCTYPE html>"
        if path.endswith("/source"):
            return 200, OURS
        return (
            (200, b"true")
            if method == "DELETE"
            else (200, json.dumps([{"id": "mbSoMsoZ"}]).encode())
        )

    with serving(answer) as interface:
        mailbox = interface.mailbox(Via.MAILDEV)
        found, deleted = looked(mailbox)
    assert isinstance(found, Letter)
    assert deleted
    assert interface.asked[0].startswith("GET /api/email?")
    assert interface.asked[1].startswith("GET /email?")
    assert interface.asked[2:] == ["GET /email/mbSoMsoZ/source", "DELETE /email/mbSoMsoZ"]

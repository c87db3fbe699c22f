"""HTTP interfaces that fail, lie, or show more than they were asked for."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest

from delivery.mailbox import means
from delivery.mailbox.interface import looked, serving
from mailtls.delivery.credentials import Credential
from mailtls.delivery.mailbox import MAILBOXES, maildev, mailpit, mailslurp
from mailtls.delivery.mailbox.base import Letter
from mailtls.delivery.mailbox.catcher import MOST_CANDIDATES, basic, each
from mailtls.delivery.secrecy import Secret
from mailtls.evidence import Missing
from mailtls.flow import RefusalKind, Refused, Stage, Withheld, WithheldKind
from mailtls.policy.delivery import Via
from mailtls.terms import Cause

OURS = means.message(means.NONCE)
REPLY = means.stranger(f"Re: mailtls test {means.NONCE}")


def listing(*identifiers):
    return json.dumps([{"id": identifier} for identifier in identifiers]).encode()


def maildev_with(found, sources):
    def answer(method, path):
        if path.endswith("/source"):
            return 200, sources[path.split("/")[-2]]
        return (200, b"true") if method == "DELETE" else (200, found)

    return answer


def test_the_message_is_told_from_replies_and_deleted_alone():
    talk = maildev_with(listing("reply001", "ours0001"), {"reply001": REPLY, "ours0001": OURS})
    with serving(talk) as interface:
        mailbox = interface.mailbox(Via.MAILDEV)
        found, deleted = looked(mailbox)
    assert found == Letter(identifier="ours0001", raw=OURS, whole=True)
    assert deleted
    assert interface.asked == [
        f"GET /api/email?headers.mailtls-nonce={means.NONCE}",
        "GET /api/email/reply001/source",
        "GET /api/email/ours0001/source",
        "DELETE /api/email/ours0001",
    ]
    assert mailbox.place.address == "127.0.0.1"
    assert (mailbox.place.version, mailbox.place.cipher) == ("", "")
    assert [line.text for line in mailbox.lines][:2] == [interface.asked[0], "200 OK"]
    assert mailbox.head_start == 0.0


def test_a_message_that_is_kept_is_not_deleted():
    with serving(maildev_with(listing("ours0001"), {"ours0001": OURS})) as interface:
        found, deleted = looked(interface.mailbox(Via.MAILDEV, keep=True))
    assert isinstance(found, Letter)
    assert not deleted
    assert not [asked for asked in interface.asked if asked.startswith("DELETE")]


def test_a_message_whose_identifier_is_gone_is_left():
    bare = OURS.replace(b"Message-ID:", b"X-Message-ID:")
    with serving(maildev_with(listing("ours0001"), {"ours0001": bare})) as interface:
        found, deleted = looked(interface.mailbox(Via.MAILDEV))
    assert isinstance(found, Letter)
    assert not deleted


def test_a_deletion_that_fails_is_told():
    def answer(method, path):
        if method == "DELETE":
            return 500, b""
        return 200, OURS if path.endswith("/source") else listing("ours0001")

    with serving(answer) as interface:
        found, deleted = looked(interface.mailbox(Via.MAILDEV))
    assert isinstance(found, Letter)
    assert not deleted


@pytest.mark.parametrize(
    "found",
    [
        b"",
        b"no JSON",
        b"[" * 100_000,
        b"{}",
        b"[1, null, []]",
        b'{"id": "ours0001"}',
        listing("all", "latest", "../ours0001", "ours0001?x", "", 7, "x" * 65),
    ],
)
def test_what_names_no_message_is_asked_no_further(found):
    with serving(maildev_with(found, {})) as interface:
        assert looked(interface.mailbox(Via.MAILDEV)) == (None, False)
    assert len(interface.asked) == 1


def test_of_many_the_first_are_looked_at():
    names = [f"reply{number:03}" for number in range(50)]
    with serving(maildev_with(listing(*names), dict.fromkeys(names, REPLY))) as interface:
        assert looked(interface.mailbox(Via.MAILDEV)) == (None, False)
    assert len(interface.asked) == 1 + MOST_CANDIDATES


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (500, Cause.MALFORMED),
        (404, Cause.MALFORMED),
        (302, Cause.MALFORMED),
        (429, Cause.THROTTLED),
    ],
)
def test_an_answer_that_is_none_has_a_cause(status, cause):
    with serving(lambda *_: (status, b"")) as interface:
        found, _ = looked(interface.mailbox(Via.MAILDEV))
    assert isinstance(found, Missing)
    assert found.cause is cause
    assert str(status) in found.detail


@pytest.mark.parametrize("status", [401, 403])
def test_a_login_that_is_wanted_is_a_refusal(status):
    with serving(lambda *_: (status, b"")) as interface:
        found, _ = looked(interface.mailbox(Via.MAILDEV))
    assert isinstance(found, Refused)
    assert (found.stage, found.kind) == (Stage.AUTH, RefusalKind.AUTHENTICATION)
    assert len(interface.asked) == 1


def test_a_source_that_fails_is_told():
    talk = lambda _, path: (503, b"") if "source" in path else (200, listing("ours0001"))  # noqa: E731
    with serving(talk) as interface:
        found, _ = looked(interface.mailbox(Via.MAILDEV))
    assert isinstance(found, Missing)
    assert found.cause is Cause.THROTTLED


def test_nobody_there_is_told():
    with serving(lambda *_: (200, b"[]")) as interface:
        pass
    mailbox = interface.mailbox(Via.MAILDEV)
    found, _ = looked(mailbox)
    assert isinstance(found, Missing)
    assert found.cause is Cause.REFUSED
    assert mailbox.lines[-1].side == "*"


def test_an_answer_without_end_is_cut_off():
    with serving(lambda *_: (200, b"[" + b" " * 300_000)) as interface:
        found, _ = looked(interface.mailbox(Via.MAILDEV))
    assert isinstance(found, Missing)
    assert found.cause is Cause.MALFORMED


def test_no_login_goes_over_http():
    with serving(lambda *_: (200, b"[]")) as interface:
        found, _ = looked(interface.mailbox(Via.MAILDEV, credential="INBOX"))
    assert isinstance(found, Withheld)
    assert found.kind is WithheldKind.NOT_SECURE
    assert interface.asked == []


def test_a_login_that_is_not_there_is_told():
    receive = means.receive(Via.MAILDEV, endpoint="", url="https://mail.example.test")
    tools = means.tools(credential=means.no_credential())
    mailbox = MAILBOXES[Via.MAILDEV](receive, means.NONCE, tools)
    assert asyncio.run(mailbox.prepare()) == means.no_credential()


def test_a_key_that_would_leave_its_header_is_not_sent():
    receive = means.receive(Via.MAILSLURP, endpoint="", url="https://api.example.test")
    bad = Credential(name="INBOX", username="", token=Secret("canary\r\nX: y"))
    mailbox = MAILBOXES[Via.MAILSLURP](receive, means.NONCE, means.tools(credential=bad))
    found = asyncio.run(mailbox.prepare())
    assert isinstance(found, Withheld)
    assert "canary" not in found.detail


@pytest.mark.parametrize("key", ["canary ", " canary", "canary\x01", "can\u00e4ry"])
def test_a_key_that_no_header_can_hold_is_told_and_not_shown(key):
    receive = means.receive(Via.MAILSLURP, endpoint="", url="https://api.example.test")
    held = Credential(name="INBOX", username="", token=Secret(key))
    mailbox = MAILBOXES[Via.MAILSLURP](receive, means.NONCE, means.tools(credential=held))
    found = asyncio.run(mailbox.prepare())
    assert isinstance(found, Withheld)
    # It is there: that it is of no use is no reason for a green run.
    assert found.kind is WithheldKind.UNUSABLE
    assert key.strip() not in found.detail


def test_an_interface_that_ignores_the_search_has_nobodys_message_read():
    found = json.dumps(
        [
            {"id": "stranger", "subject": "private"},
            {"id": "ours0001", "subject": f"mailtls test message {means.NONCE}"},
        ]
    ).encode()
    with serving(maildev_with(found, {"ours0001": OURS})) as interface:
        letter, deleted = looked(interface.mailbox(Via.MAILDEV))
    assert isinstance(letter, Letter)
    assert deleted
    assert not [asked for asked in interface.asked if "stranger" in asked]


def test_logins_are_headers():
    whole = Credential(name="A", username="us", password=Secret("pa:ss"), token=Secret("to"))
    key = Credential(name="A", username="", token=Secret("key"))
    encoded = base64.b64encode(b"us:pa:ss").decode()
    assert basic(whole) == (("Authorization", f"Basic {encoded}"),)
    assert mailpit.CATCHER.login is basic
    assert maildev.CATCHER.login is basic
    assert mailslurp.CATCHER.login(key) == (("x-api-key", "key"),)


def test_json_of_another_shape_has_nothing_in_it():
    assert each([{"id": 1}, {}, "x", None], "id", "subject", means.NONCE) == [1, None]
    for shape in ({"id": 1}, "id", None):
        assert each(shape, "id", "subject", means.NONCE) == []

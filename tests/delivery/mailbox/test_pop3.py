"""POP3 servers that lack something, lie, or go away; the ordinary ones are in test_arrival.py."""

from __future__ import annotations

import pytest

from delivery.mailbox import means
from delivery.mailbox.store import POP3, store, waited
from mailtls.delivery.mailbox import pop3
from mailtls.delivery.mailbox.pop3 import MESSAGE_BYTES, MOST_NEW, Pop3Mailbox
from mailtls.dialects.lines import REPLY_BYTES
from mailtls.evidence import Missing, Reply
from mailtls.flow import Arrived, NotArrived, RefusalKind, Refused, Stage, Withheld, WithheldKind
from mailtls.policy.delivery import Via
from mailtls.terms import Cause, Phase

REFUSED = Refused(
    stage=Stage.AUTH,
    reply=Reply(code="535", lines=("no",)),
    kind=RefusalKind.AUTHENTICATION,
)
BEFORE = b"+OK\r\n1 other\r\n.\r\n"


@pytest.fixture(autouse=True)
def promptly(monkeypatch):
    """Look at once: what a script answers is there."""
    monkeypatch.setattr(Pop3Mailbox, "head_start", 0.01)


def at(*changes, **options):
    """Wait at a server whose first listing is `BEFORE`."""
    with store(Via.POP3, *changes, first=("UIDL", [BEFORE])) as box:
        found, lines, seconds = waited(box, **options)
    return box, found, lines, seconds


def test_what_was_there_is_not_looked_at():
    box, found, _, _ = at()
    assert isinstance(found, Arrived)
    assert (found.polls, found.deleted) == (1, True)
    assert box.heard[-6:] == ["UIDL", "TOP 2 0", "LIST 2", "RETR 2", "DELE 2", "QUIT"]
    assert not box.count("TOP 1") + box.count("RETR 1")


def test_of_much_that_is_new_the_first_is_looked_at_once():
    many = b"+OK\r\n" + b"".join(b"%d new%d\r\n" % (n, n) for n in range(300, 350)) + b".\r\n"
    nothing = b"+OK\r\nSubject: x\r\n\r\n.\r\n"
    box, found, _, _ = at(("UIDL", many), ("TOP", nothing), within=1.2)
    assert isinstance(found, NotArrived)
    looked_at = [line for line in box.heard if line.startswith("TOP")]
    assert len(looked_at) == len(set(looked_at)) == 50
    each = [part.count("TOP") for part in "\n".join(box.heard).split("UIDL")]
    assert each[:5] == [0, 0, MOST_NEW, MOST_NEW, 10]


def test_a_long_message_is_not_retrieved():
    long = b"+OK 2 %d\r\n" % (MESSAGE_BYTES + 1)
    box, found, _, _ = at(("LIST", long))
    assert isinstance(found, Arrived)
    assert found.deleted
    assert not box.count("RETR")


@pytest.mark.parametrize("size", [b"-ERR\r\n", b"+OK what\r\n"])
def test_a_message_without_a_size_is_not_retrieved(size):
    box, found, _, _ = at(("LIST", size))
    assert isinstance(found, Arrived)
    assert not box.count("RETR")


def test_a_message_that_is_kept_is_not_deleted():
    box, found, _, _ = at(keep=True)
    assert isinstance(found, Arrived)
    assert not found.deleted
    assert not box.count("DELE")


def test_a_deletion_that_is_refused_is_told():
    _, found, _, _ = at(("DELE", b"-ERR\r\n"))
    assert isinstance(found, Arrived)
    assert not found.deleted


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ([("RETR 2", b"-ERR gone\r\n")], Cause.MALFORMED),
        ([("RETR 2", b"+OK\r\nSubject: other\r\n\r\n.\r\n")], Cause.MALFORMED),
        ([("RETR 2", b"+OK\r\n" + (b"x" * 8000 + b"\r\n") * 60)], Cause.MALFORMED),
        ([("TOP 2", b"+OK\r\n" + b"x" * 9000)], Cause.MALFORMED),
        ([("TOP 2", b"+OK\r\n" + b"x\r\n" * 9000)], Cause.MALFORMED),
        ([("UIDL", b"what\r\n")], Cause.MALFORMED),
        ([("UIDL", b"+OK\r\n" + b"1 uid\r\n" * (REPLY_BYTES // 7))], Cause.MALFORMED),
    ],
)
def test_a_server_that_lies_is_told(changes, cause):
    box, found, lines, seconds = at(*changes)
    assert isinstance(found, Missing), found
    assert (found.phase, found.cause) == (Phase.AFTER_TLS, cause)
    # Without its QUIT a session deletes nothing (RFC 1939 section 6).
    assert box.count("QUIT") == 1
    assert seconds < 15
    assert len(lines) < 500


def test_a_server_without_unique_ids_is_not_used():
    with store(Via.POP3, ("UIDL", b"-ERR what\r\n")) as box:
        found, _, _ = waited(box)
    assert isinstance(found, Withheld)
    assert found.kind is WithheldKind.NOT_OFFERED
    assert not box.count("TOP")


def test_a_mailbox_in_use_is_waited_for():
    noted = []
    busy = [b"-ERR [IN-USE] another session\r\n"]
    with store(Via.POP3, first=("AUTH", busy)) as box:
        found, _, _ = waited(box, within=0.5, means_of={"refused": lambda *it: noted.append(it)})
    assert isinstance(found, NotArrived)
    assert box.count("AUTH") >= 3
    assert noted == []


def test_a_mailbox_that_stays_in_use_leaves_it_open(monkeypatch):
    monkeypatch.setattr(pop3, "BUSY_PAUSES", (0.01, 0.01))
    busy = b"-ERR [IN-USE] another session\r\n"
    with store(Via.POP3, ("AUTH", busy)) as box:
        found, _, _ = waited(box)
    assert isinstance(found, Missing)
    assert (found.cause, box.count("AUTH")) == (Cause.THROTTLED, 3)
    with store(Via.POP3, ("AUTH", busy), first=("AUTH", [b"+OK\r\n"])) as box:
        found, _, _ = waited(box, within=0.2)
    assert isinstance(found, Missing)
    assert found.cause is Cause.THROTTLED
    assert box.count("AUTH") >= 3


def test_a_pause_between_logins_is_left_where_the_server_wants_one():
    wanted = POP3["CAPA"].replace(b"PIPELINING", b"LOGIN-DELAY 1 USER\r\nPIPELINING")
    box, found, _, _ = at(("CAPA", wanted))
    assert isinstance(found, Arrived)
    assert found.seconds >= 0.9
    assert box.count("AUTH") == 2


def test_a_wrong_password_is_tried_once():
    with store(Via.POP3, ("AUTH", b"-ERR [AUTH] wrong\r\n")) as box:
        found, _, _ = waited(box)
    assert isinstance(found, Refused)
    assert found.kind is RefusalKind.AUTHENTICATION
    assert box.count("AUTH") == 1


def test_a_credential_that_was_refused_elsewhere_meanwhile_is_not_tried_again():
    given = iter([means.LOGIN, REFUSED])
    with store(Via.POP3) as box:
        found, _, _ = waited(box, means_of={"credential": lambda: next(given, REFUSED)})
    assert found == REFUSED
    assert box.count("AUTH") == 1


def test_a_server_without_sasl_is_entered_by_user_and_pass():
    bare = POP3["CAPA"].replace(b"SASL PLAIN", b"USER")
    box, found, lines, _ = at(("CAPA", bare))
    assert isinstance(found, Arrived)
    assert box.count("USER user@example.test") == box.count("PASS lab-password") == 2
    assert "C: PASS ***" in lines
    assert "lab-password" not in "".join(lines)


def test_a_server_that_takes_one_line_at_a_time_gets_them_so():
    bare = POP3["CAPA"].replace(b"PIPELINING\r\n", b"")
    _, found, lines, _ = at(("CAPA", bare))
    assert isinstance(found, Arrived)
    assert lines.index("C: LIST 2") == lines.index("C: TOP 2 0") + 5

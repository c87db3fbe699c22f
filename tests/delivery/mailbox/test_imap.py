"""IMAP servers that lack something, lie, or go away; the ordinary ones are in test_arrival.py."""

from __future__ import annotations

import pytest

from delivery.mailbox import means
from delivery.mailbox.store import fetched, store, waited
from mailtls.dialects.lines import LITERAL_BYTES
from mailtls.evidence import Missing
from mailtls.flow import Arrived, NotArrived, RefusalKind, Refused
from mailtls.policy.delivery import Via
from mailtls.terms import Cause, Phase

OURS = means.message(means.NONCE)
WHOLE = "UID FETCH 7 (UID BODY.PEEK[]"


def at(*changes, **options):
    with store(Via.IMAP, *changes) as box:
        found, lines, seconds = waited(box, **options)
    return box, found, lines, seconds


def test_a_prompt_message_costs_one_look():
    box, found, lines, _ = at()
    assert isinstance(found, Arrived)
    assert (found.polls, found.deleted) == (1, True)
    assert box.heard[-10:] == [
        "IDLE",
        "DONE",
        "NOOP",
        f"UID SEARCH HEADER Mailtls-Nonce {means.NONCE}",
        f"UID SEARCH SUBJECT {means.NONCE}",
        "UID FETCH 7 (UID BODY.PEEK[HEADER.FIELDS (Mailtls-Nonce)]<0.65536>)",
        "UID FETCH 7 (UID BODY.PEEK[]<0.65536>)",
        "UID STORE 7 +FLAGS.SILENT (\\Deleted)",
        "UID EXPUNGE 7",
        "LOGOUT",
    ]
    assert any(line.endswith("AUTHENTICATE PLAIN ***") for line in lines)


def test_without_uidplus_the_message_stays_marked_and_no_other_is_expunged():
    box, found, lines, _ = at(
        ("CAPABILITY", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN IDLE\r\n%TAG% OK\r\n")
    )
    assert isinstance(found, Arrived)
    assert not found.deleted
    assert box.count("UID STORE 7") == 1
    assert not box.count("UID EXPUNGE") + box.count("EXPUNGE") + box.count("CLOSE")
    assert any("no UIDPLUS" in line for line in lines)


@pytest.mark.parametrize("command", ["UID STORE", "UID EXPUNGE"])
def test_a_deletion_that_is_refused_is_told(command):
    _, found, _, _ = at((command, b"%TAG% NO read-only\r\n"))
    assert isinstance(found, Arrived)
    assert not found.deleted


def test_without_idle_the_looks_have_pauses():
    nothing = b"* SEARCH\r\n%TAG% OK\r\n"
    caps = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN UIDPLUS\r\n%TAG% OK\r\n"
    box, found, _, _ = at(("CAPABILITY", caps), ("UID SEARCH", nothing), within=1.5)
    assert isinstance(found, NotArrived)
    assert found.polls == 2
    assert not box.count("IDLE")


def test_an_idle_that_is_refused_is_not_asked_again():
    nothing = b"* SEARCH\r\n%TAG% OK\r\n"
    box, found, _, _ = at(("IDLE", b"%TAG% BAD what\r\n"), ("UID SEARCH", nothing), within=1.0)
    assert isinstance(found, NotArrived)
    assert box.count("IDLE") == 1


def test_a_flood_of_news_is_not_answered_by_a_flood_of_looks():
    nothing = b"* SEARCH\r\n%TAG% OK\r\n"
    _, found, _, _ = at(("UID SEARCH", nothing), within=2.0)
    assert isinstance(found, NotArrived)
    assert found.polls <= 5


def test_a_message_told_in_passing_is_searched_for_again_at_once():
    passing = b"* SEARCH\r\n* 2 EXISTS\r\n%TAG% OK\r\n"
    box, found, _, _ = at(("UID SEARCH", passing), within=0.2)
    assert isinstance(found, NotArrived)
    assert box.count("NOOP") == 2 * found.polls


def test_where_the_server_searches_no_header_field_the_subject_finds_it():
    _, found, _, _ = at(("UID SEARCH HEADER", b"%TAG% NO [CANNOT] no such search\r\n"))
    assert isinstance(found, Arrived)


@pytest.mark.parametrize(
    ("changes", "phase", "cause"),
    [
        ([("SELECT", b"%TAG% NO no such mailbox\r\n")], Phase.AFTER_TLS, Cause.REFUSED),
        ([("UID SEARCH", b"%TAG% BAD\r\n")], Phase.AFTER_TLS, Cause.REFUSED),
        ([("NOOP", b"* BYE going down\r\n")], Phase.AFTER_TLS, Cause.CLOSED),
        ([("IDLE", b"* BYE going down\r\n")], Phase.AFTER_TLS, Cause.CLOSED),
        ([(WHOLE, b"%TAG% NO\r\n")], Phase.AFTER_TLS, Cause.MALFORMED),
        (
            [(WHOLE, fetched(7, "", means.stranger()))],
            Phase.AFTER_TLS,
            Cause.MALFORMED,
        ),
        (
            [(WHOLE, fetched(8, "", OURS))],
            Phase.AFTER_TLS,
            Cause.MALFORMED,
        ),
        (
            [(WHOLE, b"* 1 FETCH (UID 7 BODY[] {%d}\r\n" % (LITERAL_BYTES + 1))],
            Phase.AFTER_TLS,
            Cause.MALFORMED,
        ),
        ([(WHOLE, b"* 1 FETCH (FLAGS ())\r\n" * 3000)], Phase.AFTER_TLS, Cause.MALFORMED),
        ([(WHOLE, b"x" * 9000)], Phase.AFTER_TLS, Cause.MALFORMED),
        ([("CAPABILITY", b"* CAPABILITY\r\n" * 300)], Phase.CAPABILITY, Cause.MALFORMED),
    ],
)
def test_a_server_that_lies_or_leaves_is_told(changes, phase, cause):
    _, found, lines, seconds = at(*changes)
    assert isinstance(found, Missing), found
    assert (found.phase, found.cause) == (phase, cause)
    assert seconds < 15
    assert len(lines) < 500


@pytest.mark.parametrize("uids", [b"", b"8 9", b"0", b"4294967295"])
def test_other_messages_are_not_taken_for_ours(uids):
    other = fetched(8, "", means.stranger())
    box, found, _, _ = at(
        ("UID SEARCH", b"* SEARCH " + uids + b"\r\n%TAG% OK\r\n"), ("UID FETCH", other), within=0.2
    )
    assert isinstance(found, NotArrived)
    assert not box.count("UID STORE")
    assert not [line for line in box.heard if "BODY.PEEK[]" in line]


def test_a_login_for_the_moment_is_no_wrong_password():
    noted = []
    _, found, _, _ = at(
        ("AUTHENTICATE", b"%TAG% NO [UNAVAILABLE] later\r\n"),
        means_of={"refused": lambda *case: noted.append(case)},
    )
    assert isinstance(found, Missing)
    assert found.cause is Cause.THROTTLED
    assert noted == []


def test_a_server_without_sasl_is_entered_by_login():
    caps = b"* CAPABILITY IMAP4rev1 IDLE UIDPLUS\r\n%TAG% OK\r\n"
    box, found, lines, _ = at(("CAPABILITY", caps))
    assert isinstance(found, Arrived)
    assert 'LOGIN "user@example.test" "lab-password"' in box.heard
    assert any(line.endswith("LOGIN ***") for line in lines)
    box, found, _, _ = at(("CAPABILITY", caps), ("LOGIN", b"%TAG% NO wrong\r\n"))
    assert isinstance(found, Refused)
    assert found.kind is RefusalKind.AUTHENTICATION
    assert box.count("LOGIN") == 1


def test_a_message_to_be_kept_is_only_examined():
    box, found, _, _ = at(keep=True)
    assert isinstance(found, Arrived)
    assert (box.count("EXAMINE"), box.count("SELECT"), box.count("UID STORE")) == (1, 0, 0)

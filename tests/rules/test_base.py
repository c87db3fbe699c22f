from __future__ import annotations

import pytest

from factories import endpoint, missing, view
from mailtls.rules.base import is_literal, lighter, server_name, session_question
from mailtls.terms import Cause, Level, Phase


@pytest.mark.parametrize(
    ("name", "literal"),
    [("192.0.2.1", True), ("2001:db8::1", True), ("mail.example.org", False), ("12345", False)],
)
def test_only_names_are_sent_as_sni(name, literal):
    assert is_literal(name) is literal
    assert server_name(endpoint(identity=name)) == ("" if literal else name)


def test_the_lighter_level_wins():
    assert lighter(Level.ERROR, Level.WARNING) is Level.WARNING
    assert lighter(Level.NOTE, Level.ERROR) is Level.NOTE
    assert lighter(Level.ERROR, Level.ERROR) is Level.ERROR


def test_a_question_without_an_answer_is_a_gap():
    gap = view(endpoint(), answers={}).ask(session_question(endpoint()))
    assert (gap.phase, gap.cause) == (Phase.CONNECT, Cause.PREREQUISITE)


def test_an_unresolved_host_answers_everything():
    gone = missing(Phase.RESOLVE)
    assert view(endpoint(), unresolved=gone).session == gone

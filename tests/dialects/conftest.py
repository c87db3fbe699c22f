"""One conversation, played to a dialogue three ways: whole, in single bytes, with more behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from mailtls.dialects.dialogue import Dialogue
from mailtls.evidence import Missing, UpgradeReply
from mailtls.terms import Cause, Phase

BEHIND = b"\x16\x03 \xff\x00behind\r\n* OK 250 +OK\r\n"


@dataclass(frozen=True)
class Talk:
    """Plays `turns`, pairs of what the client must have written and what the server then says."""

    def play(self, make, turns, *, closed=False):
        """Return the outcome, the same whichever way the bytes come."""
        outcome = self._once(make, turns, closed=closed, cut=lambda data: [data]).outcome
        single = self._once(
            make, turns, closed=closed, cut=lambda data: [bytes([byte]) for byte in data]
        )
        assert single.outcome == outcome
        if not closed:
            *before, (sent, received) = turns
            full = self._once(
                make,
                [*before, (sent, received + BEHIND)],
                closed=False,
                cut=lambda data: [data],
            )
            seen = full.outcome
            if isinstance(seen, UpgradeReply) and seen.accepted:
                assert seen.leftover == BEHIND
                assert full.trailing == b""
                seen = replace(seen, leftover=b"")
            else:
                assert full.trailing.endswith(BEHIND)
            assert seen == outcome
        return outcome

    def missing(self, make, turns, *, closed=False) -> tuple[Phase, Cause]:
        """Return the phase and cause of an outcome that is Missing."""
        outcome = self.play(make, turns, closed=closed)
        assert isinstance(outcome, Missing)
        assert outcome.detail
        return outcome.phase, outcome.cause

    def _once(
        self,
        make: Callable[[], Dialogue],
        turns: list[tuple[bytes, bytes]],
        *,
        closed: bool,
        cut: Callable[[bytes], list[bytes]],
    ) -> Dialogue:
        dialogue = make()
        for sent, received in turns:
            assert dialogue.outcome is None
            assert dialogue.data_to_send() == sent
            for piece in cut(received):
                dialogue.receive_data(piece)
        if closed:
            assert dialogue.outcome is None
            dialogue.receive_eof()
        assert dialogue.outcome is not None
        assert dialogue.data_to_send() == b""
        return dialogue


@pytest.fixture
def talk() -> Talk:
    return Talk()

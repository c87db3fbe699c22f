"""The seam's only exception says what happened and why."""

from __future__ import annotations

from mailtls.net.interface import StreamError
from mailtls.terms import Cause


def test_stream_error_carries_cause_and_detail():
    error = StreamError(Cause.RESET, "the connection was reset")

    assert error.cause is Cause.RESET
    assert str(error) == error.detail == "the connection was reset"

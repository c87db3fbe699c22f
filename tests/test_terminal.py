"""Colours, width and log by what output is."""

from __future__ import annotations

import fcntl
import io
import os
import struct
import sys
import termios
from collections.abc import Iterator

import pytest

from mailtls.errors import UsageError
from mailtls.report.logs import Log
from mailtls.terminal import style, wants_color, width


@pytest.fixture
def terminal() -> Iterator[io.TextIOWrapper]:
    """Give a real terminal of 57 columns."""
    leader, follower = os.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 57, 0, 0))
    with os.fdopen(follower, "w") as stream:
        yield stream
    os.close(leader)


@pytest.mark.parametrize(
    ("choice", "environment", "expected"),
    [
        ("auto", {}, (True, False)),
        ("always", {"NO_COLOR": "1"}, (True, True)),
        ("never", {"FORCE_COLOR": "1"}, (False, False)),
        ("auto", {"NO_COLOR": "1"}, (False, False)),
        ("auto", {"NO_COLOR": ""}, (True, False)),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, (False, False)),
        ("auto", {"FORCE_COLOR": "1"}, (True, True)),
        ("auto", {"FORCE_COLOR": "0"}, (False, False)),
        ("auto", {"CLICOLOR_FORCE": "1"}, (True, True)),
        ("auto", {"CLICOLOR_FORCE": "0"}, (False, False)),
        ("auto", {"CLICOLOR": "0"}, (False, False)),
        ("auto", {"TERM": "dumb"}, (False, False)),
        ("auto", {"TERM": "dumb", "FORCE_COLOR": "1"}, (True, True)),
    ],
)
def test_colour_is_the_option_then_the_environment_then_the_terminal(choice, environment, expected):
    on = tuple(wants_color(choice, environment, terminal=here) for here in (True, False))

    assert on == expected


def test_a_terminal_has_its_own_width_and_no_log(terminal):
    shown = style(terminal, {"TF_BUILD": "True"}, color="auto", quiet=True, verbose=True)

    assert (shown.width, shown.log, shown.paint.on) == (57, Log.PLAIN, True)
    assert (shown.quiet, shown.verbose) == (True, True)


@pytest.mark.parametrize(
    ("said", "columns"), [("100", 100), ("20", 40), ("500", 120), ("", 57), ("0", 57), ("wide", 57)]
)
def test_columns_say_the_width_within_what_can_be_read(terminal, said, columns):
    assert width(terminal, {"COLUMNS": said}) == columns


def test_a_pipe_is_eighty_columns_and_may_be_the_log_of_a_job():
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        job = style(stream, {"TF_BUILD": "True"}, color="auto")
        alone = style(stream, {}, color="auto")
    os.close(reading)

    assert (job.width, job.log, job.paint.on) == (80, Log.AZURE, False)
    assert alone.log is Log.PLAIN


def test_a_file_is_no_log_though_a_job_writes_it(tmp_path):
    with (tmp_path / "out.txt").open("w") as stream:
        assert style(stream, {"TF_BUILD": "True"}, color="auto").log is Log.PLAIN


def test_a_stream_in_memory_is_taken_for_a_pipe():
    assert style(io.StringIO(), {"GITLAB_CI": "true"}, color="auto").log is Log.GITLAB
    with pytest.raises(UsageError):
        style(io.StringIO(), {"MAILTLS_LOG": "x"}, color="auto")
    assert sys.stdout is not None

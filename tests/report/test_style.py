"""How text is shown, before there is any."""

from __future__ import annotations

from mailtls.report.logs import Log
from mailtls.report.style import WIDTH, Paint, Style


def test_paint_wraps_in_every_code_and_resets_behind():
    assert Paint(on=True)("fail", "1", "31") == "\x1b[1;31mfail\x1b[0m"


def test_paint_leaves_text_alone_without_colours_or_codes():
    assert Paint(on=False)("fail", "31") == "fail"
    assert Paint(on=True)("fail") == "fail"


def test_a_style_of_which_nothing_is_known_is_plain():
    assert Style() == Style(
        paint=Paint(on=False), width=WIDTH, quiet=False, verbose=False, log=Log.PLAIN
    )

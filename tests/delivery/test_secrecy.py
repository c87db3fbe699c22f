from __future__ import annotations

import base64
import json
import pickle
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.delivery.secrecy import Redactor, Secret, forms

VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=5, max_size=60)


def test_a_secret_shows_nothing_of_itself():
    secret = Secret("canary-value")
    assert {repr(secret), str(secret), f"{secret}", f"{secret!s:>3}", repr((secret,))} == {
        "***",
        "(***,)",
    }
    assert secret.reveal() == "canary-value"
    assert secret != Secret("canary-value")
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@given(VALUES, st.binary(max_size=7), st.binary(max_size=7))
def test_every_form_is_found_whatever_stands_beside_it(value, before, after):
    redact = Redactor([Secret(value)])
    data = value.encode()
    wrapped = base64.b64encode(before + data + after).decode()
    for said in (
        value,
        data.hex(),
        data.hex().upper(),
        quote(value, safe=""),
        quote_plus(value),
        json.dumps(value),
        wrapped,
        wrapped.replace("+", "-").replace("/", "_"),
    ):
        assert "***" in redact(f"535 {said} refused")


@given(VALUES)
def test_nothing_of_a_short_form_hides_the_report(value):
    assert all(len(form) >= 4 for form in forms(value))


def test_text_without_a_secret_stays():
    assert Redactor([Secret("canary-value")])("250 2.0.0 Ok: queued as 4F1") == (
        "250 2.0.0 Ok: queued as 4F1"
    )
    assert Redactor([])("anything") == "anything"


@pytest.mark.parametrize("rest", ["", "... (+12 characters)"])
def test_a_form_that_was_cut_off_goes_too(rest):
    redact = Redactor([Secret("canary-value")])
    encoded = base64.b64encode(b"\0probe\0canary-value").decode()
    for said in ("535 canary-va", f"535 {encoded[:20]}"):
        shown = redact(said + rest)
        assert shown.endswith("***" + rest)
        assert "canary" not in shown
        assert encoded[12:20] not in shown


def test_the_end_of_a_word_is_no_secret():
    assert Redactor([Secret("canary-value")])("535 a can") == "535 a can"


def test_the_longer_secret_goes_first():
    assert Redactor([Secret("canary"), Secret("canary-value")])("a canary-value b") == "a *** b"

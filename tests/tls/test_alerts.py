from __future__ import annotations

import pytest

from mailtls.tls.alerts import ALERT_NAMES, alert_name, ssl2_error_name


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0, "close_notify"),
        (40, "handshake_failure"),
        (70, "protocol_version"),
        (80, "internal_error"),
        (112, "unrecognized_name"),
        (116, "certificate_required"),
        (120, "no_application_protocol"),
        (121, "ech_required"),
        (7, "alert_7"),
        (255, "alert_255"),
    ],
)
def test_a_number_has_its_registered_name(number: int, name: str) -> None:
    assert alert_name(number) == name


def test_every_name_is_one_token_and_stands_once() -> None:
    assert len(set(ALERT_NAMES.values())) == len(ALERT_NAMES)
    assert all(name.replace("_", "").isalpha() for name in ALERT_NAMES.values())


def test_errors_of_ssl2_have_names_too() -> None:
    assert ssl2_error_name(1) == "ssl2_no_cipher"
    assert ssl2_error_name(7) == "ssl2 error 7"

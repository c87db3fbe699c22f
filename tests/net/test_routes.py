"""--connect-to follows curl's rules."""

from __future__ import annotations

import pytest

from mailtls.net.routes import Routes, parse_detour
from mailtls.probe.questions import Service

SMTP = Service(host="smtp.example.com", port=587)


@pytest.mark.parametrize(
    ("rules", "service", "goes_to"),
    [
        ([], SMTP, SMTP),
        (
            ["smtp.example.com:587:127.0.0.1:1587"],
            SMTP,
            Service(host="127.0.0.1", port=1587),
        ),
        (["other.example.com:587:127.0.0.1:1587"], SMTP, SMTP),
        (["smtp.example.com:465:127.0.0.1:1587"], SMTP, SMTP),
        (["::127.0.0.1:"], SMTP, Service(host="127.0.0.1", port=587)),
        ([":587::1587"], SMTP, Service(host="smtp.example.com", port=1587)),
        (["SMTP.example.com.:587:[::1]:25"], SMTP, Service(host="::1", port=25)),
        (
            ["[2001:db8::1]:25:staging:2525"],
            Service(host="2001:db8::1", port=25),
            Service(host="staging", port=2525),
        ),
        (
            ["smtp.example.com:587:first:1", "smtp.example.com:587:second:2"],
            SMTP,
            Service(host="first", port=1),
        ),
    ],
)
def test_first_matching_rule_decides(rules, service, goes_to):
    assert Routes(detours=[parse_detour(rule) for rule in rules])(service) == goes_to


@pytest.mark.parametrize(
    "text", ["", "a", "a:1:b", "a:1:b:2:3", "a:x:b:2", "::1:25:b:2", "a:0:b:1", "a:1:b:65536"]
)
def test_anything_else_is_refused_with_a_reason(text):
    with pytest.raises(ValueError, match=r"expected HOST:PORT:HOST:PORT|not a port"):
        parse_detour(text)

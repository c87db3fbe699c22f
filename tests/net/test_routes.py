"""--connect-to follows curl's rules."""

from __future__ import annotations

import pytest

from mailtls.net.routes import Routes, parse_detour, parse_proxy
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


@pytest.mark.parametrize(
    ("text", "host", "port", "user", "password"),
    [
        ("socks5://proxy.example:1080", "proxy.example", 1080, "", ""),
        ("socks5://[::1]:1080/", "::1", 1080, "", ""),
        ("socks5://u%40x:p%3Aq@192.0.2.1:9", "192.0.2.1", 9, "u@x", "p:q"),
    ],
)
def test_a_proxy_is_named_by_a_url(text, host, port, user, password):
    proxy = parse_proxy(text)
    assert (proxy.host, proxy.port, proxy.user, proxy.password) == (host, port, user, password)
    assert password == "" or password not in repr(proxy)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "proxy:1080",
        "http://proxy:1080",
        "socks5://proxy",
        "socks5://proxy:0",
        "socks5://proxy:70000",
        "socks5://u:canary@proxy",
        "socks5://a b:1",
        "socks5://proxy:1080/path",
    ],
)
def test_what_is_no_proxy_is_refused_without_its_password(text):
    with pytest.raises(ValueError, match="expected socks5://") as raised:
        parse_proxy(text)
    assert "canary" not in str(raised.value)

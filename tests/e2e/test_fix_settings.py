"""Every setting that a fix names is one that the server has, by the manual of the packaged server.

Exchange has no manual here.
"""

from __future__ import annotations

import gzip
import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from lab import courier, cyrus, packages
from mailtls.rules import servers

PAGES = Path(__file__).parents[2] / "src" / "mailtls" / "pages"
CODE = re.compile(r"`([^`]+)`")
LOWER = re.compile(r"(?<![\w$./*+-])[a-z]+(?:_[a-z0-9]+)+(?![\w(])")
UPPER = re.compile(r"\b[A-Z0-9]+_[A-Z_]+\b|\b(?:IMAPD|POP3D)\w+\b|\b(?:SSL)?(?:PORT|ADDRESS)\b")
WORD = re.compile(r"(?<![\w.])[a-z]+(?:-[a-z]+)*(?![\w.])")

# Settings of later versions than the packaged ones, and the version that the text has to name.
LATER = {
    "Postfix": {"tls_ffdhe_auto_groups": "3.8"},
    "Dovecot": {
        "auth_allow_cleartext": "2.4",
        "ssl_server_cert_file": "2.4",
        "ssl_server_key_file": "2.4",
        "ssl_server_alt_cert_file": "2.4",
        "ssl_server_alt_key_file": "2.4",
        "ssl_server_dh_file": "2.4",
    },
    "OpenSMTPD": {"protocols": "where it has that option"},
}
# What stands in backticks beside settings, and belongs to another program.
ELSEWHERE = {
    "Postfix": {"mech_list"},  # Cyrus SASL's smtpd.conf
    "Cyrus": {"sasl_mech_list"},  # mech_list of the SASL library, with the prefix for imapd.conf
    "OpenSMTPD": {"smtpctl", "show", "schedule", "all"},
}


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _manual(folder: Path, name: str) -> str:
    (path,) = folder.rglob(name)
    text = gzip.decompress(path.read_bytes()).decode("utf-8", "replace")
    return re.sub(r"\\f[A-Z]", " ", text)  # roff's changes of font


def _postfix() -> str:
    return _output("postconf", "-d")


def _dovecot() -> str:
    return _output("doveconf", "-ad")


def _exim() -> str:
    return _manual(packages.debian("exim4-daemon-light"), "spec.txt.gz")


def _cyrus() -> str:
    return _manual(packages.debian(*cyrus.PACKAGES), "imapd.conf.5.gz")


def _courier() -> str:
    folder = packages.debian(*courier.PACKAGES) / "etc" / "courier"
    return "".join(
        (folder / name).read_text() for name in ("imapd", "imapd-ssl", "pop3d", "pop3d-ssl")
    )


def _opensmtpd() -> str:
    text = _manual(packages.debian("opensmtpd"), "smtpd.conf.5.gz")
    return "\n".join(re.findall(r"^\.(?:It|Ic|Cm|Op|Xo) .*", text, re.MULTILINE))


MANUALS: dict[str, tuple[re.Pattern[str], Callable[[], str]]] = {
    "Postfix": (LOWER, _postfix),
    "Dovecot": (LOWER, _dovecot),
    "Exim": (LOWER, _exim),
    "Cyrus": (LOWER, _cyrus),
    "Courier": (UPPER, _courier),
    "OpenSMTPD": (WORD, _opensmtpd),
}


@cache
def known(server: str) -> frozenset[str]:
    """Return every word of a server's manual."""
    return frozenset(re.findall(r"[\w-]+", MANUALS[server][1]().replace("\\-", "-")))


def advice(server: str) -> list[str]:
    """Return what the pages and the fixes say of a server, one item each."""
    lines = [line for page in PAGES.glob("*.md") for line in page.read_text("utf-8").splitlines()]
    items = [line for line in lines if re.match(rf"- \*\*[^*]*\b{server}\b", line)]
    return items + [
        text
        for by_server in servers._FIXES.values()
        for product, text in by_server.items()
        if product.value == server
    ]


def named(server: str) -> dict[str, str]:
    """Return the settings that the advice names, each with a text that names it."""
    pattern = MANUALS[server][0]
    return {
        setting: text
        for text in advice(server)
        for code in CODE.findall(text)
        for setting in pattern.findall(code)
    }


@pytest.mark.parametrize("server", MANUALS)
def test_a_setting_that_is_named_is_one(server: str) -> None:
    found = named(server)
    assert len(found) > 5
    later, elsewhere = LATER.get(server, {}), ELSEWHERE.get(server, set())
    assert not {each for each in found if each not in known(server)} - later.keys() - elsewhere


@pytest.mark.parametrize(
    ("server", "setting", "version"),
    [(server, setting, word) for server, said in LATER.items() for setting, word in said.items()],
)
def test_a_setting_of_a_later_version_is_named_with_the_version(
    server: str, setting: str, version: str
) -> None:
    texts = [text for text in advice(server) if f"`{setting}" in text]
    assert texts
    assert all(version in text for text in texts)


@pytest.mark.parametrize("server", MANUALS)
def test_what_is_no_setting_is_none(server: str) -> None:
    # A manual that held every word would let every fix pass.
    assert "tls_compression" not in known(server)
    assert "TLS_COMPRESSION" not in known(server)

"""No output holds a login, in any form, whatever a server plays back and whatever goes wrong."""

from __future__ import annotations

import base64
import io
import json
import os
import secrets
import string
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from delivery.postbox import Postbox, postbox
from mailtls.commands import run
from mailtls.delivery import login as login_module
from mailtls.report import FORMATS
from probe.peers import AUTHORITY, NAME

ALPHABET = string.ascii_letters + string.digits + "+/=&%\"'\\ü€"
USERNAME = "canary-user@example.test"


class Canary:
    """A secret made for one test, and every form in which it must not be seen."""

    def __init__(self) -> None:
        self.value = "".join(secrets.choice(ALPHABET) for _ in range(30))
        data = self.value.encode()
        self.forms = {
            "raw": self.value,
            "as bytes": data.decode("latin-1"),
            "hex": data.hex(),
            "url": quote(self.value, safe=""),
            "form": quote_plus(self.value),
            "json": json.dumps(self.value)[1:-1],
            "json, UTF-8": json.dumps(self.value, ensure_ascii=False)[1:-1],
        }
        for lead in range(3):
            # What base64 makes of it whatever stands on either side: whole groups of its own bytes.
            part = data[-lead % 3 :]
            part = part[: len(part) - len(part) % 3]
            self.forms[f"base64 at {lead}"] = base64.b64encode(part).decode()

    def seen_in(self, text: str) -> list[str]:
        lowered = text.casefold()
        return [
            name
            for name, form in self.forms.items()
            if form in text or (name == "hex" and form in lowered)
        ]


@pytest.fixture
def canary() -> Canary:
    return Canary()


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, canary: Canary) -> Path:
    """Give a folder with a policy that sends, and the login in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAILTLS_SMTP_USERNAME", USERNAME)
    monkeypatch.setenv("MAILTLS_SMTP_PASSWORD", canary.value)
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.root)
    (tmp_path / "mailtls.yml").write_text(
        "version: 1\n"
        f"endpoints: [{{name: out, host: {NAME}, port: 465, mode: implicit}}]\n"
        "deliveries:\n"
        "  - {name: x, send: {endpoint: out, from: probe@example.test, to: user@example.test,"
        " credential: SMTP}}\n"
    )
    return tmp_path


Everything = Callable[..., str]


@pytest.fixture
def everything(workplace: Path, capfd: pytest.CaptureFixture[str]) -> Everything:
    """Give a function that runs `check --send` and returns all that it wrote anywhere."""

    def written(
        box: Postbox, form: str, *more: str, reports=tuple(FORMATS), codes=(0, 1, 3)
    ) -> str:
        output, summary = io.StringIO(), io.StringIO()
        words = [
            "check",
            "--send",
            "--verbose",
            "--ca-file=ca.pem",
            f"--credential=SMTP={NAME}:465",
            f"--connect-to={NAME}:465:127.0.0.1:{box.port}",
            f"--format={form}",
            *(f"--report={each}={each}.out" for each in reports),
            *more,
        ]
        assert run(words, output=output, summary=summary) in codes
        shown = capfd.readouterr()
        files = [path.read_text() for path in sorted(workplace.glob("*.out"))]
        return "\n".join([shown.out, shown.err, output.getvalue(), summary.getvalue(), *files])

    return written


def played_back(canary: Canary) -> str:
    """Return a refusal that repeats the login in every form."""
    plain = base64.b64encode(f"\0{USERNAME}\0{canary.value}".encode()).decode()
    return "535 5.7.8 " + " ".join([plain, *canary.forms.values()])


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("accepted", [True, False])
def test_no_format_shows_a_login(everything, canary, form, accepted):
    answers = {} if accepted else {"AUTH": "535 5.7.8 Error: authentication failed"}
    with postbox(answers=answers) as box:
        written = everything(box, form)
    assert "delivery-accepted" in written
    assert canary.seen_in(written) == []
    assert [line for line in box.heard if line.startswith("AUTH PLAIN ")]


@pytest.mark.parametrize("form", FORMATS)
def test_a_login_that_the_server_plays_back_is_taken_out(everything, canary, form):
    with postbox(answers={"AUTH": played_back(canary)}) as box:
        written = everything(box, form)
    assert "***" in written
    assert canary.seen_in(written) == []


@pytest.mark.parametrize("mechanism", ["LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "XOAUTH2"])
def test_no_mechanism_shows_one(everything, canary, monkeypatch, mechanism):
    monkeypatch.setenv("MAILTLS_SMTP_TOKEN", canary.value if mechanism == "XOAUTH2" else "")
    answers = {"AUTH": "334 PDE4OTYuNjk3MTcwOTUyQGV4YW1wbGU+", "": played_back(canary)}
    with postbox(offered=(f"AUTH {mechanism}",), answers=answers) as box:
        written = everything(box, "text")
    assert f"AUTH {mechanism}" in written
    assert canary.seen_in(written) == []


def test_an_error_of_ours_shows_none(everything, canary, monkeypatch):
    async def broken(*_case: object) -> None:
        raise RuntimeError("a bug in the middle of a login")

    monkeypatch.setattr(login_module, "_exchange", broken)
    with postbox() as box:
        written = everything(box, "text", reports=(), codes=(2,))
    assert "internal error" in written
    assert "a bug in the middle" in written
    assert canary.seen_in(written) == []


def test_a_wrong_command_line_shows_none(everything, canary):
    with postbox() as box:
        written = everything(box, "text", "--credential=SMTP=elsewhere.example:465", codes=(0, 1))
        refused = everything(box, "text", "--send-domain=example.org", codes=(2,))
    assert canary.seen_in(written + refused) == []


def test_the_login_is_taken_out_of_the_environment(everything, canary):
    with postbox() as box:
        everything(box, "text")
    assert canary.value not in os.environ.values()
    assert not [name for name in os.environ if name.startswith("MAILTLS_SMTP_")]

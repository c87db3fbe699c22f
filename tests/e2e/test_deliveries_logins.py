"""Logins and refusals at real servers: Postfix with Dovecot's SASL, one service for each case."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from e2e.run import Run, mailtls
from lab.dovecot import PASSWORD, USER
from lab.loopback import Subnet
from lab.pki import Pki
from lab.submission import HOST, Submission, only, submission

PASSWORDS = ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "CRAM-MD5", "LOGIN")
TOKENS = ("OAUTHBEARER", "XOAUTH2")
LOGIN = {"MAILTLS_SMTP_USERNAME": USER, "MAILTLS_SMTP_PASSWORD": PASSWORD}
REFUSALS = {
    "greylisted": "450 4.2.0 Greylisted, see https://grey.example/",
    "blocklisted": "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example",
    "unknown": "550 5.1.1 User unknown",
}


@pytest.fixture(scope="module")
def server(lab_folder: Path, pki: Pki, subnet: Subnet) -> Iterator[Submission]:
    services = {name: only(name.lower()) for name in (*PASSWORDS, *TOKENS)}
    for name, reply in REFUSALS.items():
        table = lab_folder / f"refuse-{name}"
        table.write_text(f"example.test {reply}\n")
        restrictions = f"check_recipient_access texthash:{table}, permit"
        services[name] = {"smtpd_recipient_restrictions": restrictions}
    services["everything"] = {}
    services["old"] = {"smtpd_tls_mandatory_protocols": "TLSv1.2"}
    with submission(lab_folder / "logins", pki, subnet, services) as running:
        yield running


def declare(
    server: Submission,
    folder: Path,
    *names: str,
    keys: str = "",
    recipient: str = "user@example.test",
) -> None:
    """Write a policy with one message through each of the named services."""
    lines = ["version: 1", "endpoints:"]
    lines += [
        f"  - {{name: {name}, host: {HOST}, port: {server.ports[name]}, protocol: smtp, mode: starttls{keys}}}"
        for name in names
    ]
    lines.append("deliveries:")
    lines += [
        f"  - {{name: by {name}, send: {{endpoint: {name}, from: probe@example.test, to: {recipient},"
        " credential: SMTP}}"
        for name in names
    ]
    (folder / "mailtls.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def send(server: Submission, folder: Path, *more: str, **environment: str) -> Run:
    """Check the declared policy with `--send`; `environment` is the whole of it."""
    return mailtls(
        "check",
        "--send",
        "--rule=delivery-accepted",
        "--format=json",
        f"--ca-file={server.ca_file}",
        *server.connect_to,
        *(more if any("--credential" in word for word in more) else (*server.credential, *more)),
        cwd=folder,
        environment=environment,
    )


def sent(server: Submission, folder: Path, *names: str, **secret: str) -> Run:
    """Send one message through each of the named services, and return the run."""
    declare(server, folder, *names)
    values = {f"MAILTLS_SMTP_{key.upper()}": value for key, value in secret.items()}
    return send(server, folder, MAILTLS_SMTP_USERNAME=USER, **values)


def results(run: Run) -> dict[str, dict[str, Any]]:
    return {each["endpoint"]: each for each in run.report["results"]}


def since(server: Submission, mark: int) -> str:
    return server.postfix.log()[mark:]


def test_every_mechanism_lets_us_in(server: Submission, tmp_path: Path) -> None:
    mark = len(server.postfix.log())
    run = sent(server, tmp_path, *PASSWORDS, password=PASSWORD)
    assert run.code == 0, run.out + run.err
    messages = {name: each["message"] for name, each in results(run).items()}
    assert messages == {
        name: f"by {name}: the message was accepted over TLSv1.3 after {name}" for name in PASSWORDS
    }
    log = since(server, mark)
    for name in PASSWORDS:
        assert f"sasl_method={name}, sasl_username={USER}" in log


def test_the_strongest_of_all_is_taken(server: Submission, tmp_path: Path) -> None:
    run = sent(server, tmp_path, "everything", password=PASSWORD)
    assert results(run)["everything"]["message"].endswith("after SCRAM-SHA-256")


def test_a_token_lets_us_in_until_it_expires(server: Submission, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    good = sent(server, tmp_path, *TOKENS, token=server.token(now, lasts=timedelta(hours=2)))
    assert good.code == 0, good.out + good.err
    assert {each["message"].rpartition(" ")[2] for each in results(good).values()} == set(TOKENS)

    mark = len(server.postfix.log())
    expired = server.token(now, lasts=timedelta(minutes=30))
    run = sent(server, tmp_path, *TOKENS, token=expired)
    assert run.code == 1
    for each in results(run).values():
        assert each["message"].endswith("the server refuses the login")
        assert each["observed"].startswith("535 5.7.8")
        assert expired not in json.dumps(each)
    assert since(server, mark).count("authentication failed") == 1


def test_a_wrong_password_is_tried_once_in_the_whole_run(
    server: Submission, tmp_path: Path
) -> None:
    mark = len(server.postfix.log())
    run = sent(server, tmp_path, "everything", "PLAIN", "LOGIN", password="wrong-password")
    assert run.code == 1
    assert {each["outcome"] for each in results(run).values()} == {"fail"}
    log = since(server, mark)
    assert log.count("authentication failed") == 1
    assert log.count("auth=0/1") == 1


def test_refusals_are_told_apart(server: Submission, tmp_path: Path) -> None:
    run = sent(server, tmp_path, *REFUSALS, password=PASSWORD)
    assert run.code == 1
    seen = results(run)
    assert {name: each["outcome"] for name, each in seen.items()} == {
        "greylisted": "inconclusive",
        "blocklisted": "inconclusive",
        "unknown": "fail",
    }
    assert seen["greylisted"]["cause"] == "THROTTLED"
    assert "greylisted" in seen["greylisted"]["message"]
    assert seen["blocklisted"]["cause"] == "REFUSED"
    assert "this machine's address" in seen["blocklisted"]["message"]
    assert "User unknown" in seen["unknown"]["observed"]


def test_greylisting_alone_is_no_failure(server: Submission, tmp_path: Path) -> None:
    assert sent(server, tmp_path, "greylisted", password=PASSWORD).code == 3


def test_the_message_says_what_it_is_to_the_server_too(server: Submission, tmp_path: Path) -> None:
    mark = len(server.postfix.log())
    run = sent(server, tmp_path, "PLAIN", password=PASSWORD)
    queue_id = results(run)["PLAIN"]["observed"].rpartition(" ")[2]
    log = since(server, mark)
    assert f"{queue_id}: message-id=<" in log
    assert f"{queue_id}: from=<probe@example.test>" in log


def test_an_address_beyond_ascii_goes_by_smtputf8(server: Submission, tmp_path: Path) -> None:
    mark = len(server.postfix.log())
    declare(server, tmp_path, "PLAIN", recipient="δοκιμή@example.test")
    assert send(server, tmp_path, **LOGIN).code == 0
    assert "to=<δοκιμή@example.test>" in since(server, mark)


def test_nothing_is_sent_where_the_certificate_is_not_trusted(
    server: Submission, tmp_path: Path
) -> None:
    mark = len(server.postfix.log())
    (tmp_path / "other.pem").write_bytes(Pki(tmp_path / "other", name="Other").ca_file.read_bytes())
    declare(server, tmp_path, "PLAIN")
    run = send(server, tmp_path, "--ca-file=other.pem", **LOGIN)
    assert run.code == 3
    (result,) = run.report["results"]
    assert "certificate-trust" in result["message"]
    log = since(server, mark)
    assert "sasl" not in log
    assert "auth=" not in log


def test_a_floor_above_what_is_negotiated_sends_nothing(server: Submission, tmp_path: Path) -> None:
    good = sent(server, tmp_path, "old", password=PASSWORD)
    assert "TLSv1.2" in results(good)["old"]["message"]
    mark = len(server.postfix.log())
    declare(server, tmp_path, "old", keys=', tls: {min_version: "1.3"}')
    run = send(server, tmp_path, **LOGIN)
    assert run.code == 3
    assert "tls-version" in run.report["results"][0]["message"]
    assert "auth=" not in since(server, mark)


def test_without_values_the_run_is_judged_and_nothing_is_sent(
    server: Submission, tmp_path: Path
) -> None:
    declare(server, tmp_path, "PLAIN")
    mark = len(server.postfix.log())
    fork = {"GITHUB_EVENT_NAME": "pull_request", "MAILTLS_SMTP_PASSWORD": ""}
    run = send(server, tmp_path, "--rule=mode", **fork)
    assert run.code == 0, run.out + run.err
    assert run.outcomes("PLAIN") == {"pass": {"mode"}, "not_applicable": {"delivery-accepted"}}
    assert "pull requests from forks" in run.out
    assert "by PLAIN was not sent" in run.err
    assert "auth=" not in since(server, mark)


def test_a_login_bound_elsewhere_stops_the_run_before_a_byte(
    server: Submission, tmp_path: Path
) -> None:
    declare(server, tmp_path, "PLAIN")
    mark = len(server.postfix.log())
    run = send(server, tmp_path, "--credential=SMTP=smtp.example.com:587", **LOGIN)
    assert run.code == 2
    assert "points the credential SMTP at" in run.err
    assert "connect from" not in since(server, mark)

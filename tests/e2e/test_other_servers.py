"""Servers beyond Postfix and Dovecot: the vulnerable are found, and Exim is no false alarm."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from e2e.run import Run, check
from lab import others, postfix
from lab.courier import Courier
from lab.exim import Exim
from lab.names import connect_to
from lab.process import Daemon, running

HOST = "mail.example.test"
GROUP = (
    "starttls-offered",
    "starttls-enforced",
    "starttls-boundary",
    "starttls-renewed",
    "auth-before-tls",
)


def judged(
    tmp_path: Any, pki: Any, address: str, port: int, *servers: Daemon, keys: Any = None
) -> Run:
    endpoint = {"name": "it", "host": HOST, "port": port, "mode": "starttls", **(keys or {})}
    with running(*servers):
        return check(
            tmp_path,
            [endpoint],
            "--connect-to",
            f"{HOST}:{port}:{address}:{port}",
            *(part for rule in GROUP for part in ("--rule", rule)),
            ca_file=pki.ca_file,
        )


def failures(run: Run) -> set[tuple[str, str]]:
    return {(r["rule"], r["message"]) for r in run.report["results"] if r["outcome"] == "fail"}


INJECTED = ("starttls-boundary", "a command injected before TLS is carried out inside it")


def test_aiosmtpd_before_1_4_6_carries_out_what_was_injected(lab_folder, subnet, pki, tmp_path):
    address = subnet.address()
    server = others.aiosmtpd(lab_folder / "aiosmtpd", address, pki.issue(HOST))
    run = judged(tmp_path, pki, address, 587, server)

    assert failures(run) == {
        INJECTED,
        ("starttls-renewed", "a second STARTTLS is accepted inside TLS"),
    }
    assert run.report["counts"]["inconclusive"] == 0
    assert run.outcomes("it")["pass"] >= {"starttls-offered", "starttls-enforced"}
    assert run.report["connections"] <= 4


def test_pymap_carries_out_what_was_injected(lab_folder, subnet, pki, tmp_path):
    address = subnet.address()
    server = others.pymap(lab_folder / "pymap", address, pki.issue(HOST))
    run = judged(tmp_path, pki, address, 143, server)

    assert INJECTED in failures(run)
    assert run.report["counts"]["inconclusive"] == 0
    assert run.report["connections"] == 3


def test_exim_as_it_comes_is_no_false_alarm(lab_folder, subnet, pki, tmp_path):
    address = subnet.address()
    server = Exim(lab_folder / "exim", address, pki.issue(HOST))
    run = judged(tmp_path, pki, address, 25, server)

    assert run.code == 0, run.out
    assert run.outcomes("it") == {"pass": set(GROUP)}
    assert run.report["connections"] <= 4


def test_exim_for_submission_has_to_demand_tls(lab_folder, subnet, pki, tmp_path):
    address = subnet.address()
    leaf = pki.issue(HOST)
    demands = {"acl_smtp_mail": "check_mail"}
    open_to_all = Exim(lab_folder / "exim-open", address, leaf, port=587)
    demanding = Exim(lab_folder / "exim-demanding", address, leaf, port=587, options=demands)

    run = judged(tmp_path, pki, address, 587, open_to_all)
    assert failures(run) == {("starttls-enforced", "the server accepts MAIL FROM:<> without TLS")}
    run = judged(tmp_path, pki, address, 587, demanding)
    assert run.outcomes("it") == {"pass": set(GROUP)}


@pytest.mark.parametrize("port", [143, 110])
def test_courier_that_refuses_old_versions_says_so_in_clear(
    lab_folder, subnet, pki, tmp_path, port
):
    """No alert comes but -ERR or NO: the version is refused, and the server goes on in clear."""
    address = subnet.address()
    modern = {"TLS_PRIORITY": "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"}
    server = Courier(
        lab_folder / f"courier-modern-{port}",
        address,
        pki.issue(HOST),
        settings={"imapd-ssl": modern, "pop3d-ssl": modern},
    )
    endpoint = {"name": "it", "host": HOST, "port": port, "mode": "starttls"}
    rules = ("--rule", "tls-version", "--rule", "starttls-boundary")
    with running(server):
        way = connect_to([(HOST, port, address)])
        run = check(tmp_path, [endpoint], *way, *rules, ca_file=pki.ca_file)

    assert run.report["counts"]["inconclusive"] == 0
    assert run.outcomes("it")["pass"] >= {"tls-version"}
    resumed = "the server goes on in clear after a failed handshake"
    assert ("starttls-boundary", resumed) in failures(run)


@pytest.mark.parametrize("port", [25, 587])
def test_postfix_that_asks_for_a_client_certificate_is_judged_alike(
    lab_folder, subnet, pki, tmp_path, port
):
    address = subnet.address()
    service = {25: postfix.relay, 587: postfix.submission}[port]
    asking = {
        "smtpd_tls_ask_ccert": "yes",
        "smtpd_tls_CAfile": str(pki.ca_file),
        "smtpd_sasl_auth_enable": "no",  # there is no SASL server beside it
    }
    server = postfix.Postfix(
        lab_folder / f"asking-{port}",
        [service(address, pki.issue(HOST), options=asking)],
    )
    keys = {"auth": {"forbid": ["ANONYMOUS"]}, "capabilities": {"require": ["8BITMIME"]}}
    run = judged(tmp_path, pki, address, port, server, keys=keys)

    assert run.code == 0, run.out
    assert run.outcomes("it") == {"pass": set(GROUP)}


def test_exims_limit_of_connections_is_no_other_mode(lab_folder, subnet, pki, tmp_path):
    """It counts before TLS begins, and says so in clear on a port of implicit TLS too."""
    address = subnet.address()
    options = {"tls_on_connect_ports": "465", "smtp_accept_max_per_host": "1"}
    server = Exim(lab_folder / "exim-full", address, pki.issue(HOST), port=465, options=options)
    with running(server), socket.create_connection((address, 465), timeout=30):
        endpoint = {"host": HOST, "port": 465, "mode": "implicit"}
        way = connect_to([(HOST, 465, address)])
        run = check(tmp_path, [endpoint], *way, "--retries", "0", ca_file=pki.ca_file)
    assert (run.code, run.report["counts"]["fail"]) == (3, 0), run.out
    (mode,) = (r for r in run.report["results"] if r["rule"] == "mode")
    assert (mode["outcome"], mode["cause"]) == ("inconclusive", "THROTTLED")
    assert "421 Too many concurrent SMTP connections" in mode["observed"]

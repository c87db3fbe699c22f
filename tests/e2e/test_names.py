"""Names, addresses and choices from end to end, with a DNS server of the lab's."""

from __future__ import annotations

import subprocess

import pytest

from e2e.run import check
from lab.fleet import Defect
from lab.names import Failure


def by_name(nameserver, healthy, tmp_path, table, endpoint, *more):
    server = nameserver(table)
    words = ["--resolver", server.option, "--retries", "0", *more]
    return check(tmp_path, [endpoint], *words, ca_file=healthy.ca_file)


MAIL = {"name": "mail", "host": "mail.example.test", "port": 993, "mode": "implicit"}


def test_each_address_of_a_name_is_judged_for_itself(nameserver, healthy, drifted, tmp_path):
    good, stale = healthy.at(993), drifted.at(993, Defect.EXPIRED)
    run = by_name(nameserver, healthy, tmp_path, {good.host: [good.address, stale.address]}, MAIL)
    failed = {(r["rule"], r["address"]) for r in run.report["results"] if r["outcome"] == "fail"}

    assert run.code == 1
    assert ("certificate-expiry", stale.address) in failed
    assert failed >= {("address-agreement", None)}
    assert {address for _, address in failed} == {stale.address, None}
    assert {t["address"] for t in run.report["endpoints"][0]["targets"]} == {
        good.address,
        stale.address,
    }


def test_any_asks_for_one_good_address_and_a_list_needs_no_name(
    nameserver, healthy, drifted, tmp_path
):
    good, stale = healthy.at(993), drifted.at(993, Defect.EXPIRED)
    table = {good.host: [good.address, stale.address]}

    loose = by_name(nameserver, healthy, tmp_path, table, MAIL | {"addresses": "any"})
    listed = by_name(nameserver, healthy, tmp_path, {}, MAIL | {"addresses": [good.address]})

    assert loose.code == 0
    assert listed.code == 0


def test_a_name_that_does_not_exist_fails_and_a_server_that_fails_is_a_gap(
    nameserver, healthy, tmp_path
):
    absent = by_name(nameserver, healthy, tmp_path, {}, MAIL)
    broken = by_name(nameserver, healthy, tmp_path, {"mail.example.test": Failure.SERVFAIL}, MAIL)
    v6_only = by_name(
        nameserver, healthy, tmp_path, {"mail.example.test": ["192.0.2.1"]},
        MAIL | {"addresses": "ipv6"},
    )  # fmt: skip

    assert absent.code == 1
    assert absent.outcomes("mail")["fail"] == {"reachable"}
    assert broken.code == 3
    assert "fail" not in broken.outcomes("mail")
    assert v6_only.code == 3


def test_a_retired_port_stays_closed(nameserver, healthy, tmp_path):
    good = healthy.at(993)
    table = {good.host: [good.address]}
    closed = MAIL | {"port": 2993, "protocol": "imap", "expect": "closed"}

    shut = by_name(nameserver, healthy, tmp_path, table, closed)
    open_ = by_name(nameserver, healthy, tmp_path, table, MAIL | {"expect": "closed"})

    assert shut.code == 0
    assert shut.outcomes("mail") == {"pass": {"closed"}}
    assert open_.code == 1
    assert open_.outcomes("mail") == {"fail": {"closed"}}


def test_endpoints_can_be_chosen_by_glob(healthy, tmp_path):
    endpoints = [
        {"name": f"{e.protocol}-{e.port}", "host": e.host, "port": e.port, "mode": e.mode}
        for e in healthy.endpoints
    ]
    run = check(
        tmp_path, endpoints, *healthy.connect_to, "--only", "imap-*", ca_file=healthy.ca_file
    )

    assert run.code == 0
    assert {e["name"] for e in run.report["endpoints"]} == {"imap-143", "imap-993"}


@pytest.fixture
def picky(pki):
    """Give the port of a server that refuses every name but one (openssl s_server)."""
    known = pki.issue("known.example.test")
    files = ["-cert", known.chain_file, "-key", known.key_file]
    files += ["-cert2", known.chain_file, "-key2", known.key_file]
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", *map(str, files)]
    command += ["-servername", "known.example.test", "-servername_fatal"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as server:
        lines = iter(server.stdout.readline, b"")
        yield next(int(line.rpartition(b":")[2]) for line in lines if line.startswith(b"ACCEPT"))
        server.kill()


def test_a_server_that_knows_no_such_name_fails_the_rule_on_names(picky, pki, tmp_path):
    endpoint = {"host": "other.example.test", "port": 993, "mode": "implicit"}
    rules = ["--rule", "certificate-name", "--rule", "certificate-trust"]
    detour = f"other.example.test:993:127.0.0.1:{picky}"
    done = check(tmp_path, [endpoint], "--connect-to", detour, *rules, ca_file=pki.ca_file)

    name, trust = done.report["results"]
    assert (name["rule"], name["outcome"]) == ("certificate-name", "fail")
    assert "unrecognized_name" in name["observed"]
    assert (trust["outcome"], trust["cause"]) == ("inconclusive", "PREREQUISITE")
    assert "see the rule certificate-name" in trust["message"]

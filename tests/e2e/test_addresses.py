"""Names with several addresses, found by a real DNS server: the one that differs, and the unreachable."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack

import pytest

from e2e.run import check
from lab import postfix
from lab.fleet import SANE
from lab.postfix import Postfix
from lab.process import running

MANY = "many.example.test"
# No TCP connection to a multicast address gets out of any machine, with or without IPv6.
NO_ROUTE = "ff0e::1"


@pytest.fixture(scope="module")
def spread(lab_folder, pki, subnet):
    """Give eight addresses of one name, the last of them with the certificate of before."""
    fresh, stale = pki.issue(MANY), pki.issue(MANY, days=(-60, 30))
    addresses = [subnet.address() for _ in range(8)]
    no_auth = {"smtpd_sasl_auth_enable": "no"}  # there is no Dovecot to ask
    services = [postfix.submission(each, fresh, options=no_auth) for each in addresses[:-1]]
    services.append(postfix.submission(addresses[-1], stale, options=no_auth))
    services.append(postfix.submissions(addresses[0], fresh, options=no_auth))
    with running(Postfix(lab_folder / "spread", services, main=SANE)):
        yield addresses


@pytest.fixture
def run(spread, nameserver, pki, tmp_path):
    def run(*keys, table=None, more=()):
        names = nameserver(table or {MANY: spread})
        endpoints = [{"host": MANY, "port": 587, "mode": "starttls"} | each for each in keys]
        return check(
            tmp_path,
            endpoints,
            "--resolver",
            names.option,
            *more,
            ca_file=pki.ca_file,
        )

    return run


def results(done, rule, outcome=None):
    return [
        each
        for each in done.report["results"]
        if each["rule"] == rule and outcome in (None, each["outcome"])
    ]


def test_one_stale_address_of_eight_is_found(run, spread):
    done = run({})

    (finding,) = results(done, "address-agreement")
    assert finding["outcome"] == "fail"
    assert finding["level"] == "warning"
    assert finding["address"] is None
    assert finding["message"].endswith(f"differ in the certificate: {spread[-1]}")
    assert finding["observed"].startswith(f"{spread[-1]}: sha256:")
    assert all(address in finding["observed"] for address in spread)
    assert "postfix reload" in finding["remedy"]
    assert done.code == 0
    (endpoint,) = done.report["endpoints"]
    assert {t["address"] for t in endpoint["targets"]} == set(spread)
    assert {t["connections"] for t in endpoint["targets"]} == {6}


def test_a_strict_gate_fails_on_it(run):
    assert run({}, more=["--fail-on", "warning"]).code == 1


def test_addresses_that_agree_pass(run, spread):
    done = run({}, table={MANY: spread[:-1]})
    (finding,) = results(done, "address-agreement")
    assert (finding["outcome"], finding["message"]) == ("pass", "7 addresses agree")


def test_another_service_shows_which_node_was_not_reloaded(run, spread):
    done = run(
        {}, {"name": "submissions", "port": 465, "mode": "implicit", "addresses": spread[:1]}
    )
    (stale,) = results(done, "certificate-agreement", "fail")
    assert (stale["endpoint"], stale["address"]) == (f"{MANY}:587", spread[-1])
    assert "likely not reloaded" in stale["message"]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("all", ["V4", NO_ROUTE]),
        ("ipv4", ["V4"]),
        ("ipv6", [NO_ROUTE]),
        (["V4"], ["V4"]),
    ],
)
def test_the_choice_of_addresses_is_what_is_asked(run, spread, choice, expected):
    table = {MANY: [spread[0], NO_ROUTE]}
    here = {"V4": spread[0]}
    wanted = [here.get(each, each) for each in choice] if isinstance(choice, list) else choice
    done = run({"addresses": wanted}, table=table)
    (endpoint,) = done.report["endpoints"]
    assert [t["address"] for t in endpoint["targets"]] == [here.get(e, e) for e in expected]


def test_no_ipv6_here_is_told_once_and_not_at_each_endpoint(run, spread):
    table = {MANY: [spread[0], NO_ROUTE]}
    done = run({}, {"name": "submissions", "port": 465, "mode": "implicit"}, table=table)

    assert done.code == 3
    (told,) = [each for each in done.report["results"] if each["outcome"] == "inconclusive"]
    assert (told["rule"], told["address"]) == ("runner", None)
    assert (told["phase"], told["cause"]) == ("CONNECT", "UNREACHABLE")
    assert f"[{NO_ROUTE}]:587" in told["observed"]
    assert f"[{NO_ROUTE}]:465" in told["observed"]
    folded = [each for each in done.report["results"] if each["address"] == NO_ROUTE]
    assert {each["outcome"] for each in folded} == {"not_applicable"}
    assert len(folded) > 10


def test_any_address_is_enough_without_ipv6_too(run, spread):
    done = run({"addresses": "any"}, table={MANY: [spread[0], NO_ROUTE]})
    assert done.code == 0
    assert done.report["verdict"] == "pass"


def test_any_address_passes_beside_one_that_is_stale_or_closed(run, spread, subnet):
    done = run({"addresses": "any"}, table={MANY: [spread[0], subnet.address()]})
    assert done.code == 0


def test_a_closed_port_is_expected_on_every_address(run):
    closed = {"name": "retired", "port": 143, "mode": "starttls", "expect": "closed"}
    done = run(closed)
    assert done.code == 0
    assert len(results(done, "closed", "pass")) == 8
    open_one = {"name": "retired", "expect": "closed"}
    assert len(results(run(open_one), "closed", "fail")) == 8


@pytest.fixture
def blocked(subnet):
    """Give an address whose port 25 answers no connection request, as behind a provider's filter."""
    address = subnet.address()
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((address, 25))
        listener.listen(0)
        # Linux drops the requests that a full queue has no room for (tcp(7), tcp_abort_on_overflow).
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((address, 25))
        yield address


def test_a_blocked_port_25_is_told_once(run, spread, blocked):
    table = {MANY: spread[:1], "mx.example.test": [blocked], "mx2.example.test": [blocked]}
    done = run(
        {},
        {"name": "mx", "host": "mx.example.test", "port": 25},
        {"name": "mx2", "host": "mx2.example.test", "port": 25},
        table=table,
        more=["--timeout", "3"],
    )
    assert done.code == 3
    (told,) = [each for each in done.report["results"] if each["outcome"] == "inconclusive"]
    assert (told["rule"], told["endpoint"], told["cause"]) == ("runner", "mx", "TIMED_OUT")
    assert "port 25" in told["message"]
    assert "--connect-to" in told["remedy"]


def test_addresses_are_asked_at_the_same_time(run, subnet):
    """Every listener waits for a connection at each of the others before any of them goes on."""
    addresses = [subnet.address() for _ in range(8)]
    together = threading.Barrier(8)
    met = []

    def serve(listener):
        connection, _ = listener.accept()
        with connection:
            try:
                together.wait(timeout=20)
            except threading.BrokenBarrierError:
                return
            met.append(1)

    with ExitStack() as stack:
        threads = []
        for address in addresses:
            listener = stack.enter_context(socket.create_server((address, 587)))
            threads.append(threading.Thread(target=serve, args=(listener,)))
            threads[-1].start()
        run({}, table={MANY: addresses}, more=["--retries", "0", "--timeout", "5"])
        for thread in threads:
            thread.join()
    assert len(met) == 8

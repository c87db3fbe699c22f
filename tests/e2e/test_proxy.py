"""A whole run by way of a proxy, as from a runner whose own network blocks the ports."""

from __future__ import annotations

from e2e.run import check
from lab.process import running
from lab.proxies import PORT, microsocks


def test_the_verdict_through_a_proxy_is_the_verdict(lab_folder, subnet, healthy, tmp_path):
    address = subnet.address()
    chosen = [healthy.at(port) for port in (25, 587, 993)]
    endpoints = [{"host": e.host, "port": e.port, "mode": e.mode} for e in chosen]
    with running(microsocks(lab_folder / "proxy", address)):
        run = check(
            tmp_path,
            endpoints,
            *healthy.connect_to,
            "--proxy",
            f"socks5://{address}:{PORT}",
            ca_file=healthy.ca_file,
        )

    assert (run.code, run.report["verdict"]) == (0, "pass")


def test_a_proxy_that_is_not_there_is_no_failure_of_the_servers(subnet, healthy, tmp_path):
    chosen = healthy.at(587)
    run = check(
        tmp_path,
        [{"host": chosen.host, "port": chosen.port, "mode": chosen.mode}],
        *healthy.connect_to,
        "--proxy",
        f"socks5://{subnet.address()}:{PORT}",
        ca_file=healthy.ca_file,
    )

    assert (run.code, run.report["verdict"]) == (3, "inconclusive")
    told = {result["observed"] for result in run.report["results"] if result["phase"] == "CONNECT"}
    assert "the proxy does not answer" in told

"""Real Postfix and Dovecot, healthy and drifted: every verdict beside what openssl s_client says."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.run import Run, check
from lab import dovecot, oracle
from lab.fleet import Defect, Endpoint, Fleet
from lab.process import require

ALWAYS = {"reachable", "protocol", "mode"}
OF_TLS = {
    f"tls-{aspect}"
    for aspect in (
        "version",
        "cipher",
        "group",
        "renegotiation",
        "compression",
        "master-secret",
    )
}
OF_UPGRADE = {
    "starttls-offered",
    "starttls-enforced",
    "starttls-boundary",
    "starttls-renewed",
    "auth-before-tls",
}
OF_CERTIFICATE = {
    f"certificate-{aspect}" for aspect in ("trust", "name", "expiry", "chain", "key", "signature")
}
BROKEN = {
    Defect.EXPIRED: {"certificate-expiry"},
    Defect.WRONG_NAME: {"certificate-name"},
    Defect.NO_INTERMEDIATE: {"certificate-trust", "certificate-chain"},
    Defect.SELF_SIGNED: {"certificate-trust"},
    # TLS 1.0 has no suite but those that RFC 9325 speaks against.
    Defect.TLS_1_0: {"tls-version", "tls-cipher"},
    Defect.NO_STARTTLS: {"starttls-offered"},
    Defect.WRONG_MODE: {"mode"},
    Defect.NOT_RELOADED: {"certificate-agreement"},
}

# Where no TLS is offered a login is offered all the same, but on the relay and in LMTP.
EXPOSED = {"starttls-enforced", "auth-before-tls"}
WITH_LOGIN = {587, 143, 110, 4190}


def broken(endpoint: Endpoint) -> set[str]:
    """Return the rules that have to fail on an endpoint."""
    rules = set().union(*(BROKEN[defect] for defect in endpoint.defects))
    exposed = Defect.NO_STARTTLS in endpoint.defects and endpoint.port in WITH_LOGIN
    return rules | EXPOSED if exposed else rules


def declared(endpoint: Endpoint) -> dict[str, object]:
    return {
        "name": f"{endpoint.host}:{endpoint.port}",
        "host": endpoint.host,
        "port": endpoint.port,
        "mode": endpoint.mode,
    }


def run(fleet: Fleet, folder: Any, *more: str) -> Run:
    endpoints = [declared(endpoint) for endpoint in fleet.endpoints]
    return check(folder, endpoints, *fleet.connect_to, *more, ca_file=fleet.ca_file)


@pytest.fixture(scope="session")
def healthy_run(healthy, tmp_path_factory) -> Run:
    return run(healthy, tmp_path_factory.mktemp("healthy"))


@pytest.fixture(scope="session")
def drifted_run(drifted, tmp_path_factory) -> Run:
    return run(drifted, tmp_path_factory.mktemp("drifted"))


def test_stock_postfix_and_dovecot_are_green(healthy_run):
    report = healthy_run.report

    assert healthy_run.code == 0, healthy_run.out
    assert report["verdict"] == "pass"
    assert report["counts"]["fail"] == report["counts"]["inconclusive"] == 0
    assert len(report["endpoints"]) == 9


def test_green_is_more_than_silence(healthy, healthy_run):
    """Each endpoint passed every rule that has a meaning for it."""
    for endpoint in healthy.endpoints:
        upgrade = OF_UPGRADE if endpoint.starttls else set()
        if endpoint.protocol == "lmtp":
            upgrade = upgrade - {"starttls-enforced"}  # asked for by its key alone
        passed = healthy_run.outcomes(f"{endpoint.host}:{endpoint.port}")["pass"]
        assert passed >= ALWAYS | OF_TLS | OF_CERTIFICATE | upgrade


def test_a_target_costs_five_connections_and_the_upgrade_or_a_doubt_one_more(healthy_run):
    """Dovecot to 2.3 refuses by hanging up, which with implicit TLS a limit of connections does too."""
    endpoints = healthy_run.report["endpoints"]
    costs = [target["connections"] for each in endpoints for target in each["targets"]]

    silent = dovecot.version(require("dovecot", "dovecot-core")) < (2, 4)
    hung_up = [silent and each["protocol"] != "smtp" for each in endpoints]
    assert costs == [
        6 if each["mode"] == "starttls" or doubted else 5
        for each, doubted in zip(endpoints, hung_up, strict=True)
    ]
    assert healthy_run.report["connections"] == sum(costs)


def test_a_stricter_profile_with_a_group_that_the_session_shows_costs_eight(
    healthy, healthy_run, tmp_path
):
    results = healthy_run.report["results"]
    agreed = {r["endpoint"]: r["observed"] for r in results if r["rule"] == "tls-group"}
    endpoints = [declared(each) for each in healthy.endpoints]
    for each in endpoints:
        groups = [agreed[str(each["name"])]]
        each["tls"] = {"profile": "mozilla-intermediate-6.0", "require_groups": groups}

    done = check(tmp_path, endpoints, *healthy.connect_to, ca_file=healthy.ca_file)

    costs = [target["connections"] for e in done.report["endpoints"] for target in e["targets"]]
    assert max(costs) == 8
    results = done.report["results"]
    assert {r["outcome"] for r in results} <= {"pass", "fail", "not_applicable"}
    assert not any("does not accept the group" in r["message"] for r in results)


def test_what_was_negotiated_is_what_openssl_negotiates(healthy, healthy_run):
    seen = {e["port"]: e["targets"][0] for e in healthy_run.report["endpoints"]}
    for endpoint in healthy.endpoints:
        says = oracle.s_client(
            endpoint.address,
            endpoint.port,
            starttls=endpoint.starttls,
            servername=endpoint.host,
            ca_file=healthy.ca_file,
            verify_name=endpoint.host,
        )
        target = seen[endpoint.port]
        assert says.verify_code == 0
        assert target["tls_version"] == says.protocol
        leaf = says.chain[0]
        assert target["certificate"]["serial"].lower().lstrip("0") == f"{leaf.serial_number:x}"


def test_each_defect_is_found_and_nothing_else(drifted, drifted_run):
    assert drifted_run.code == 1
    for endpoint in drifted.endpoints:
        outcomes = drifted_run.outcomes(f"{endpoint.host}:{endpoint.port}")
        expected = broken(endpoint)
        assert outcomes.get("fail", set()) == expected, f"{endpoint.host}:{endpoint.port}"
        behind_nothing = not endpoint.defects & {Defect.NO_STARTTLS, Defect.WRONG_MODE}
        if behind_nothing:
            assert "inconclusive" not in outcomes, f"{endpoint.host}:{endpoint.port}"


@pytest.mark.parametrize(
    ("defect", "codes"),
    [
        (Defect.EXPIRED, {10}),
        (Defect.WRONG_NAME, {62}),
        (Defect.NO_INTERMEDIATE, {20, 21}),
        (Defect.SELF_SIGNED, {18}),
        (Defect.TLS_1_0, {0}),
        (Defect.NOT_RELOADED, {0}),
    ],
)
@pytest.mark.parametrize("port", [25, 587, 465, 143, 993, 110, 995, 4190])
def test_openssl_gives_the_same_reason(drifted, drifted_run, defect, codes, port):
    endpoint = drifted.at(port, defect)
    says = oracle.s_client(
        endpoint.address,
        port,
        starttls=endpoint.starttls,
        servername=endpoint.host,
        ca_file=drifted.ca_file,
        verify_name=endpoint.host,
    )
    failed = drifted_run.outcomes(f"{endpoint.host}:{port}").get("fail", set())

    assert says.verify_code in codes
    assert bool(failed & OF_CERTIFICATE) == (says.verify_code != 0)


def test_old_versions_are_those_that_openssl_gets_too(drifted, drifted_run):
    for port in (587, 465, 143, 993):
        endpoint = drifted.at(port, Defect.TLS_1_0)
        result = next(
            r
            for r in drifted_run.report["results"]
            if r["endpoint"] == f"{endpoint.host}:{port}" and r["rule"] == "tls-version"
        )
        best = oracle.accepts(endpoint.address, port, "TLSv1.1", starttls=endpoint.starttls)
        assert ("TLSv1.1" in result["observed"]) == best


def test_the_wrong_mode_is_named_with_the_line_to_edit(drifted, drifted_run):
    failures = {r["endpoint"]: r for r in drifted_run.report["results"] if r["rule"] == "mode"}
    for port, spoken in ((465, "SMTP in clear"), (587, "implicit TLS"), (143, "implicit TLS")):
        endpoint = drifted.at(port, Defect.WRONG_MODE)
        result = failures[f"{endpoint.host}:{port}"]
        assert result["outcome"] == "fail"
        assert spoken in result["observed"]
        assert "mode: " in result["remedy"]
        line = drifted.endpoints.index(endpoint) + 5
        assert (result["location"]["file"], result["location"]["line"]) == ("mailtls.yml", line)


def test_what_stripped_starttls_hides_is_not_called_green(drifted, drifted_run):
    for port in (25, 587, 143, 110, 4190):
        endpoint = drifted.at(port, Defect.NO_STARTTLS)
        outcomes = drifted_run.outcomes(f"{endpoint.host}:{port}")
        assert outcomes["inconclusive"] >= OF_TLS | OF_CERTIFICATE


def test_the_daemon_that_was_not_reloaded_is_a_warning_with_its_reload_command(
    drifted, drifted_run, tmp_path
):
    stale = [e for e in drifted.endpoints if Defect.NOT_RELOADED in e.defects]
    results = {
        r["endpoint"]: r
        for r in drifted_run.report["results"]
        if r["rule"] == "certificate-agreement" and r["outcome"] == "fail"
    }
    assert set(results) == {f"{e.host}:{e.port}" for e in stale}
    assert len(stale) == 6
    for result in results.values():
        assert result["level"] == "warning"
        assert "likely not reloaded" in result["message"]
        assert "doveadm reload" in result["remedy"]
    fresh = drifted.at(465, Defect.NOT_RELOADED)
    both = [declared(fresh), declared(drifted.at(993, Defect.NOT_RELOADED))]
    pair = check(tmp_path, both, *drifted.connect_to, ca_file=drifted.ca_file)
    assert pair.code == 0, pair.out
    assert [r["endpoint"] for r in pair.report["results"] if r["outcome"] == "fail"] == [
        both[1]["name"]
    ]

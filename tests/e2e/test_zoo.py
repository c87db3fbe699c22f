"""Eighty certificates and chains, each served by OpenSSL and judged: mailtls beside openssl s_client."""

from __future__ import annotations

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives import serialization

from e2e.creatures import CREATURES
from e2e.menagerie import Menagerie, Shown
from e2e.run import check
from e2e.zoo import ROOT

RULES = [
    word
    for aspect in ("trust", "name", "expiry", "usage", "chain", "key", "signature")
    for word in ("--rule", f"certificate-{aspect}")
]
# What OpenSSL 1.1 and 3 say of one fault: an issuer that is not there, one that is no CA.
SAME = {21: 20, 24: 79}


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("zoo") / "ca.pem"
    path.write_bytes(ROOT.certificate.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture(scope="module")
def menagerie():
    built = {each.host: each.build(each.host) for each in CREATURES}
    cages = {host: Shown(key=key, chain=chain) for host, (key, chain) in built.items()}
    with Menagerie(cages) as server:
        yield server


@pytest.fixture(scope="module")
def run(menagerie, ca_file, tmp_path_factory):
    endpoints = [
        {"name": each.name, "host": each.host, "port": 993, "mode": "implicit"}
        for each in CREATURES
    ]
    detour = f":993:127.0.0.1:{menagerie.port}"
    return check(
        tmp_path_factory.mktemp("run"), endpoints, "--connect-to", detour, *RULES, ca_file=ca_file
    )


@pytest.fixture(scope="module")
def codes(menagerie, ca_file):
    def ask(each):
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{menagerie.port}"]
        command += ["-servername", each.host, "-verify_hostname", each.host, "-no-CApath"]
        command += ["-no-CAstore", "-CAfile", str(ca_file), "-verify_return_error"]
        done = subprocess.run(
            command, input="", capture_output=True, text=True, check=False, timeout=60
        )
        error = re.search(r"verify error:num=(\d+)", done.stderr)
        code = re.search(r"Verify return code: (\d+)", done.stdout)
        assert error or code, done.stderr
        return each.name, int((error or code)[1])

    with ThreadPoolExecutor(2) as pool:
        return dict(pool.map(ask, CREATURES))


def test_there_are_at_least_sixty_and_each_has_a_name_of_its_own():
    assert len({each.name for each in CREATURES}) == len(CREATURES) >= 60


@pytest.mark.parametrize("creature", CREATURES, ids=lambda each: each.name)
def test_mailtls_and_openssl_agree_or_the_difference_is_explained(run, codes, creature):
    results = [r for r in run.report["results"] if r["endpoint"] == creature.name]
    failed = {r["rule"] for r in results if (r["outcome"], r["level"]) == ("fail", "error")}

    code = SAME.get(codes[creature.name], codes[creature.name])
    assert (failed, code) == (creature.fails, creature.code)
    assert not [r for r in results if r["outcome"] == "inconclusive"]
    agree = bool(failed) == bool(creature.code)
    assert agree != bool(creature.why)

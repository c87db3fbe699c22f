"""Certificates made to exhaust or to deceive: every report stays small, and its lines stay ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from e2e.creatures import HOSTILE
from e2e.menagerie import Menagerie, Shown
from e2e.revoking import Page, WebServer, endless, pointing, published
from e2e.run import write_policy
from e2e.zoo import ROOT, Leaf, called, dns

MEMORY = 300  # MiB; a run against one sane server takes about 70
BIG = b"x" * 60_000
LISTS = "http://lists.zoo.test"
UNDER_ENDLESS = published("Endless", ROOT, f"{LISTS}/issuer.crl")


def chain_of(count):
    """Return a leaf and as many certificates of 60 KB as make `count` of them."""
    comment = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.2"), BIG)
    large = Leaf(more=((comment, False),))
    key, chain = Leaf()("big-chain.zoo.test")
    _, (stuffing, _) = large("stuffing.zoo.test")
    return Shown(key=key, chain=[*chain, *[stuffing] * count])


def shown(leaf, host):
    key, chain = leaf(host)
    return Shown(key=key, chain=chain)


@pytest.fixture(scope="module")
def server():
    many = [f"n{n}.test" for n in range(100_000)]
    fits = [f"n{n}.test" for n in range(3_000)]
    cages = {
        "many-names.zoo.test": shown(Leaf(names=dns(*many)), "many-names.zoo.test"),
        "long-list.zoo.test": shown(
            Leaf(names=dns(*fits, "long-list.zoo.test")), "long-list.zoo.test"
        ),
        "big-chain.zoo.test": chain_of(35),
        "endless-lists.zoo.test": shown(
            Leaf(
                issuer=UNDER_ENDLESS,
                more=pointing(crl=tuple(f"{LISTS}/{n}/{'x' * 9}.crl" for n in range(2_000))),
            ),
            "endless-lists.zoo.test",
        ),
        "deceiving.zoo.test": shown(
            Leaf(
                subject=called(HOSTILE),
                names=dns(f"a.test{HOSTILE}".encode("ascii", "replace").decode()),
            ),
            "deceiving.zoo.test",
        ),
    }
    assert sum(len(der(each)) for each in cages["big-chain.zoo.test"].chain) > 2_000_000
    pages = {path: Page(talk=endless) for path in ("/issuer.crl", "/1/xxxxxxxxx.crl")}
    with Menagerie(cages) as menagerie, WebServer(pages) as web:
        yield menagerie, web


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


@pytest.fixture
def run(server, tmp_path):
    mail, web = server

    def run(host, form="json", **keys):
        ca_file = tmp_path / "root.pem"
        ca_file.write_bytes(ROOT.certificate.public_bytes(serialization.Encoding.PEM))
        endpoint = {"host": host, "port": 993, "mode": "implicit"}
        if keys:
            endpoint["certificate"] = {"trust": "ca.pem", **keys}
        write_policy(tmp_path, [endpoint], ca_file=ca_file)
        command = [sys.executable, "-m", "mailtls", "check", "--format", form]
        command += ["--connect-to", f":993:127.0.0.1:{mail.port}", "--retries", "0"]
        command += ["--connect-to", f"lists.zoo.test:80:127.0.0.1:{web.port}"]
        with (tmp_path / "out").open("wb") as out:
            process = subprocess.Popen(command, cwd=tmp_path, stdout=out)
        # wait4 tells the peak of this process alone, in KiB.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert usage.ru_maxrss < MEMORY * 1024
        return process.returncode, (tmp_path / "out").read_bytes()

    return run


@pytest.mark.parametrize("host", ["many-names.zoo.test", "big-chain.zoo.test"])
def test_what_is_too_large_for_a_handshake_is_inconclusive_with_its_cause(run, host):
    code, out = run(host)
    assert code == 3
    assert len(out) < 200_000
    results = {r["rule"]: r for r in json.loads(out)["results"]}
    trust = results["certificate-trust"]
    assert (trust["outcome"], trust["phase"], trust["cause"]) == (
        "inconclusive",
        "HANDSHAKE",
        "MALFORMED",
    )


def test_a_name_beyond_those_that_are_read_is_not_called_missing(run):
    code, out = run("long-list.zoo.test")
    assert code == 3
    assert len(out) < 200_000
    report = json.loads(out)
    open_ones = {r["rule"] for r in report["results"] if r["outcome"] == "inconclusive"}
    assert open_ones == {"certificate-name"}
    (target,) = report["endpoints"][0]["targets"]
    assert len(target["certificate"]["names"]) <= 50


def test_lists_without_end_and_without_number_are_bounded(run, server):
    code, out = run("endless-lists.zoo.test", revocation="checked")
    assert code == 3
    assert len(out) < 200_000
    results = {r["rule"]: r for r in json.loads(out)["results"]}
    told = results["certificate-revocation"]
    assert (told["outcome"], told["cause"]) == ("inconclusive", "REFUSED")
    assert "longer than 16777216 bytes" in told["message"]
    _, web = server
    assert sorted(web.asked) == [
        "/0/xxxxxxxxx.crl",
        "/1/xxxxxxxxx.crl",
        "/2/xxxxxxxxx.crl",
        "/issuer.crl",
    ]


@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_no_name_breaks_out_of_its_line(run, form):
    code, out = run("deceiving.zoo.test", form)
    assert code == 1
    text = out.decode()
    for forbidden in ("\r", "\u202e", "\x1b"):
        assert forbidden not in text
    assert "\n##[" not in text
    assert all(not line.lstrip().startswith("::error::") for line in text.split("\n"))

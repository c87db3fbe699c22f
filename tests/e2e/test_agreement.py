"""What servers accept, by the planned hellos and by openssl s_client asking for each thing alone."""

from __future__ import annotations

import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.subject import NAME, Server
from lab import postfix
from lab.dovecot import Dovecot
from lab.fleet import FLOOR
from lab.pki import Pki
from lab.postfix import Postfix
from lab.process import Daemon, require, running
from mailtls.policy.model import TlsExpectation
from mailtls.policy.profiles import load_profile
from mailtls.rules import RULES, tls_cipher, tls_group, tls_version
from mailtls.rules.grades import suite_weights
from mailtls.terms import Level, Outcome, TlsVersion
from mailtls.tls import offers
from mailtls.tls.codepoints import group_by_name, suite_by_name, suites
from probe.peers import peer

PROFILES = ("bcp195", "mozilla-intermediate-6.0", "mozilla-modern-6.0", "ncsc-nl-2025-05")
EVERYTHING = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
VERSIONS = {
    "-tls1": TlsVersion.TLS1_0,
    "-tls1_1": TlsVersion.TLS1_1,
    "-tls1_2": TlsVersion.TLS1_2,
    "-tls1_3": TlsVersion.TLS1_3,
}
GROUPS_1_3 = ("X25519", "P-256", "P-384", "P-521", "X448", "ffdhe2048", "ffdhe4096")
CURVES_1_2 = ("X25519", "P-256", "P-384", "P-521", "X448", "secp224r1", "brainpoolP256r1")


@pytest.fixture(scope="module")
def servers(lab_folder, pki: Pki, subnet) -> Iterator[dict[str, Server]]:
    """Give stock Postfix and Dovecot, and OpenSSL's own server with all it has."""
    with _servers(lab_folder / "agreement", pki, subnet) as found:
        yield found


@contextmanager
def _servers(folder: Path, pki: Pki, subnet) -> Iterator[dict[str, Server]]:
    folder.mkdir(mode=0o755)
    address, rsa = subnet.address(), pki.issue(NAME, key_type="rsa")
    chain, key = str(rsa.chain_file), str(rsa.key_file)
    weak = ["-cipher", EVERYTHING, "-min_protocol", "TLSv1", "-www", "-quiet"]
    weak += ["-cert_chain", chain, "-cert", chain, "-key", key]
    dovecot = Dovecot(folder / "dovecot", address, rsa, sane=False)
    services = [postfix.submissions(address, rsa)]
    sasl = dovecot.sasl_socket
    started = [
        dovecot,
        Postfix(folder / "postfix", services, sasl_socket=sasl, main=FLOOR),
        Daemon(
            argv=[require("openssl", "openssl"), "s_server", "-accept", f"{address}:4001", *weak],
            listens=[(address, 4001)],
            log_file=folder / "s_server.log",
        ),
    ]
    ports = {"postfix": 465, "dovecot": 993, "s_server": 4001}
    with running(*started):
        yield {name: Server(address=address, port=port) for name, port in ports.items()}


KINDS = ("postfix", "dovecot", "s_server")


@pytest.fixture(scope="module")
def accepted(servers) -> dict[str, set[int]]:
    """Give the suites that s_client gets from each server, TLS 1.3 included, one connection each."""
    listed = subprocess.run(
        ["openssl", "ciphers", "-s", "-tls1_2", EVERYTHING],
        check=True,
        capture_output=True,
        text=True,
        env={"OPENSSL_CONF": "/dev/null"},
    ).stdout
    asked: dict[object, tuple[str, ...]] = {}
    for name in listed.strip().split(":"):
        code = suite_by_name(name)
        assert code is not None, name
        if suites()[code].min_version is not TlsVersion.TLS1_3:
            asked[code] = ("-tls1_2", "-cipher", f"{name}:@SECLEVEL=0")
    for code, suite in suites().items():
        if 0x1301 <= code <= 0x1305:
            asked[code] = ("-tls1_3", "-ciphersuites", suite.name)
    return {kind: servers[kind].each(asked) for kind in KINDS}  # type: ignore[misc]


@pytest.mark.parametrize("kind", KINDS)
def test_each_suite_alone_is_accepted_by_both_or_neither(servers, accepted, kind):
    known = [s for s in suites().values() if s.openssl_name or 0x1301 <= s.code <= 0x1305]
    ours = set()
    for suite in known:
        if suite.min_version is TlsVersion.SSL2 or not suite.code:
            continue
        (offer,) = offers.any_of((suite.code,), suite.name)
        answer = servers[kind].chosen(offer)
        if answer is not None:
            assert answer.suite == suite.code
            ours.add(suite.code)

    assert ours == accepted[kind]
    assert len(ours) >= 10


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_rule_finds_every_level_that_enumeration_finds(servers, accepted, kind, name):
    profile = load_profile(name)
    server = servers[kind]
    weights = suite_weights(server.endpoint, profile)
    wrong = {weights[code].level for code in accepted[kind] if code in weights}
    findings = server.findings(tls_cipher.RULE, profile)

    assert {f.level for f in findings if f.outcome is Outcome.FAIL} == wrong
    assert {f.outcome for f in findings} == ({Outcome.FAIL} if wrong else {Outcome.PASS})
    named = {suite_by_name(f.message.rpartition(" ")[2]) for f in findings if f.level is not None}
    assert named <= accepted[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_an_allow_list_of_what_is_accepted_passes_and_one_less_fails(servers, accepted, kind):
    exact = tuple(sorted(accepted[kind]))
    green = servers[kind].findings(tls_cipher.RULE, tls=TlsExpectation(ciphers=exact))
    assert [f.outcome for f in green] == [Outcome.PASS]
    for missing in (exact[0], 0x1302, 0xC02F):
        less = tuple(code for code in exact if code != missing)
        findings = servers[kind].findings(tls_cipher.RULE, tls=TlsExpectation(ciphers=less))
        assert {f.message for f in findings} == {f"the server accepts {suites()[missing].name}"}


@pytest.mark.parametrize("kind", KINDS)
def test_versions_are_those_of_s_client(servers, kind):
    server = servers[kind]
    weak = ("-cipher", EVERYTHING)
    best = {VERSIONS[str(flag)] for flag in server.each({f: (f, *weak) for f in VERSIONS})}
    exact = TlsExpectation(versions=tuple(sorted(best)))

    assert {f.outcome for f in server.findings(tls_version.RULE, tls=exact)} == {Outcome.PASS}
    for version in VERSIONS.values():
        answer = server.chosen(offers.exactly(version))
        assert (answer is not None and answer.version == version) == (version in best)


@pytest.mark.parametrize("kind", KINDS)
def test_groups_are_those_of_s_client(servers, kind):
    server = servers[kind]
    modern = server.each({name: ("-tls1_3", "-groups", name) for name in GROUPS_1_3})
    assert modern
    for name in GROUPS_1_3:
        code = group_by_name(name)
        assert code is not None
        findings = server.findings(tls_group.RULE, tls=TlsExpectation(require_groups=(code,)))
        refused = [f for f in findings if f.key == "tls.require_groups"]
        assert (not refused) == (name in modern), name
        assert all(f.outcome is Outcome.FAIL for f in refused)
    ecdhe = ("-tls1_2", "-cipher", "ECDHE:@SECLEVEL=0", "-groups")
    legacy = server.each({name: (*ecdhe, name) for name in CURVES_1_2})
    for name in CURVES_1_2:
        code = group_by_name(name)
        assert code is not None
        answer = server.chosen(offers.groups_only((code,), TlsVersion.TLS1_2))
        assert (answer is not None) == (name in legacy), name


def test_the_size_of_a_prime_is_told(servers):
    findings = servers["s_server"].findings(tls_group.RULE, tls=TlsExpectation(min_dh_bits=8192))

    assert [f.message for f in findings if f.key == "tls.min_dh_bits"] == [
        "the server's finite-field prime has 2048 bits"
    ]


def test_stock_postfix_takes_anonymous_suites_and_stock_dovecot_does_not(servers, accepted):
    anonymous = {code for code in suites() if suites()[code].anonymous}

    assert anonymous & accepted["postfix"]
    assert not anonymous & accepted["dovecot"]
    errors = [f for f in servers["postfix"].findings(tls_cipher.RULE) if f.level is Level.ERROR]
    assert "_anon_" in errors[0].message


def _reset(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _close(connection: socket.socket) -> None:
    connection.recv(65536)


@pytest.mark.parametrize("talk", [_reset, _close])
@pytest.mark.parametrize("name", PROFILES)
def test_a_server_that_answers_nothing_is_never_judged(talk, name):
    rules = [rule for rule in RULES if rule.id.startswith("tls-")]
    demanded = TlsExpectation(
        groups=(0x1D,), require_groups=(0x11EC,), min_dh_bits=2048, alpn=("smtp",)
    )
    with peer(talk) as (port, _):
        server = Server(address="127.0.0.1", port=port)
        found = [
            finding.outcome
            for rule in rules
            for tls in (None, demanded)
            for finding in server.findings(rule, load_profile(name), tls)
        ]

    assert set(found) == {Outcome.INCONCLUSIVE}

"""What servers of five TLS implementations accept: raw hellos beside enumeration by other programs.

sslscan asks with hellos and handshakes of its own. It knows no hybrid groups: those are asked for by
tlslite-ng's client, in whole handshakes. No disagreement is known.
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import pytest

from e2e.subject import NAME, Server
from lab import gnutls, handshakes, postfix
from lab.cyrus import Cyrus
from lab.dovecot import Dovecot
from lab.exim import Exim
from lab.fleet import FLOOR
from lab.postfix import Postfix
from lab.process import require, running
from mailtls.probe.folding import SLICE
from mailtls.terms import TlsVersion
from mailtls.tls import offers
from mailtls.tls.codepoints import SuiteKind, group_by_name, suites, suites_where

EVERYTHING_GNUTLS = (
    "LEGACY:+VERS-ALL:+ARCFOUR-128:+3DES-CBC:+ANON-ECDH:+ANON-DH:+MD5:+SHA1:+SIGN-ALL:+GROUP-ALL"
)
HYBRIDS = ("x25519mlkem768", "secp256r1mlkem768", "secp384r1mlkem1024")
SERVED = (*HYBRIDS[:2], "x25519", "secp256r1", "secp384r1")
CIPHERS = ("chacha20-poly1305", "aes256gcm", "aes128ccm", "aes256", "aes128", "3des", "rc4", "null")
MACS = ("sha", "sha256", "sha384", "md5", "aead")
EXCHANGES = ("rsa", "dhe_rsa", "ecdhe_rsa")
EVERYTHING_TLSLITE = {
    "minVersion": (3, 0),
    "maxVersion": (3, 4),
    "cipherNames": CIPHERS,
    "macNames": MACS,
    "keyExchangeNames": EXCHANGES,
    "eccCurves": SERVED,
    "dhGroups": ("ffdhe2048",),
}
VERSIONS = {
    ("ssl", "3"): TlsVersion.SSL3,
    ("tls", "1.0"): TlsVersion.TLS1_0,
    ("tls", "1.1"): TlsVersion.TLS1_1,
    ("tls", "1.2"): TlsVersion.TLS1_2,
    ("tls", "1.3"): TlsVersion.TLS1_3,
}
GROUPS_1_3 = (23, 24, 25, 29, 30, 256, 257, 258, 259, 260)
GROUPS_1_2 = (19, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What a server accepts: versions, suites of any version, groups of TLS 1.3 and of TLS 1.2."""

    versions: frozenset[TlsVersion]
    suites: frozenset[int]
    modern: frozenset[int]
    legacy: frozenset[int]


def scanned(server: Server, way_in: Sequence[str] = ()) -> Accepted:
    """Return what sslscan finds."""
    quiet = ("--no-heartbleed", "--no-fallback", "--no-renegotiation", "--no-compression")
    where = f"{server.address}:{server.port}"
    program = [require("sslscan", "sslscan"), "--no-colour", "--no-check-certificate", *quiet]
    text = subprocess.run(
        [*way_in, *program, "--no-cipher-details", f"--sni-name={NAME}", "--xml=-", where],
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout
    found = ET.fromstring(text)  # noqa: S314 - our own program's output
    groups = [(g.get("sslversion"), int(g.get("id", ""), 16)) for g in found.iter("group")]
    return Accepted(
        versions=frozenset(
            VERSIONS[key]
            for each in found.iter("protocol")
            if (key := (each.get("type", ""), each.get("version", ""))) in VERSIONS
            and each.get("enabled") == "1"
        ),
        suites=frozenset(int(each.get("id", ""), 16) for each in found.iter("cipher")),
        modern=frozenset(code for version, code in groups if version == "TLSv1.3"),
        legacy=frozenset(code for version, code in groups if version == "TLSv1.2"),
    )


def asked(server: Server) -> Accepted:
    """Return what mailtls' hellos find: a suite that is chosen is taken out, and the rest asked again."""
    versions = set()
    for version in VERSIONS.values():
        answer = server.chosen(offers.exactly(version))
        if answer is not None and answer.version == version:
            versions.add(version)
    known = [s for s in suites().values() if s.code and s.min_version is not TlsVersion.SSL2]
    slices = []
    for modern in (True, False):
        codes = [s.code for s in known if (s.min_version is TlsVersion.TLS1_3) == modern]
        slices += [codes[at : at + SLICE] for at in range(0, len(codes), SLICE)]

    def chosen_of(rest: list[int]) -> Iterator[int]:
        while rest and (answer := server.chosen(offers.only_suites(rest, "what is left"))):
            yield answer.suite
            rest.remove(answer.suite)

    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda rest: frozenset(chosen_of(rest)), slices)
    return Accepted(
        versions=frozenset(versions),
        suites=frozenset().union(*found),
        modern=_groups(server, GROUPS_1_3, TlsVersion.TLS1_3),
        legacy=_groups(server, GROUPS_1_2, TlsVersion.TLS1_2),
    )


def _groups(server: Server, codes: Sequence[int], version: TlsVersion) -> frozenset[int]:
    hellos = {code: offers.groups_only((code,), version) for code in codes}
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(server.chosen, hellos.values())
        return frozenset(code for code, answer in zip(hellos, answers, strict=True) if answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One server, by both."""

    server: Server
    theirs: Accepted
    ours: Accepted


@pytest.fixture(scope="module")
def found(lab_folder, pki, subnet) -> Iterator[Mapping[str, Found]]:
    """Give every server with what sslscan and we find; all run side by side."""
    rsa, folder = pki.issue(NAME, key_type="rsa"), lab_folder / "enumeration"
    folder.mkdir(mode=0o755)
    of = {name: subnet.address() for name in ("dovecot", "cyrus", "exim", "tlslite")}
    # Exim lingers half a second on a handshake that failed, and refuses more than twenty clients.
    exim = {"tls_on_connect_ports": "465", "smtp_accept_max": "200"}
    gnutls_serv = gnutls.GnutlsServ(folder / "gnutls", rsa, priority=EVERYTHING_GNUTLS)
    dovecot = Dovecot(folder / "dovecot", of["dovecot"], rsa, sane=False)
    submissions = postfix.submissions(of["dovecot"], rsa)
    started = (
        gnutls_serv,
        dovecot,
        Postfix(folder / "postfix", [submissions], sasl_socket=dovecot.sasl_socket, main=FLOOR),
        Cyrus(folder / "cyrus", of["cyrus"], rsa),
        Exim(folder / "exim", of["exim"], rsa, port=465, options=exim),
        handshakes.server(
            folder / "tlslite", of["tlslite"], rsa, port=993, settings=EVERYTHING_TLSLITE
        ),
    )
    servers = {
        "gnutls-serv": Server(address=gnutls.ADDRESS, port=gnutls.PORT, inside=gnutls_serv.inside),
        "dovecot": Server(address=of["dovecot"], port=993),
        "postfix": Server(address=of["dovecot"], port=465),
        "cyrus": Server(address=of["cyrus"], port=993),
        "exim": Server(address=of["exim"], port=465),
        "tlslite": Server(address=of["tlslite"], port=993),
    }
    with running(*started):
        ways = {"gnutls-serv": gnutls_serv.way_in}
        yield {
            name: Found(
                server=server, theirs=scanned(server, ways.get(name, ())), ours=asked(server)
            )
            for name, server in servers.items()
        }


KINDS = ("gnutls-serv", "dovecot", "postfix", "cyrus", "exim", "tlslite")


@pytest.mark.parametrize("kind", KINDS)
def test_versions_are_those_of_sslscan(found, kind):
    assert found[kind].ours.versions == found[kind].theirs.versions
    assert TlsVersion.TLS1_3 in found[kind].ours.versions


@pytest.mark.parametrize("kind", KINDS)
def test_suites_are_those_of_sslscan(found, kind):
    assert found[kind].ours.suites == found[kind].theirs.suites
    assert len(found[kind].ours.suites) >= 15


@pytest.mark.parametrize("kind", KINDS)
def test_groups_are_those_of_sslscan(found, kind):
    assert found[kind].ours.modern == found[kind].theirs.modern
    assert found[kind].ours.legacy == found[kind].theirs.legacy
    assert {23} <= found[kind].ours.modern & found[kind].ours.legacy


@pytest.mark.parametrize(
    ("kind", "kinds"),
    [
        ("gnutls-serv", {SuiteKind.RC4, SuiteKind.TRIPLE_DES, SuiteKind.ANONYMOUS}),
        ("tlslite", {SuiteKind.RC4, SuiteKind.TRIPLE_DES, SuiteKind.NULL}),
        ("postfix", {SuiteKind.ANONYMOUS}),
        ("dovecot", set()),
        ("cyrus", set()),
        ("exim", set()),
    ],
)
def test_the_rare_kinds_are_among_them(found, kind, kinds):
    rare = {SuiteKind.RC4, SuiteKind.TRIPLE_DES, SuiteKind.ANONYMOUS, SuiteKind.NULL}
    accepted = found[kind].ours.suites
    assert {each for each in rare if accepted & set(suites_where(each))} == kinds
    assert (TlsVersion.SSL3 in found[kind].ours.versions) == (kind == "tlslite")


@pytest.mark.filterwarnings("ignore:The async:DeprecationWarning")
@pytest.mark.parametrize("name", [*HYBRIDS, "x25519", "x448"])
def test_hybrids_are_those_of_a_client_that_has_them(found, name):
    """tlslite-ng's client completes a handshake with the group alone."""
    server = found["tlslite"].server
    code = group_by_name(name)
    assert code is not None
    answer = server.chosen(offers.groups_only((code,)))
    assert (answer is not None) == shaken(server, name) == (name in SERVED)
    assert answer is None or (answer.retry, answer.group) == (True, code)


def shaken(server: Server, group: str) -> bool:
    """Return whether tlslite's client completes a handshake of TLS 1.3 with this group alone."""
    from tlslite.api import HandshakeSettings, TLSConnection
    from tlslite.errors import TLSError

    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = (3, 4)
    settings.eccCurves, settings.keyShares, settings.dhGroups = [group], [group], []
    with socket.create_connection((server.address, server.port), timeout=20) as connection:
        client = TLSConnection(connection)
        try:
            client.handshakeClientCert(settings=settings, serverName=NAME)
        except TLSError:
            return False
        return True

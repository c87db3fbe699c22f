"""Certificates that their CAs revoked or not, by lists and responders of openssl, beside openssl."""

from __future__ import annotations

import subprocess
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose

from e2e.menagerie import Menagerie, Shown
from e2e.revoking import PEM, Page, Registry, WebServer, endless, pointing, published
from e2e.run import check
from e2e.zoo import DAY, NOW, ROOT, Leaf, authority, dates, issue
from e2e.zoo import called as named

AT = "http://crl.zoo.test"
LISTED = (f"{AT}/mid.crl",)
MID = published("Lists", ROOT, f"{AT}/root.crl")
BURNT = published("Burnt", ROOT, f"{AT}/root.crl")
SILENT = authority("Silent", ROOT)
ALIEN = authority("Lists", None)  # the name of another, with a key of its own
OTHER_POINT = "fullname = URI:http://crl.zoo.test/other.crl"
OWN_POINT = "fullname = URI:http://crl.zoo.test/own.crl"


def leaf(*urls: str, ocsp: tuple[str, ...] = (), issuer=MID, **options) -> Leaf:
    return Leaf(issuer=issuer, more=pointing(crl=urls, ocsp=ocsp), options=options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A host: its leaf, what is revoked, and what is to be said of it."""

    leaf: Leaf
    outcome: str
    words: str = ""
    cause: str | None = None
    revoked: str = ""


RESPONDER = ("http://ocsp.zoo.test/",)
CASES = {
    "listed": Case(leaf=leaf(*LISTED), outcome="pass"),
    "burnt-key": Case(
        leaf=leaf(*LISTED), outcome="fail", words="(keyCompromise)", revoked="keyCompromise"
    ),
    "without-reason": Case(
        leaf=leaf(*LISTED), outcome="fail", words="(no reason given)", revoked="unspecified"
    ),
    "burnt-issuer": Case(
        leaf=leaf(f"{AT}/burnt.crl", issuer=BURNT),
        outcome="fail",
        words="the intermediate CN=Burnt is revoked",
    ),
    "answered": Case(leaf=leaf(ocsp=RESPONDER), outcome="pass"),
    "answered-revoked": Case(
        leaf=leaf(ocsp=RESPONDER), outcome="fail", words="(superseded)", revoked="superseded"
    ),
    "responder-down": Case(leaf=leaf(*LISTED, ocsp=("http://down.zoo.test/",)), outcome="pass"),
    "second-url": Case(leaf=leaf(f"{AT}/none.crl", *LISTED), outcome="pass"),
    "own-point": Case(leaf=leaf(f"{AT}/own.crl"), outcome="pass"),
    "other-point": Case(
        leaf=leaf(f"{AT}/swapped.crl"),
        outcome="inconclusive",
        words="another distribution point",
        cause="MALFORMED",
    ),
    "users-only": Case(leaf=leaf(f"{AT}/users.crl"), outcome="pass"),
    "authorities-only": Case(
        leaf=leaf(f"{AT}/authorities.crl"),
        outcome="inconclusive",
        words="certificates of another kind",
        cause="MALFORMED",
    ),
    "some-reasons": Case(
        leaf=leaf(f"{AT}/reasons.crl"),
        outcome="inconclusive",
        words="some reasons only",
        cause="MALFORMED",
    ),
    "alien-list": Case(
        leaf=leaf(f"{AT}/alien.crl"),
        outcome="inconclusive",
        words="not signed for the issuer",
        cause="MALFORMED",
    ),
    "old-list": Case(
        leaf=leaf(f"{AT}/old.crl"), outcome="inconclusive", words="out of date", cause="MALFORMED"
    ),
    "not-found": Case(
        leaf=leaf(f"{AT}/none.crl"), outcome="inconclusive", words="status 404", cause="REFUSED"
    ),
    "moved": Case(
        leaf=leaf(f"{AT}/moved.crl"),
        outcome="inconclusive",
        words="a redirect, which is not followed",
        cause="REFUSED",
    ),
    "closed-port": Case(
        leaf=leaf("http://down.zoo.test/a.crl"), outcome="inconclusive", cause="REFUSED"
    ),
    "no-list": Case(
        leaf=leaf(f"{AT}/text.crl"),
        outcome="inconclusive",
        words="could not be read",
        cause="MALFORMED",
    ),
    "endless": Case(
        leaf=leaf(f"{AT}/endless.crl"),
        outcome="inconclusive",
        words="longer than 16777216 bytes",
        cause="MALFORMED",
    ),
    "many-urls": Case(
        leaf=leaf(*(f"{AT}/{n}.crl" for n in range(900))),
        outcome="inconclusive",
        words="status 404",
        cause="REFUSED",
    ),
    "metadata": Case(
        leaf=leaf("http://169.254.169.254/latest"),
        outcome="inconclusive",
        words="which is not asked",
        cause="UNREACHABLE",
    ),
    "odd-port": Case(
        leaf=leaf("http://127.0.0.1:25/a.crl"),
        outcome="inconclusive",
        words="port 25 is not asked",
        cause="UNREACHABLE",
    ),
    "other-schemes": Case(
        leaf=leaf("ldap://crl.zoo.test/", "file:///etc/passwd"),
        outcome="fail",
        words="names no revocation list and no OCSP responder",
    ),
    "nobody": Case(leaf=leaf(), outcome="fail", words="the certificate names no revocation list"),
    "short-lived": Case(leaf=leaf(**dates(-1, 5)), outcome="pass"),
    "silent-issuer": Case(
        leaf=leaf(f"{AT}/silent.crl", issuer=SILENT),
        outcome="fail",
        words="the intermediate CN=Silent names no revocation list",
    ),
    "hostile-url": Case(
        leaf=leaf(f"{AT}/%0d%0a::error::x?##[error]"),
        outcome="inconclusive",
        words="status 404",
        cause="REFUSED",
    ),
}
BOTH_SAY = ("listed", "burnt-key", "without-reason", "burnt-issuer", "users-only")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Give the port of the mail server, the web server and how to get there."""
    folder = tmp_path_factory.mktemp("cas")
    books = {
        name: Registry(folder / name, of)
        for name, of in (("root", ROOT), ("mid", MID), ("burnt", BURNT), ("alien", ALIEN))
    }
    silent = Registry(folder / "silent", SILENT)
    made = {name: case.leaf(f"{name}.zoo.test") for name, case in CASES.items()}
    for name, case in CASES.items():
        if case.leaf.issuer is MID:
            books["mid"].enter(made[name][1][0], revoked=case.revoked)
    books["root"].enter(MID.certificate)
    books["root"].enter(BURNT.certificate, revoked="CACompromise")
    old = (NOW - 9 * DAY, NOW - 2 * DAY)
    pages = {
        "/root.crl": Page(body=books["root"].list()),
        "/mid.crl": Page(body=books["mid"].list()),
        "/burnt.crl": Page(body=books["burnt"].list()),
        "/silent.crl": Page(body=silent.list()),
        "/alien.crl": Page(body=books["alien"].list()),
        "/own.crl": Page(body=books["mid"].list(scope=OWN_POINT)),
        "/swapped.crl": Page(body=books["mid"].list(scope=OTHER_POINT)),
        "/users.crl": Page(body=books["mid"].list(scope="onlyuser = TRUE")),
        "/authorities.crl": Page(body=books["mid"].list(scope="onlyCA = TRUE")),
        "/reasons.crl": Page(body=books["mid"].list(scope="onlysomereasons = keyCompromise")),
        "/old.crl": Page(body=books["mid"].list(dates=old)),
        "/moved.crl": Page(status=302, headers=(("Location", "/mid.crl"),)),
        "/text.crl": Page(body=b"<html>not here</html>"),
        "/endless.crl": Page(talk=endless),
    }
    delegate = issue(
        named("Responder"),
        MID,
        ec.generate_private_key(ec.SECP256R1()),
        extensions=[(x509.ExtendedKeyUsage([Purpose.OCSP_SIGNING]), False)],
    )
    cages = {f"{name}.zoo.test": Shown(key=key, chain=chain) for name, (key, chain) in made.items()}
    (folder / "root.pem").write_bytes(ROOT.certificate.public_bytes(PEM))
    with ExitStack() as stack:
        responder = stack.enter_context(books["mid"].responder(delegate))
        web = stack.enter_context(WebServer(pages))
        mail = stack.enter_context(Menagerie(cages))
        yield World(
            folder=folder,
            web=web,
            made={name: chain for name, (_, chain) in made.items()},
            pages=pages,
            ways=[
                f":993:127.0.0.1:{mail.port}",
                f"crl.zoo.test:80:127.0.0.1:{web.port}",
                f"ocsp.zoo.test:80:127.0.0.1:{responder.port}",
                "down.zoo.test:80:127.0.0.1:1",
            ],
            responder=f"http://127.0.0.1:{responder.port}/",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All that serves: files of the CAs, the web server, and the detours that lead there."""

    folder: Path
    web: WebServer
    made: dict[str, list[x509.Certificate]]
    pages: dict[str, Page]
    ways: list[str]
    responder: str


@pytest.fixture(scope="module")
def run(world, tmp_path_factory):
    return checked(world, tmp_path_factory.mktemp("run"), CASES)


def checked(world, folder, names, *more):
    endpoints = [
        {
            "name": name,
            "host": f"{name}.zoo.test",
            "port": 993,
            "mode": "implicit",
            "certificate": {"trust": "ca.pem", "revocation": "checked"},
        }
        for name in names
    ]
    detours = [word for way in world.ways for word in ("--connect-to", way)]
    return check(
        folder,
        endpoints,
        "--rule",
        "certificate-revocation",
        *detours,
        *more,
        ca_file=world.folder / "root.pem",
    )


@pytest.mark.parametrize("name", CASES)
def test_what_the_cas_say_is_told(run, name):
    (result,) = [each for each in run.report["results"] if each["endpoint"] == name]
    expected = CASES[name]
    assert (result["outcome"], result["cause"]) == (expected.outcome, expected.cause)
    assert expected.words in result["message"]
    if expected.outcome == "fail" and expected.revoked:
        assert f"is revoked on {NOW:%Y-%m-%d}" in result["message"]


def test_each_url_is_asked_once_and_few_of_many(world, run):
    assert run.report["results"]
    assert len(world.web.asked) == len(set(world.web.asked))
    assert [path for path in world.web.asked if path[1:-4].isdigit()] == [
        "/0.crl",
        "/1.crl",
        "/2.crl",
    ]


def test_the_cas_are_no_connections_to_the_server(run):
    assert run.report["connections"] == len(CASES)
    assert run.code == 1


def test_nothing_in_the_transcript_breaks_its_line(run):
    (result,) = [each for each in run.report["results"] if each["endpoint"] == "hostile-url"]
    assert any("revocation list http://crl.zoo.test" in line for line in result["transcript"])
    assert all("\n" not in line and "##[" not in line for line in result["transcript"])


@pytest.mark.parametrize("name", BOTH_SAY)
def test_openssl_verify_says_the_same_of_the_lists(world, tmp_path, name):
    chain = world.made[name]
    lists = b"".join(
        x509.load_der_x509_crl(page.body).public_bytes(PEM)
        for path, page in world.pages.items()
        if path in ("/root.crl", "/burnt.crl", "/users.crl" if name == "users-only" else "/mid.crl")
    )
    (tmp_path / "lists.pem").write_bytes(lists)
    for file, certificate in zip(("leaf.pem", "above.pem"), chain, strict=True):
        (tmp_path / file).write_bytes(certificate.public_bytes(PEM))
    command = ["openssl", "verify", "-crl_check_all", "-extended_crl", "-CRLfile", "lists.pem"]
    command += ["-CAfile", str(world.folder / "root.pem"), "-untrusted", "above.pem", "leaf.pem"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ("certificate revoked" in done.stderr) is (CASES[name].outcome == "fail"), done.stderr
    assert (done.returncode == 0) is (CASES[name].outcome == "pass"), done.stderr


@pytest.mark.parametrize("name", ["answered", "answered-revoked"])
def test_openssl_ocsp_says_the_same_of_the_responder(world, tmp_path, name):
    leaf_file = tmp_path / "leaf.pem"
    leaf_file.write_bytes(world.made[name][0].public_bytes(PEM))
    mid = world.folder / "mid" / "ca.pem"
    command = ["openssl", "ocsp", "-issuer", str(mid), "-cert", str(leaf_file)]
    command += ["-url", world.responder, "-CAfile", str(world.folder / "root.pem")]
    command += ["-verify_other", str(mid)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "Response verify OK" in done.stderr
    said = "revoked" if CASES[name].outcome == "fail" else "good"
    assert f"leaf.pem: {said}" in done.stdout


def test_a_server_that_drips_is_left_at_the_end_of_the_time(world, tmp_path):
    def drip(connection) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        with suppress(OSError):
            while True:
                connection.sendall(b"X: y\r\n")
                time.sleep(0.05)

    with WebServer({path: Page(talk=drip) for path in ("/root.crl", "/mid.crl")}) as slow:
        way = f"crl.zoo.test:80:127.0.0.1:{slow.port}"
        slowly = replace(world, ways=[way, *world.ways])
        done = checked(slowly, tmp_path, ["listed"], "--timeout", "2")
    (result,) = done.report["results"]
    assert (result["outcome"], result["cause"]) == ("inconclusive", "TIMED_OUT")

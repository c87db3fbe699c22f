from __future__ import annotations

import re
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtls.evidence import PathValidation
from mailtls.policy.model import Anchors
from mailtls.tls import certificates
from mailtls.tls.path import SystemAnchors, system_anchors, validate

FAR = datetime(2100, 1, 1, tzinfo=UTC)  # openssl x509 looks at the real clock


def openssl_verify(tmp_path, leaf, untrusted, roots, *clock: str) -> tuple[int, int]:
    """Return number and depth of the error that `openssl verify` finds; 0 and 0 for none."""
    for file, content in (("leaf", [leaf]), ("untrusted", untrusted), ("roots", roots)):
        (tmp_path / f"{file}.pem").write_bytes(b"".join(issued.pem for issued in content))
    options = ["-purpose", "sslserver", "-auth_level", "2", "-partial_chain", *clock]
    if untrusted:
        options += ["-untrusted", "untrusted.pem"]
    done = subprocess.run(
        ["openssl", "verify", *options, "-no-CApath", "-CAfile", "roots.pem", "leaf.pem"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"error (\d+) at (\d+) depth lookup", done.stdout + done.stderr)
    assert (found is None) is (done.returncode == 0), done.stderr
    return (int(found[1]), int(found[2])) if found else (0, 0)


class Chains:
    """The table of cases: name -> leaf, the rest as sent, the roots."""

    def __init__(self, authority) -> None:
        self.make = authority
        self.root = authority.issue("Root", ca=True)
        self.intermediate = authority.issue("Intermediate", self.root, ca=True)
        self.leaf = authority.issue("leaf", self.intermediate)

    def with_leaf(self, **changes):
        return self.make.issue("leaf", self.intermediate, **changes), [self.intermediate]

    def with_intermediate(self, **changes):
        above = self.make.issue("Other", self.root, **{"ca": True, **changes})
        return self.make.issue("leaf", above), [above]

    def good(self):
        return self.leaf, [self.intermediate]

    def with_root_sent(self):
        return self.leaf, [self.intermediate, self.root]

    def shuffled(self):
        between = self.make.issue("Between", self.intermediate, ca=True)
        leaf = self.make.issue("leaf", between)
        return leaf, [self.root, self.intermediate, between]

    def duplicated(self):
        return self.leaf, [self.leaf, self.intermediate, self.intermediate]

    def unrelated_root_sent(self):
        return self.leaf, [self.make.issue("Stranger", ca=True), self.intermediate]

    def missing_intermediate(self):
        return self.leaf, []

    def wrong_intermediate(self):
        return self.leaf, [self.make.issue("Stranger", self.root, ca=True)]

    def same_name_other_key(self):
        return self.leaf, [self.make.issue("Intermediate", self.root, ca=True)]

    def self_signed(self):
        return self.make.issue("self"), []

    def stranger(self):
        root = self.make.issue("Stranger", ca=True)
        return self.make.issue("leaf", root), []

    def stranger_with_root(self):
        root = self.make.issue("Stranger", ca=True)
        return self.make.issue("leaf", root), [root]

    def expired_leaf(self):
        return self.with_leaf(until=self.make.now - self.make.day)

    def leaf_not_yet_valid(self):
        return self.with_leaf(since=self.make.now + self.make.day)

    def expired_intermediate(self):
        return self.with_intermediate(until=self.make.now - self.make.day)

    def expired_intermediate_with_twin(self):
        key = self.make.curve_key()
        span = {"ca": True, "key": key}
        old = self.make.issue("Twin", self.root, until=self.make.now - self.make.day, **span)
        new = self.make.issue("Twin", self.root, **span)
        return self.make.issue("leaf", new), [old, new]

    def client_only(self):
        return self.with_leaf(usages=(ExtendedKeyUsageOID.CLIENT_AUTH,))

    def any_usage(self):
        return self.with_leaf(usages=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,))

    def no_usage(self):
        return self.with_leaf(usages=())

    def intermediate_for_clients(self):
        return self.with_intermediate(usages=(ExtendedKeyUsageOID.CLIENT_AUTH,))

    def intermediate_is_no_authority(self):
        return self.with_intermediate(ca=False)

    def name_outside_constraints(self):
        above = self.make.issue(
            "Constrained",
            self.root,
            ca=True,
            extra=(x509.NameConstraints([x509.DNSName("example.org")], None),),
        )
        names = (x509.DNSName("mail.example.com"),)
        return self.make.issue("leaf", above, names=names), [above]

    def name_inside_constraints(self):
        above = self.make.issue(
            "Constrained",
            self.root,
            ca=True,
            extra=(x509.NameConstraints([x509.DNSName("example.org")], None),),
        )
        names = (x509.DNSName("mail.example.org"),)
        return self.make.issue("leaf", above, names=names), [above]

    def excluded_name(self):
        above = self.make.issue(
            "Excluding",
            self.root,
            ca=True,
            extra=(x509.NameConstraints(None, [x509.DNSName("example.org")]),),
        )
        names = (x509.DNSName("mail.example.org"),)
        return self.make.issue("leaf", above, names=names), [above]

    def weak_leaf_key(self):
        return self.with_leaf(key=self.make.rsa_key(1024))

    def sound_leaf_key(self):
        return self.with_leaf(key=self.make.rsa_key(2048))

    def small_curve(self):
        return self.with_leaf(key=self.make.curve_key(ec.SECP192R1()))

    def weak_intermediate_key(self):
        return self.with_intermediate(key=self.make.rsa_key(1024))

    def sha1_leaf(self):
        above = self.make.issue("Rsa", self.root, ca=True, key=self.make.rsa_key(2048))
        return signed_with_sha1(self.make.issue("leaf", until=FAR), above), [above]

    def pss_leaf(self):
        above = self.make.issue("Rsa", self.root, ca=True, key=self.make.rsa_key(2048))
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        return self.make.issue("leaf", above, padding=scheme), [above]

    def edwards_leaf(self):
        return self.with_leaf(key=ed25519.Ed25519PrivateKey.generate())

    def path_too_long(self):
        limit = x509.BasicConstraints(ca=True, path_length=0)
        above = limited(self.make, "Limited", self.root, limit)
        below = self.make.issue("Below", above, ca=True)
        return self.make.issue("leaf", below), [below, above]


def signed_with_sha1(issued, issuer):
    """Sign a self-signed certificate anew by openssl: cryptography signs with SHA-1 no more."""
    with tempfile.TemporaryDirectory() as folder:
        for file, content in (("c", issued.pem), ("ca", issuer.pem), ("key", issuer.key_pem)):
            Path(folder, file).write_bytes(content)
        renewed = subprocess.run(
            [
                "openssl",
                "x509",
                "-in",
                "c",
                "-CA",
                "ca",
                "-CAkey",
                "key",
                "-sha1",
                "-preserve_dates",
                "-set_serial",
                "9",
            ],
            cwd=folder,
            capture_output=True,
            check=True,
        )
    return type(issued)(x509.load_pem_x509_certificate(renewed.stdout), issued.key)


def limited(authority, name, issuer, limit):
    """Return an authority with a path length, which `Authority.issue` has no argument for."""
    key = authority.curve_key()
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(authority.now - authority.day)
        .not_valid_after(authority.now + authority.day)
        .add_extension(limit, critical=True)
        .sign(issuer.key, hashes.SHA256())
    )
    return type(issuer)(certificate, key)


@pytest.fixture(scope="module")
def chains(authority) -> Chains:
    return Chains(authority)


CASES = {
    "good": (0, 0),
    "with_root_sent": (0, 0),
    "shuffled": (0, 0),
    "duplicated": (0, 0),
    "unrelated_root_sent": (0, 0),
    "missing_intermediate": (20, 20),
    "wrong_intermediate": (20, 20),
    "same_name_other_key": (7, 7),
    "self_signed": (18, 18),
    "stranger": (20, 20),
    "stranger_with_root": (19, 19),
    "expired_leaf": (0, 10),
    "leaf_not_yet_valid": (0, 9),
    "expired_intermediate": (0, 10),
    "expired_intermediate_with_twin": (0, 0),
    "client_only": (26, 26),
    "any_usage": (26, 26),
    "no_usage": (0, 0),
    "intermediate_for_clients": (26, 26),
    "intermediate_is_no_authority": (79, 79),
    "name_outside_constraints": (47, 47),
    "name_inside_constraints": (0, 0),
    "excluded_name": (48, 48),
    "weak_leaf_key": (66, 66),
    "sound_leaf_key": (0, 0),
    "small_curve": (66, 66),
    "weak_intermediate_key": (67, 67),
    "sha1_leaf": (68, 68),
    "pss_leaf": (0, 0),
    "edwards_leaf": (0, 0),
    "path_too_long": (25, 25),
}


@pytest.mark.parametrize(("case", "codes"), CASES.items(), ids=CASES)
def test_the_verdict_is_that_of_openssl(
    tmp_path, chains, case: str, codes: tuple[int, int]
) -> None:
    leaf, rest = getattr(chains, case)()
    sent = [issued.der for issued in (leaf, *rest)]
    now = chains.make.now
    found = validate(sent, Anchors(label="root.pem", pem=chains.root.pem), at=now)
    untimed = openssl_verify(tmp_path, leaf, rest, [chains.root], "-no_check_time")
    timed = openssl_verify(
        tmp_path, leaf, rest, [chains.root], "-attime", str(int(now.timestamp()))
    )
    seen = tuple(
        (problem.code, problem.depth) if problem else (0, 0)
        for problem in (found.problem, found.time_problem)
    )
    assert seen == (untimed, timed)
    assert (untimed[0], timed[0]) == codes
    assert found.judged
    assert bool(found.verified) is (not codes[0])
    assert found.extra_anchor is (not codes[0])


def test_a_problem_names_its_certificate(chains) -> None:
    anchors = Anchors(label="root.pem", pem=chains.root.pem)
    leaf, rest = chains.expired_intermediate()
    problem = validate([leaf.der, rest[0].der], anchors, at=chains.make.now).time_problem
    assert problem is not None
    assert (problem.depth, problem.subject, problem.text) == (
        1,
        "CN=Other",
        "certificate has expired",
    )


def test_the_path_is_given_from_the_leaf_to_the_anchor(chains) -> None:
    leaf, rest = chains.shuffled()
    anchors = Anchors(label="root.pem", pem=chains.root.pem)
    found = validate([leaf.der, *(r.der for r in rest)], anchors, at=chains.make.now)
    path = (leaf, rest[2], rest[1], rest[0])
    assert found.verified == tuple(certificates.parse(issued.der).sha256 for issued in path)
    assert (found.anchors, found.at) == ("root.pem", chains.make.now)


@pytest.mark.parametrize("which", ["intermediate", "leaf"])
def test_an_anchor_need_not_be_a_root(chains, which: str) -> None:
    anchor = getattr(chains, which)
    found = validate(
        [chains.leaf.der, chains.intermediate.der],
        Anchors(label="anchor.pem", pem=anchor.pem),
        at=chains.make.now,
    )
    assert found.problem is None
    assert found.verified[-1] == certificates.parse(anchor.der).sha256


def test_a_weak_signature_on_an_anchor_is_not_asked_about(chains) -> None:
    key = chains.make.rsa_key(2048)
    root = chains.make.issue("Old Root", ca=True, key=key)
    anchor = signed_with_sha1(chains.make.issue("Anchor", ca=True, until=FAR), root)
    leaf = chains.make.issue("leaf", anchor)
    found = validate([leaf.der], Anchors(label="a.pem", pem=anchor.pem), at=chains.make.now)
    assert found.problem is None


def test_a_problem_of_trust_is_not_hidden_by_the_clock(chains) -> None:
    old = chains.make.issue("old", until=chains.make.now - chains.make.day)
    anchors = Anchors(label="root.pem", pem=chains.root.pem)
    found = validate([old.der], anchors, at=chains.make.now)
    assert found.problem is not None
    assert found.problem.code == 18
    assert found.time_problem == found.problem


def test_one_chain_at_several_times(chains) -> None:
    anchors = Anchors(label="root.pem", pem=chains.root.pem)
    sent = [chains.leaf.der, chains.intermediate.der]
    codes = []
    for year in (2025, 2026, 2030):
        problem = validate(sent, anchors, at=datetime(year, 6, 1, tzinfo=UTC)).time_problem
        codes.append(problem.code if problem else 0)
    assert codes == [9, 0, 10]


def test_what_was_not_sent_of_the_path_is_kept(chains) -> None:
    anchors = Anchors(label="root.pem", pem=chains.root.pem)
    sent = [chains.leaf.der, chains.intermediate.der]
    assert validate(sent, anchors, at=chains.make.now).unsent == (chains.root.der,)
    whole = validate([*sent, chains.root.der], anchors, at=chains.make.now)
    assert whole.unsent == ()


def test_the_web_pki_is_heard_on_the_machines_roots_alone(tmp_path, chains) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(chains.root.pem)
    system = SystemAnchors(file=str(bundle))
    sent, now = [chains.leaf.der, chains.intermediate.der], chains.make.now
    public = validate(sent, Anchors(label="system"), at=now, system=system)
    assert public.problem is None
    assert public.web_pki == "no subject alternative name is one that such clients read"
    private = validate(sent, Anchors(label="root.pem", pem=chains.root.pem), at=now)
    added = validate(sent, Anchors(label="system"), at=now, extra_pem=chains.root.pem)
    late = validate(sent, Anchors(label="system"), at=now + 999 * chains.make.day, system=system)
    assert [each.web_pki for each in (private, added, late)] == ["", "", ""]


def test_the_machines_roots_and_a_ca_file_together(tmp_path, chains) -> None:
    machine = chains.make.issue("Machine Root", ca=True)
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(machine.pem)
    system = SystemAnchors(file=str(bundle))
    now, anchors = chains.make.now, Anchors(label="system")
    by_machine = [chains.make.issue("m", machine).der]
    by_file = [chains.leaf.der, chains.intermediate.der]
    alone = [validate(sent, anchors, at=now, system=system) for sent in (by_machine, by_file)]
    assert [found.problem.code if found.problem else 0 for found in alone] == [0, 20]
    both = [
        validate(sent, anchors, at=now, extra_pem=chains.root.pem, system=system)
        for sent in (by_machine, by_file)
    ]
    assert [found.problem for found in both] == [None, None]
    assert [found.extra_anchor for found in both] == [False, True]


def test_a_ca_file_does_not_join_anchors_that_the_policy_names(chains) -> None:
    stranger = chains.make.issue("Stranger", ca=True)
    found = validate(
        [chains.leaf.der, chains.intermediate.der],
        Anchors(label="other.pem", pem=stranger.pem),
        at=chains.make.now,
        extra_pem=chains.root.pem,
    )
    assert found.problem is not None
    assert found.problem.code == 20


def test_a_hashed_directory_is_a_store(tmp_path, chains) -> None:
    (tmp_path / "root.pem").write_bytes(chains.root.pem)
    subprocess.run(["openssl", "rehash", "."], cwd=tmp_path, check=True)
    for environment in ({"SSL_CERT_DIR": str(tmp_path)}, {"SSL_CERT_DIR": f"/none:{tmp_path}"}):
        found = validate(
            [chains.leaf.der, chains.intermediate.der],
            Anchors(label="system"),
            at=chains.make.now,
            system=system_anchors(environment),
        )
        assert (found.problem, found.judged, found.extra_anchor) == (None, True, False)


def test_the_environment_names_the_store(tmp_path) -> None:
    file = str(tmp_path / "a.pem")
    assert system_anchors({"SSL_CERT_FILE": file}) == SystemAnchors(file=file)
    both = system_anchors({"SSL_CERT_FILE": file, "SSL_CERT_DIR": "/d"})
    assert both == SystemAnchors(file=file, directory="/d")


@pytest.mark.parametrize(
    ("anchors", "content"),
    [
        (Anchors(label="pinned"), None),
        (Anchors(label="empty.pem"), None),
        (
            Anchors(
                label="bad.pem", pem=b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
            ),
            None,
        ),
        (Anchors(label="system"), None),
        (Anchors(label="system"), b""),
        (Anchors(label="system"), b"\xff not PEM"),
    ],
)
def test_without_an_anchor_nothing_is_judged(tmp_path, chains, anchors, content) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    system = SystemAnchors(file=str(bundle), directory=str(tmp_path / "none"))
    found = validate([chains.leaf.der], anchors, at=chains.make.now, system=system)
    assert not found.judged
    assert (found.problem, found.time_problem, found.verified) == (None, None, ())


@pytest.mark.parametrize(
    ("sent", "text"),
    [([], "no certificate was sent"), ([b"", b"0"], "the certificate cannot be read")],
)
def test_a_chain_without_a_leaf_is_a_problem(chains, sent: list[bytes], text: str) -> None:
    anchors = Anchors(label="root.pem", pem=chains.root.pem)
    found = validate([*sent, chains.leaf.der][: len(sent)], anchors, at=chains.make.now)
    assert found.problem is not None
    assert (found.problem.code, found.problem.text) == (1, text)


def test_what_is_no_certificate_is_passed_over(chains) -> None:
    anchors = Anchors(label="root.pem", pem=b"text\n" + chains.root.pem + b"more\n")
    sent = [chains.leaf.der, b"junk", chains.intermediate.der]
    assert validate(sent, anchors, at=chains.make.now).problem is None


def test_a_hostile_chain_of_equal_names_is_judged(chains) -> None:
    # 100 certificates of one name and other keys, 2 MB: every one is a candidate for the issuer.
    names = tuple(x509.DNSName(f"host-{i:04}.example.org") for i in range(900))
    twins = [
        chains.make.issue("Intermediate", chains.root, ca=True, names=names) for _ in range(99)
    ]
    sent = [chains.leaf.der, *(twin.der for twin in twins)]
    assert sum(map(len, sent)) > 2_000_000
    anchors = Anchors(label="root.pem", pem=chains.root.pem)
    failed = validate(sent, anchors, at=chains.make.now)
    assert failed.problem is not None
    found = validate([*sent[:2], chains.intermediate.der], anchors, at=chains.make.now)
    assert isinstance(found, PathValidation)


@settings(max_examples=150)
@given(data=st.data())
def test_any_change_of_a_chain_is_judged(data: st.DataObject, chains) -> None:
    sent = [bytearray(chains.leaf.der), bytearray(chains.intermediate.der)]
    for _ in range(data.draw(st.integers(1, 4))):
        der = sent[data.draw(st.integers(0, 1))]
        der[data.draw(st.integers(0, 9999)) % len(der)] = data.draw(st.integers(0, 255))
    anchors = Anchors(label="root.pem", pem=chains.root.pem)
    found = validate([bytes(der) for der in sent], anchors, at=chains.make.now)
    changed = [bytes(der) for der in sent] != [chains.leaf.der, chains.intermediate.der]
    assert (found.problem is not None) is changed

from __future__ import annotations

import pytest
from OpenSSL._util import ffi, lib

from mailtls.evidence import PathProblem
from mailtls.rules.path_problems import EXPIRED, NOT_YET_VALID, SELF_SIGNED, UNKNOWN_ROOT, words


def problem(code, depth=0, subject="CN=somebody"):
    return PathProblem(code=code, text="openssl says", depth=depth, subject=subject)


@pytest.mark.parametrize(
    ("code", "depth", "message"),
    [
        (26, 0, "the certificate is not meant for TLS servers"),
        (26, 1, "a CA in the chain may not issue certificates for TLS servers: CN=somebody"),
        (68, 0, "the certificate is signed with a hash that is too weak"),
        (68, 2, "a CA in the chain is signed with a hash that is too weak: CN=somebody"),
        (19, 2, "the chain ends in a root that is not a trust anchor: CN=somebody"),
        (18, 0, "the certificate is self-signed and is not itself a trust anchor"),
        (48, 0, "a name in the certificate is among those that a CA in the chain must not certify"),
    ],
)
def test_the_leaf_and_a_ca_are_told_apart(code, depth, message):
    assert words(problem(code, depth))[0] == message


def test_the_remedy_is_of_the_one_who_can_mend_it():
    assert "serverAuth" in words(problem(26))[1]
    assert "another CA" in words(problem(26, 1))[1]
    assert "certificate.trust: FILE.pem" in words(problem(18))[1]


def test_a_number_without_words_still_says_what_it_means():
    message, remedy = words(problem(9999, 1))
    assert message == "no path to a trust anchor was found"
    assert remedy


@pytest.mark.parametrize(
    ("code", "of_openssl"),
    [
        (2, "unable to get issuer certificate"),
        (20, "unable to get local issuer certificate"),
        (21, "unable to verify the first certificate"),
        (4, "unable to decrypt certificate's signature"),
        (6, "unable to decode issuer public key"),
        (7, "certificate signature failure"),
        (NOT_YET_VALID, "certificate is not yet valid or the system clock is incorrect"),
        (EXPIRED, "certificate has expired"),
        (13, "format error in certificate's notBefore field"),
        (14, "format error in certificate's notAfter field"),
        (SELF_SIGNED, "self-signed certificate"),
        (UNKNOWN_ROOT, "self-signed certificate in certificate chain"),
        (22, "certificate chain too long"),
        (23, "certificate revoked"),
        (24, "issuer certificate doesn't have a public key"),
        (25, "path length constraint exceeded"),
        (26, "unsuitable certificate purpose"),
        (27, "certificate not trusted"),
        (28, "certificate rejected"),
        (32, "key usage does not include certificate signing"),
        (34, "unhandled critical extension"),
        (37, "invalid non-CA certificate (has CA markings)"),
        (40, "proxy certificates not allowed, please set the appropriate flag"),
        (41, "invalid or inconsistent certificate extension"),
        (42, "invalid or inconsistent certificate policy extension"),
        (43, "no explicit policy"),
        (47, "permitted subtree violation"),
        (48, "excluded subtree violation"),
        (51, "unsupported name constraint type"),
        (52, "unsupported or invalid name constraint syntax"),
        (53, "unsupported or invalid name syntax"),
        (66, "EE certificate key too weak"),
        (67, "CA certificate key too weak"),
        (68, "CA signature digest algorithm too weak"),
        (79, "invalid CA certificate"),
        (94, "Certificate public key has explicit ECC parameters"),
    ],
)
def test_the_numbers_mean_to_openssl_what_is_said_here(code, of_openssl):
    assert ffi.string(lib.X509_verify_cert_error_string(code)).decode() == of_openssl
    known = words(problem(code))[0] != words(problem(9999))[0]
    assert known is (code not in {EXPIRED, NOT_YET_VALID})

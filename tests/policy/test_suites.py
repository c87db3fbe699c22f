"""The tls keys that name suites, groups, features and a profile."""

from __future__ import annotations

import pytest

from mailtls.errors import PolicyError
from mailtls.policy.load import load_text
from mailtls.policy.model import Policy
from mailtls.policy.profiles import load_profile
from mailtls.tls.codepoints import group_by_name, suite_by_name


def read(beside: str, name: str) -> bytes:
    raise FileNotFoundError(2, "No such file", f"{beside} {name}")


def text_of(keys: str, top: str = "") -> bytes:
    endpoint = f"{{host: a, port: 25, mode: starttls, tls: {{{keys}}}}}"
    return f"version: 1\n{top}endpoints:\n  - {endpoint}\n".encode()


def policy(keys: str, top: str = "") -> Policy:
    return load_text(text_of(keys, top), "p.yml", read)[0]


def tls(keys: str):
    return policy(keys).endpoints[0].tls


def errors(keys: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        policy(keys)
    return [
        f"{p.location.column}: {p.message} | {p.expected}" + (f" | {p.hint}" if p.hint else "")
        for p in caught.value.problems
    ]


def test_suites_have_iana_and_openssl_names_in_any_case():
    names = "TLS_AES_128_GCM_SHA256, ecdhe-rsa-aes128-gcm-sha256"
    wanted = [suite_by_name(n) for n in ("TLS_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256")]

    assert tls(f"ciphers: [{names}]").ciphers == tuple(wanted)
    assert tls(f"forbid_ciphers: [{names}]").forbid_ciphers == tuple(wanted)
    assert tls("ciphers: [TLS_AES_128_GCM_SHA256, tls_aes_128_gcm_sha256]").ciphers == (0x1301,)


def test_groups_have_iana_nist_and_openssl_names():
    assert tls("groups: [P-256, x25519, prime256v1, X25519MLKEM768]").groups == (
        0x17,
        0x1D,
        0x11EC,
    )
    assert tls("require_groups: [X25519MLKEM768]").require_groups == (0x11EC,)


def test_a_brainpool_curve_is_allowed_in_every_version():
    assert tls("groups: [brainpoolP256r1]").groups == (0x1A, 0x1F)


def test_features_are_plain_words():
    seen = tls(
        "min_dh_bits: 2048, renegotiation: secure, compression: off, "
        "extended_master_secret: required, alpn: [smtp, imap]"
    )

    assert seen.min_dh_bits == 2048
    assert seen.secure_renegotiation
    assert seen.no_compression
    assert seen.extended_master_secret
    assert seen.alpn == ("smtp", "imap")


@pytest.mark.parametrize("off", ["off", '"off"', "'off'"])
def test_off_is_a_word_and_no_truth_value(off):
    assert tls(f"compression: {off}").no_compression


def test_what_is_not_said_is_not_demanded():
    seen = tls("min_version: 1.2")

    assert (seen.profile, seen.ciphers, seen.groups, seen.min_dh_bits, seen.alpn) == (
        None,
        None,
        None,
        None,
        (),
    )
    assert not seen.secure_renegotiation
    assert not seen.no_compression
    assert not seen.extended_master_secret


def test_a_profile_stands_for_all_or_for_one_endpoint():
    alone = policy("min_version: 1.2")
    assert alone.profile_of(alone.endpoints[0]).name == "bcp195"
    every = policy("min_version: 1.2", "profile: mozilla-modern-6.0\n")
    assert every.profile_of(every.endpoints[0]) == load_profile("mozilla-modern-6.0")
    own = policy("profile: ncsc-nl-2025-05", "profile: mozilla-modern-6.0\n")
    assert own.profile_of(own.endpoints[0]).name == "ncsc-nl-2025-05"


CIPHER = "a name as TLS_AES_128_GCM_SHA256 or ECDHE-RSA-AES128-GCM-SHA256"
GROUP = "a name as x25519, P-256 or X25519MLKEM768"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            "ciphers: [TLS_AES_128_GCM_SHA265]",
            [
                "57: 'TLS_AES_128_GCM_SHA265' is no cipher suite that is known | "
                f"{CIPHER} | did you mean TLS_AES_128_GCM_SHA256?"
            ],
        ),
        (
            "forbid_ciphers: [ECDHE-RSA-AES128-GMC-SHA256, xyzzy]",
            [
                "64: 'ECDHE-RSA-AES128-GMC-SHA256' is no cipher suite that is known | "
                f"{CIPHER} | did you mean ECDHE-RSA-AES128-GCM-SHA256?",
                f"93: 'xyzzy' is no cipher suite that is known | {CIPHER}",
            ],
        ),
        (
            "groups: [X25519MLKEM786]",
            [
                "56: 'X25519MLKEM786' is no group that is known | "
                f"{GROUP} | did you mean X25519MLKEM768?"
            ],
        ),
        (
            "ciphers: [TLS_AES_128_GCM_SHA256], forbid_ciphers: [tls_aes_128_gcm_sha256]",
            [
                "99: tls_aes_128_gcm_sha256 is in ciphers, which allows it | "
                "each suite in one of the two keys"
            ],
        ),
        (
            "forbid_ciphers: [SSL_CK_RC4_128_WITH_MD5]",
            [
                "47: SSL_CK_RC4_128_WITH_MD5 is of SSL 2.0, which tls-version judges | "
                "suites of SSLv3 and later"
            ],
        ),
        (
            "groups: [x25519], require_groups: [P-256]",
            ["82: secp256r1 is not in groups, which forbids it | a group that groups allows"],
        ),
        (
            "require_groups: [X25519Kyber768Draft00]",
            [f"64: X25519Kyber768Draft00 is a group that mailtls cannot ask for | {GROUP}"],
        ),
        ("groups: []", ["55: the list is empty | at least one entry"]),
        ("compression: on", ["60: 'on' is not valid here | one of off"]),
        (
            "renegotiation: insecure",
            ["62: 'insecure' is not valid here | one of secure | did you mean secure?"],
        ),
        (
            "extended_master_secret: yes",
            ["71: 'yes' is not valid here | one of required"],
        ),
        ("min_dh_bits: 100", ["60: '100' is not valid here | a whole number from 512 to 16384"]),
        ("alpn: [a b]", ["54: 'a b' is not valid here | an ALPN protocol name, as smtp or imap"]),
        (
            "profile: mozilla-modern",
            [
                "56: 'mozilla-modern' is not valid here | one of bcp195, "
                "mozilla-intermediate-6.0, mozilla-modern-6.0, ncsc-nl-2025-05 | "
                "did you mean mozilla-modern-6.0?"
            ],
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_place(keys, expected):
    assert errors(keys) == expected


def test_an_allow_list_without_tls_1_3_is_a_warning():
    _, _, (warning,) = load_text(text_of("ciphers: [ECDHE-RSA-AES128-GCM-SHA256]"), "p.yml", read)

    assert warning.message == (
        "ciphers names no suite of TLS 1.3, so a server that accepts TLS 1.3 fails"
    )
    assert warning.location.column == 47


def test_every_name_is_found_again():
    assert group_by_name("P-384") == 0x18
    assert suite_by_name("NULL-SHA256") == suite_by_name("TLS_RSA_WITH_NULL_SHA256")

"""What answers prove, and what they do not."""

from __future__ import annotations

from dataclasses import replace

from factories import ALERT, BCP195, CLOSED, chose, endpoint, key, leaf, session, tls, view
from factories import seen as observed
from mailtls.evidence import AlertAnswer, HandshakeRefused, HelloEvidence
from mailtls.policy.model import TlsExpectation
from mailtls.rules.base import hello_question, session_question
from mailtls.rules.grades import control
from mailtls.rules.proofs import proofs
from mailtls.terms import TlsVersion
from mailtls.tls import offers
from mailtls.verdict import Part, Standpoint

OF = endpoint()
OLD = offers.at_most(TlsVersion.TLS1_1)
CONTROL = control(OF, BCP195)
TLS12 = session(tls(version=TlsVersion.TLS1_2, cipher="ECDHE-RSA-AES128-GCM-SHA256"))
REFUSED = session(HandshakeRefused(alert=40, name="handshake_failure"))


def chosen(**changes):
    return HelloEvidence(answer=replace(chose(TlsVersion.TLS1_2).answer, **changes))


def proved(hellos, full=None, of=OF):
    """Return {part and name: the strongest standpoint} for a session and the answers to hellos."""
    answers = {session_question(of): observed(full or session())}
    answers |= {hello_question(of, offer): observed(given) for offer, given in hellos.items()}
    found = {}
    for proof in proofs(view(of, answers=answers)):
        for name in proof.names:
            found.setdefault((proof.part, name), proof.standpoint)
    return found


def versions(found):
    return {name: stand.value for (part, name), stand in found.items() if part is Part.VERSION}


def test_a_session_is_what_was_negotiated():
    assert proved({}) == {
        (Part.VERSION, "TLSv1.3"): Standpoint.NEGOTIATED,
        (Part.SUITE, "TLS_AES_256_GCM_SHA384"): Standpoint.NEGOTIATED,
        (Part.GROUP, "x25519"): Standpoint.NEGOTIATED,
    }


def test_a_version_above_the_negotiated_one_is_refused():
    found = proved({}, TLS12)

    assert versions(found) == {"TLSv1.2": "negotiated", "TLSv1.3": "refused"}
    assert (Part.SUITE, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256") in found


def test_a_refused_hello_of_everything_refuses_its_versions():
    for refusal in (ALERT, CLOSED):
        found = versions(proved({OLD: refusal}))
        assert found == {
            "TLSv1.3": "negotiated",
            "SSLv3": "refused",
            "TLSv1.0": "refused",
            "TLSv1.1": "refused",
        }


def test_an_answer_accepts_what_it_names_and_refuses_what_is_above():
    found = proved({OLD: chosen(version=TlsVersion.TLS1_0, suite=0x002F, group=0x17)})

    assert versions(found) == {"TLSv1.3": "negotiated", "TLSv1.0": "accepted", "TLSv1.1": "refused"}
    assert found[Part.SUITE, "TLS_RSA_WITH_AES_128_CBC_SHA"] is Standpoint.ACCEPTED
    assert found[Part.GROUP, "secp256r1"] is Standpoint.ACCEPTED


def test_an_answer_that_is_shared_refuses_nothing():
    found = versions(proved({CONTROL: chosen(version=TlsVersion.TLS1_0)}))

    assert found == {"TLSv1.3": "negotiated", "TLSv1.0": "accepted"}


def test_a_hello_of_few_suites_says_nothing_of_versions():
    few = offers.only_suites((0x000A, 0x0005), "two suites")
    found = proved({CONTROL: chosen(), few: ALERT})

    assert versions(found) == {"TLSv1.3": "negotiated", "TLSv1.2": "accepted"}
    assert found[Part.SUITE, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"] is Standpoint.REFUSED


def test_a_refusal_without_its_control_proves_nothing():
    few = offers.only_suites((0x000A,), "a suite")

    assert (Part.SUITE, "TLS_RSA_WITH_3DES_EDE_CBC_SHA") not in proved({few: ALERT})
    assert versions(proved({OLD: ALERT}, REFUSED)) == {}


def test_a_control_that_is_refused_for_its_length_proves_nothing():
    complaint = HelloEvidence(answer=AlertAnswer(alert=50, name="decode_error"))

    assert "TLSv1.2" not in versions(proved({CONTROL: complaint}))
    assert versions(proved({CONTROL: ALERT}))["TLSv1.2"] == "refused"


def test_a_refused_group_counts_unless_the_certificates_curve_was_missing():
    modern = offers.groups_only((0x11EC,))
    legacy = offers.groups_only((0x18,), TlsVersion.TLS1_2)
    ecdsa = session(tls(leaf(key=key("ecdsa", 256, "secp256r1"))))

    assert proved({modern: ALERT}, ecdsa)[Part.GROUP, "X25519MLKEM768"] is Standpoint.REFUSED
    asked = {CONTROL: chosen(), legacy: ALERT}
    assert proved(asked)[Part.GROUP, "secp384r1"] is Standpoint.REFUSED
    assert (Part.GROUP, "secp384r1") not in proved(asked, ecdsa)


def test_a_refused_application_protocol_is_no_refused_version():
    named = replace(offers.exactly(TlsVersion.TLS1_2), alpn=("smtp",))

    assert versions(proved({named: ALERT})) == {"TLSv1.3": "negotiated"}


def test_ssl2_speaks_by_its_own_error():
    error = HelloEvidence(answer=AlertAnswer(alert=1, name="ssl2_no_cipher"))

    assert versions(proved({offers.ssl2(): error}))["SSLv2"] == "accepted"
    assert versions(proved({offers.ssl2(): CLOSED}))["SSLv2"] == "refused"


def test_dhe_without_groups_is_about_suites():
    found = proved({CONTROL: chosen(), offers.finite_field(): ALERT})

    assert found[Part.SUITE, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"] is Standpoint.REFUSED


def test_an_answer_to_another_endpoint_at_the_address_is_not_ours():
    other = endpoint(identity="other.example.org", tls=TlsExpectation())
    answers = {hello_question(other, OLD): observed(chosen(version=TlsVersion.TLS1_0))}

    assert proofs(view(OF, answers=answers)) == ()


def test_each_proof_says_how_it_was_shown():
    answers = {session_question(OF): observed(session()), hello_question(OF, OLD): observed(ALERT)}
    said = [proof.by for proof in proofs(view(OF, answers=answers))]

    assert said[0] == "the full session, with every version offered"
    assert said[-1] == "a hello offering SSLv3 to TLSv1.1, answered by the alert protocol_version"

"""The fleets of the lab: what each server shows to OpenSSL."""

from __future__ import annotations

import poplib

import pytest

from lab import fleet
from lab.fleet import Defect
from lab.oracle import Handshake, accepts, s_client
from lab.process import listening

EXPIRED, SELF_SIGNED, NO_ISSUER, NAME_MISMATCH = 10, 18, 20, 62  # X509_V_ERR_* of OpenSSL
NO_FIRST = 21  # X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE
VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")


def look(servers, endpoint, **options) -> Handshake:
    return s_client(
        endpoint.address,
        endpoint.port,
        servername=endpoint.host,
        verify_name=endpoint.host,
        ca_file=servers.ca_file,
        **({"starttls": endpoint.starttls} | options),
    )


def faulty(servers, defect):
    return [e for e in servers.endpoints if defect in e.defects]


@pytest.mark.parametrize("port", fleet.PORTS)
def test_every_healthy_service_verifies(healthy, port):
    seen = look(healthy, healthy.at(port))
    assert (seen.verify_code, seen.protocol, seen.starttls_missing) == (0, "TLSv1.3", False)
    assert seen.chain == (healthy.at(port).identity.certificate, healthy.pki.intermediate)


@pytest.mark.parametrize("port", fleet.PORTS)
def test_healthy_services_accept_tls_1_2_and_newer_only(healthy, port):
    at = healthy.at(port)
    taken = [v for v in VERSIONS if accepts(at.address, port, v, starttls=at.starttls)]
    assert taken == ["TLSv1.2", "TLSv1.3"]


@pytest.mark.parametrize("port", fleet.PORTS)
@pytest.mark.parametrize(
    ("defect", "codes"),
    [
        (Defect.EXPIRED, {EXPIRED}),
        (Defect.WRONG_NAME, {NAME_MISMATCH}),
        (Defect.NO_INTERMEDIATE, {NO_ISSUER, NO_FIRST}),
        (Defect.SELF_SIGNED, {SELF_SIGNED}),
    ],
)
def test_certificate_defects_show_in_the_verify_code(drifted, defect, codes, port):
    seen = look(drifted, drifted.at(port, defect))
    assert seen.completed
    assert seen.verify_code in codes


@pytest.mark.parametrize("port", fleet.PORTS)
def test_tls_1_0_is_accepted_where_the_floor_is_old(drifted, port):
    at = drifted.at(port, Defect.TLS_1_0)
    assert [accepts(at.address, port, v, starttls=at.starttls) for v in VERSIONS] == [True] * 4


@pytest.mark.parametrize("port", [25, 587, 143, 4190, 24])
def test_starttls_is_not_offered_where_tls_is_off(drifted, port):
    seen = look(drifted, drifted.at(port, Defect.NO_STARTTLS))
    assert (seen.connected, seen.starttls_missing, seen.completed) == (True, True, False)


def test_pop3_has_no_stls_where_tls_is_off(drifted):
    at = drifted.at(110, Defect.NO_STARTTLS)
    client = poplib.POP3(at.address, at.port, timeout=10)
    assert "STLS" not in client.capa()
    client.quit()


def test_no_implicit_port_listens_where_tls_is_off(drifted):
    at = drifted.at(25, Defect.NO_STARTTLS)
    open_ports = {port for address, port in listening() if address == at.address}
    assert open_ports == {25, 587, 143, 110, 4190, 24}


@pytest.mark.parametrize("port", [587, 143, 110, 4190, 24])
def test_wrong_mode_is_implicit_tls_on_a_starttls_port(drifted, port):
    seen = look(drifted, drifted.at(port, Defect.WRONG_MODE), starttls=None)
    assert seen.verify_code == 0


@pytest.mark.parametrize("port", [465, 993, 995])
def test_wrong_mode_is_starttls_on_an_implicit_port(drifted, port):
    at = drifted.at(port, Defect.WRONG_MODE)
    assert look(drifted, at).error == "wrong version number"
    assert look(drifted, at, starttls=at.protocol).verify_code == 0


@pytest.mark.parametrize("port", [143, 993, 110, 995, 4190, 24])
def test_dovecot_that_was_not_reloaded_shows_an_older_leaf_than_postfix(drifted, port):
    new = look(drifted, drifted.at(25, Defect.NOT_RELOADED))
    old = look(drifted, drifted.at(port, Defect.NOT_RELOADED))
    assert new.verify_code == old.verify_code == 0
    assert old.chain[0].not_valid_before_utc < new.chain[0].not_valid_before_utc


def test_every_defect_is_somewhere_and_the_healthy_have_none(healthy, drifted):
    assert all(faulty(drifted, defect) for defect in Defect)
    assert not any(e.defects for e in healthy.endpoints)
    assert len(healthy.endpoints) == 9

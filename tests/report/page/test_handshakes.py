"""The matrix of what each address takes."""

from __future__ import annotations

from mailtls.report.page.handshakes import handshakes
from mailtls.verdict import Part, Proof, Standpoint
from report.page.dom import parse
from report.reports import NAMES, report, verdict


def page(**changes):
    return parse(handshakes(report([verdict()], **changes)).text)


def proof(part, standpoint, *names):
    return Proof(part=part, standpoint=standpoint, names=names, by="a hello")


def test_each_address_has_a_row_of_versions_suites_and_groups():
    node = page()
    heads = [each.text for each in node.all("th", scope="col")]
    row = dict(zip(heads, node.rows()[2], strict=True))

    assert len(node.rows()) == 3
    assert row["Target"] == f"{NAMES[0]}192.0.2.1"
    assert row["SSLv2"] == "\N{WHITE CIRCLE} refused"
    assert row["SSLv3"] == "not tried"
    assert row["TLSv1.0"] == "\N{CIRCLE WITH LEFT HALF BLACK} accepted"
    assert row["TLSv1.3"] == "\N{BLACK CIRCLE} negotiated"
    assert row["Groups"] == "\N{BLACK CIRCLE} negotiated X25519MLKEM768"
    assert row["Suites"] == (
        "\N{BLACK CIRCLE} negotiated TLS_AES_256_GCM_SHA384\N{WHITE CIRCLE} refused 40 suites40 in"
        " a hello offering suites that must not be accepted, answered by a hang-up"
    )


def test_the_strongest_proof_counts_and_a_name_stands_once():
    node = page(
        shown=(
            proof(Part.VERSION, Standpoint.ACCEPTED, "TLSv1.2"),
            proof(Part.VERSION, Standpoint.REFUSED, "TLSv1.2", "TLSv1.1"),
            proof(Part.GROUP, Standpoint.ACCEPTED, "x25519"),
            proof(Part.GROUP, Standpoint.ACCEPTED, "x25519", "x448"),
            proof(Part.GROUP, Standpoint.REFUSED, "x448", "secp521r1"),
        )
    )
    row = node.rows()[0]

    assert row[4].endswith("refused")
    assert row[5].endswith("accepted")
    assert row[8].split("\N{WHITE CIRCLE}")[0].endswith("accepted x25519, x448")
    assert row[8].endswith("refused secp521r1")


def test_how_it_was_shown_stands_behind_the_word():
    titles = [each.attributes["title"] for each in page().all("span") if "title" in each.attributes]

    assert "accepted in a hello offering SSLv3 to TLSv1.1" in titles


def test_without_a_handshake_it_says_so():
    assert "No handshake was answered" in page(shown=()).text

"""The document behind a finding."""

import pytest

from mailtls.report.sources import address, source

PAGE = "# x\n\nas RFC 1 says\n\n## References\n- RFC 9325 section 3.1.1 (versions)\n- RFC 8996\n"


@pytest.mark.parametrize(
    ("remedy", "cited"),
    [
        ("accept it (RFC 8996 section 5). Postfix: ...", "RFC 8996 section 5"),
        ("(validity: RFC 5280 section 4.1.2.5). Dovecot", "RFC 5280 section 4.1.2.5"),
        ("anonymous: RFC 5246 appendix A.5", "RFC 5246 appendix A.5"),
        ("RFC 7465, RFC 9325 section 4.1", "RFC 7465"),
        ("no document is named", "RFC 9325 section 3.1.1"),
    ],
)
def test_the_remedys_comes_before_the_pages(remedy, cited):
    assert source(remedy, PAGE) == cited


def test_nothing_cited_is_nothing():
    assert source("", "# x\n\nRFC 1\n") == ""
    assert address("") == address("RFC x") == ""


@pytest.mark.parametrize(
    ("cited", "path"),
    [
        ("RFC 8996 section 5", "rfc8996#section-5"),
        ("RFC 5246 appendix A.5", "rfc5246#appendix-A.5"),
        ("RFC 7465", "rfc7465"),
    ],
)
def test_a_citation_can_be_followed(cited, path):
    assert address(cited) == f"https://www.rfc-editor.org/rfc/{path}"

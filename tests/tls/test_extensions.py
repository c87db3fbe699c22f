"""The numbers of extensions, beside the table of another implementation."""

from __future__ import annotations

import pytest

from mailtls.tls.extensions import ExtensionType

ALIASES = {"PADDING": "client_hello_padding"}
OWN = {ExtensionType.SIGNED_CERTIFICATE_TIMESTAMP: 18}
"""Not in tlslite-ng: RFC 6962 section 3.3.1."""


# tlslite-ng imports asyncore and asynchat, for a class that is not used here.
@pytest.mark.filterwarnings("ignore:The async:DeprecationWarning")
def test_the_numbers_are_those_of_tlslite():
    from tlslite.constants import ExtensionType as Theirs

    theirs = {
        each: OWN.get(each) or getattr(Theirs, ALIASES.get(each.name, each.name.lower()))
        for each in ExtensionType
    }
    assert theirs == {each: each.value for each in ExtensionType}

"""Secure renegotiation, by its extension in the control's answer."""

from __future__ import annotations

from feature_views import Feature
from mailtls.rules.tls_renegotiation import RULE
from mailtls.tls.extensions import ExtensionType


class TestRenegotiation(Feature):
    rule = RULE
    key = "tls.renegotiation"
    seen = "renegotiation_info"
    message = "the server does not signal secure renegotiation"
    section = "RFC 5746"
    bad = {"extensions": (ExtensionType.EXTENDED_MASTER_SECRET,)}  # noqa: RUF012 - a row of a table
    demanded = "secure_renegotiation"

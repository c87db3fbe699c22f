"""The extended master secret, by its extension in the control's answer."""

from __future__ import annotations

from feature_views import Feature
from mailtls.rules.tls_master_secret import RULE
from mailtls.tls.extensions import ExtensionType


class TestMasterSecret(Feature):
    rule = RULE
    key = "tls.extended_master_secret"
    seen = "extended_master_secret"
    message = "the server does not support the extended master secret"
    section = "RFC 7627"
    bad = {"extensions": (ExtensionType.RENEGOTIATION_INFO,)}  # noqa: RUF012 - a row of a table
    demanded = "extended_master_secret"

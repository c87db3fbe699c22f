"""Compression: the one feature that a server should not have."""

from __future__ import annotations

from feature_views import Feature
from mailtls.rules.tls_compression import RULE
from mailtls.terms import Level


class TestCompression(Feature):
    rule = RULE
    key = "tls.compression"
    seen = "no compression chosen"
    message = "the server accepts TLS compression"
    section = "RFC 9325 section 3.3"
    fix = "Postfix: "
    bad = {"compression": 1}  # noqa: RUF012 - a row of a table
    demanded = "no_compression"
    level = Level.WARNING

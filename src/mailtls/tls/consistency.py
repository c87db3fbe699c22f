"""Whether a server's answer fits the hello it answers, and itself.

Both functions raise `MalformedError`: an answer that no client could go on with decides nothing.
"""

from __future__ import annotations

from mailtls.probe.questions import Offer
from mailtls.terms import TlsVersion
from mailtls.tls.answer import KeyExchange, ServerHello
from mailtls.tls.codepoints import group_name, suite_name, suites, version_name
from mailtls.tls.wire import MalformedError

_DEFLATE = 1
_CERTIFICATE_AUTHENTICATION = frozenset({"RSA", "DSS", "ECDSA"})
_EPHEMERAL = frozenset({"DHE", "ECDHE"})


def check_choice(offer: Offer, hello: ServerHello) -> None:
    """Demand that the version, suite, compression and TLS 1.3 group were offered.

    An older version than any in the offer is a fair choice up to TLS 1.2. So is a group of an ECDHE
    ServerKeyExchange: servers older than RFC 8422 know one curve, which is worth reporting.
    """
    version = hello.version
    tls13 = version == TlsVersion.TLS1_3
    highest_legacy = min(max(offer.versions), TlsVersion.TLS1_2)
    fair = version in offer.versions if tls13 else TlsVersion.SSL3 <= version <= highest_legacy
    if not fair:
        raise MalformedError(f"{version_name(version)} was not offered")
    suite = suites().get(hello.suite)
    if suite is None or hello.suite not in offer.suites:
        raise MalformedError(f"{suite_name(hello.suite)} was not offered")
    if tls13 != (suite.min_version == TlsVersion.TLS1_3):
        raise MalformedError(f"{suite.name} is no suite of {version_name(version)}")
    if hello.compression and not (offer.compression and hello.compression == _DEFLATE):
        raise MalformedError(f"compression {hello.compression} was not offered")
    if tls13 and hello.group and hello.group not in offer.groups:
        raise MalformedError(f"group {group_name(hello.group)} was not offered")


def check_flight(code: int, certificates: int, exchange: KeyExchange | None) -> None:
    """Demand the certificates and ServerKeyExchange that the suite needs (RFC 5246 7.4.2, 7.4.3)."""
    suite = suites()[code]
    certified = suite.authentication in _CERTIFICATE_AUTHENTICATION
    if (certified and not certificates) or (suite.anonymous and certificates):
        raise MalformedError(f"{suite.name} with {certificates} certificates")
    if suite.key_exchange in _EPHEMERAL and exchange is None:
        raise MalformedError(f"{suite.name} without a ServerKeyExchange")

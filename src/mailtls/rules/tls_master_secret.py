"""Whether the server supports the extended master secret (RFC 7627)."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import ServerAnswer
from mailtls.policy.model import Endpoint, Profile
from mailtls.probe.questions import Question
from mailtls.rules.base import Finding, Rule, TargetView, failed, needs_session, passed
from mailtls.rules.control import control_question, feature, level_of, needs_control
from mailtls.tls.codepoints import version_name
from mailtls.tls.extensions import ExtensionType

_KEY = "tls.extended_master_secret"
_EXPECTED = "the extended master secret supported (RFC 7627)"


def needs(endpoint: Endpoint, profile: Profile) -> Iterable[Question]:
    """Return the need of the control, where the policy or the profile asks."""
    wanted = endpoint.tls.extended_master_secret or profile.master_secret is not None
    return (needs_control if wanted else needs_session)(endpoint, profile)


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the extension extended_master_secret of the control's answer."""
    demanded = view.endpoint.tls.extended_master_secret
    level = level_of(view, view.profile.master_secret, demanded=demanded)
    if level is None:
        return
    seen = feature(
        view,
        _KEY,
        expected=_EXPECTED,
        modern="whose secrets always cover the handshake (RFC 8446 7.1)",
    )
    if not isinstance(seen, ServerAnswer):
        yield seen
        return
    version = version_name(seen.version)
    if ExtensionType.EXTENDED_MASTER_SECRET in seen.extensions:
        yield passed(
            "the extended master secret is supported",
            expected=_EXPECTED,
            observed=f"extended_master_secret in {version}",
            key=_KEY,
        )
        return
    yield failed(
        "the server does not support the extended master secret",
        expected=_EXPECTED,
        observed=f"no extended_master_secret in {version}",
        remedy="update the server's TLS library, or that of the proxy that ends TLS for it: OpenSSL has"
        " it since 1.1.0, GnuTLS since 3.4 (RFC 7627, RFC 9325 section 3.5)",
        key=_KEY,
        level=level,
        question=control_question(view.endpoint, view.profile),
    )


RULE = Rule(
    id="tls-master-secret",
    title="No extended master secret",
    summary="The server supports the extended master secret, where it speaks TLS 1.2 or below.",
    needs=needs,
    check=check,
)

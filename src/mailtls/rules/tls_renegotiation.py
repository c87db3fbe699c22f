"""Whether the server signals secure renegotiation (RFC 5746)."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import ServerAnswer
from mailtls.policy.model import Endpoint, Profile
from mailtls.probe.questions import Question
from mailtls.rules.base import Finding, Rule, TargetView, failed, needs_session, passed
from mailtls.rules.control import control_question, feature, level_of, needs_control
from mailtls.tls.codepoints import version_name
from mailtls.tls.extensions import ExtensionType

_KEY = "tls.renegotiation"
_EXPECTED = "secure renegotiation signalled (RFC 5746)"


def needs(endpoint: Endpoint, profile: Profile) -> Iterable[Question]:
    """Return the need of the control, where the policy or the profile asks."""
    wanted = endpoint.tls.secure_renegotiation or profile.renegotiation is not None
    return (needs_control if wanted else needs_session)(endpoint, profile)


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the extension renegotiation_info of the control's answer."""
    demanded = view.endpoint.tls.secure_renegotiation
    level = level_of(view, view.profile.renegotiation, demanded=demanded)
    if level is None:
        return
    seen = feature(
        view, _KEY, expected=_EXPECTED, modern="which has no renegotiation (RFC 8446 4.1.2)"
    )
    if not isinstance(seen, ServerAnswer):
        yield seen
        return
    version = version_name(seen.version)
    if ExtensionType.RENEGOTIATION_INFO in seen.extensions:
        yield passed(
            "secure renegotiation is signalled",
            expected=_EXPECTED,
            observed=f"renegotiation_info in {version}",
            key=_KEY,
        )
        return
    yield failed(
        "the server does not signal secure renegotiation",
        expected=_EXPECTED,
        observed=f"no renegotiation_info in {version}",
        remedy="update the server's TLS library, or that of the proxy that ends TLS for it: every one"
        " since 2010 sends the extension (RFC 5746 section 3.6, RFC 9325 section 3.5)",
        key=_KEY,
        level=level,
        question=control_question(view.endpoint, view.profile),
    )


RULE = Rule(
    id="tls-renegotiation",
    title="Insecure renegotiation",
    summary="The server signals secure renegotiation, where it speaks TLS 1.2 or below.",
    needs=needs,
    check=check,
)

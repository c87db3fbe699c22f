"""Whether the server compresses inside TLS when a client offers it."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import ServerAnswer
from mailtls.policy.model import Endpoint, Profile
from mailtls.probe.questions import Question
from mailtls.rules import servers
from mailtls.rules.base import Finding, Rule, TargetView, failed, needs_session, passed
from mailtls.rules.control import control_question, feature, level_of, needs_control
from mailtls.tls.codepoints import version_name

_KEY = "tls.compression"
_EXPECTED = "no TLS compression"


def needs(endpoint: Endpoint, profile: Profile) -> Iterable[Question]:
    """Return the need of the control, where the policy or the profile asks."""
    wanted = endpoint.tls.no_compression or profile.compression is not None
    return (needs_control if wanted else needs_session)(endpoint, profile)


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the compression method of the control's answer, which was offered DEFLATE."""
    demanded = view.endpoint.tls.no_compression
    level = level_of(view, view.profile.compression, demanded=demanded)
    if level is None:
        return
    seen = feature(
        view, _KEY, expected=_EXPECTED, modern="which has no compression (RFC 8446 4.1.2)"
    )
    if not isinstance(seen, ServerAnswer):
        yield seen
        return
    version = version_name(seen.version)
    if not seen.compression:
        yield passed(
            "TLS compression is not accepted",
            expected=_EXPECTED,
            observed=f"no compression chosen in {version}",
            key=_KEY,
        )
        return
    yield failed(
        "the server accepts TLS compression",
        expected=_EXPECTED,
        observed=f"DEFLATE chosen in {version}",
        remedy="turn TLS compression off: it lets an attacker guess secrets by sizes (CRIME, RFC 9325"
        f" section 3.3). {servers.fix(view, servers.Topic.COMPRESSION)}",
        key=_KEY,
        level=level,
        question=control_question(view.endpoint, view.profile),
    )


RULE = Rule(
    id="tls-compression",
    title="TLS compression",
    summary="The server does not compress inside TLS.",
    needs=needs,
    check=check,
)

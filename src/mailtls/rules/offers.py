"""What must and must not be offered after TLS: the two rules about it differ in the names alone."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import Capabilities, Missing
from mailtls.policy.model import Offered
from mailtls.rules.base import Finding, TargetView, failed, inconclusive, passed


def after_tls(view: TargetView) -> Capabilities | Missing:
    """Return what the full session was offered inside TLS, or why that is not known."""
    tls, session = view.tls, view.session
    if isinstance(tls, Missing) or isinstance(session, Missing):
        return tls if isinstance(tls, Missing) else session  # type: ignore[return-value]
    return session.after


def judge_offers(
    demanded: Offered,
    names: Capabilities | tuple[str, ...] | Missing,
    *,
    key: str,
    noun: str,
    remedy: str,
) -> Iterable[Finding]:
    """Yield a finding for each list of the policy: every missing and every unwanted name at once."""
    for part, wanted in (("require", demanded.require), ("forbid", demanded.forbid)):
        if wanted is None:
            continue
        expected = ("offered: " if part == "require" else "not offered: ") + ", ".join(wanted)
        if isinstance(names, Missing):
            yield inconclusive(names, expected=expected, key=f"{key}.{part}")
            continue
        offered = names.names if isinstance(names, Capabilities) else names
        wrong = [name for name in wanted if (name in offered) != (part == "require")]
        observed = "offered: " + (", ".join(offered) or "none")
        if not wrong:
            yield passed(
                f"the {noun} are as declared",
                expected=expected,
                observed=observed,
                key=f"{key}.{part}",
            )
            continue
        listed = ", ".join(wrong)
        verb = "is" if len(wrong) == 1 else "are"
        yield failed(
            f"{listed} {verb} not offered after TLS"
            if part == "require"
            else f"{listed} {verb} offered after TLS",
            expected=expected,
            observed=observed,
            remedy=remedy,
            key=f"{key}.{part}",
        )

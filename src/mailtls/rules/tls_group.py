"""Which key exchange groups the server accepts, and the size of its finite-field prime."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailtls.evidence import AlertAnswer, ClosedAnswer, Missing, ServerAnswer, TlsFacts
from mailtls.policy.model import Endpoint, Profile
from mailtls.probe.questions import Offer, Question
from mailtls.rules import servers
from mailtls.rules.base import (
    Finding,
    Rule,
    TargetView,
    failed,
    hello_question,
    inconclusive,
    lighter,
    passed,
    session_question,
)
from mailtls.rules.control import below_tls13, control_question, refused
from mailtls.rules.grades import group_hellos, group_weights, suite_hellos
from mailtls.rules.required_groups import check_required, required_hellos, signed_by_ecdsa, unnamed
from mailtls.terms import Level, TlsVersion
from mailtls.tls import offers
from mailtls.tls.codepoints import group_by_name, group_name, version_name

_DH = "tls.min_dh_bits"


def needs(endpoint: Endpoint, profile: Profile) -> Iterable[Question]:
    """Return the need of the session, the control, and the hellos that decide groups and sizes."""
    yield session_question(endpoint)
    if _uses_control(endpoint, profile):
        yield control_question(endpoint, profile)
    for offer in _hellos(endpoint, profile):
        yield hello_question(endpoint, offer)


def _hellos(endpoint: Endpoint, profile: Profile) -> Iterator[Offer]:
    yield from group_hellos(endpoint, profile)
    yield from required_hellos(endpoint).values()
    if endpoint.tls.min_dh_bits is not None:
        yield offers.finite_field()
    elif profile.dh_bits:
        yield from _dhe_hellos(endpoint, profile)


def _dhe_hellos(endpoint: Endpoint, profile: Profile) -> tuple[Offer, ...]:
    """Return the hellos of `tls-cipher` whose answer may show a prime by the way."""
    below = (o for o in suite_hellos(endpoint, profile) if max(o.versions) < TlsVersion.TLS1_3)
    return tuple(below)


def _uses_control(endpoint: Endpoint, profile: Profile) -> bool:
    return bool(group_weights(endpoint, profile) or _least_bits(endpoint, profile))


def _least_bits(endpoint: Endpoint, profile: Profile) -> int:
    own = endpoint.tls.min_dh_bits
    return profile.dh_bits if own is None else own


def check(view: TargetView) -> Iterable[Finding]:
    """Judge the groups and sizes that were chosen; an unanswered hello that decides stays open."""
    endpoint, profile = view.endpoint, view.profile
    if not _uses_control(endpoint, profile) and not endpoint.tls.require_groups:
        return
    findings = [*_groups(view), *_sizes(view), *check_required(view)]
    yield from findings
    if not findings:
        session = view.tls
        seen = session.group if isinstance(session, TlsFacts) else ""
        yield passed(
            "no group was chosen that must not be, and all that are required are accepted",
            expected=_expected(view),
            observed=seen,
            key="tls.groups",
        )


def _groups(view: TargetView) -> Iterator[Finding]:
    endpoint, profile = view.endpoint, view.profile
    weights = group_weights(endpoint, profile)
    chosen: dict[int, tuple[int, Question]] = {}
    gaps: list[tuple[Missing, Question]] = []
    for offer in group_hellos(endpoint, profile):
        question = hello_question(endpoint, offer)
        evidence = view.hello(offer)
        match evidence if isinstance(evidence, Missing) else evidence.answer:
            case Missing() as missing:
                gaps.append((missing, question))
            case ServerAnswer(group=0):
                gaps.append((unnamed(), question))
            case ServerAnswer(group=group, version=version):
                chosen.setdefault(group, (version, question))
            case answer:
                gap = _unsure(view, offer, answer)
                gaps += [(gap, question)] if gap is not None else []
    control = below_tls13(view)
    if isinstance(control, Missing) and _uses_control(endpoint, profile):
        gaps.append((control, control_question(endpoint, profile)))
    for version, group, proof in _by_the_way(view):
        chosen.setdefault(group, (version, proof))
    for group, (version, proof) in chosen.items():
        if group in weights:
            yield failed(
                f"the server accepts the group {group_name(group)}",
                expected=_expected(view),
                observed=f"{group_name(group)} chosen in {version_name(version)}",
                remedy=f"do not accept it ({_source(view)}). "
                + servers.fix(view, servers.Topic.GROUPS),
                key=weights[group].key,
                level=weights[group].level,
                question=proof,
            )
    for missing, unread in gaps[:1]:
        yield inconclusive(missing, expected=_expected(view), key="tls.groups", question=unread)


def _unsure(view: TargetView, offer: Offer, answer: AlertAnswer | ClosedAnswer) -> Missing | None:
    """Return why a refusal of groups does not count, None where it does."""
    legacy = max(offer.versions) < TlsVersion.TLS1_3
    if legacy and isinstance(below_tls13(view), ServerAnswer):
        return signed_by_ecdsa(view)
    return refused(view, offer, answer)


def _by_the_way(view: TargetView) -> Iterator[tuple[int, int, Question]]:
    """Yield version, group and proof of what the session and the control chose."""
    session = view.tls
    if isinstance(session, TlsFacts):
        code = group_by_name(session.group)
        if code is not None:
            yield session.version, code, session_question(view.endpoint)
    answer = below_tls13(view)
    if isinstance(answer, ServerAnswer) and answer.group:
        yield answer.version, answer.group, control_question(view.endpoint, view.profile)


def _sizes(view: TargetView) -> Iterator[Finding]:
    endpoint, profile = view.endpoint, view.profile
    least = _least_bits(endpoint, profile)
    own = endpoint.tls.min_dh_bits is not None
    level = endpoint.level if own else lighter(Level.ERROR, endpoint.level)
    expected = f"a finite-field prime of at least {least} bits, where DHE is accepted"
    sizes: dict[int, Question] = {}
    for offer in (offers.finite_field(),) if own else _dhe_hellos(endpoint, profile):
        question = hello_question(endpoint, offer)
        evidence = view.hello(offer)
        match evidence if isinstance(evidence, Missing) else evidence.answer:
            # What an anonymous exchange uses is another prime, and `tls-cipher` judges it whole.
            case ServerAnswer(anonymous=True):
                continue
            case ServerAnswer(dh_bits=bits):
                sizes.setdefault(bits, question)
            case Missing() as missing if own:
                yield inconclusive(missing, expected=expected, key=_DH, question=question)
            case AlertAnswer() | ClosedAnswer() as answer if own:
                gap = refused(view, offer, answer)
                if gap is not None:
                    yield inconclusive(gap, expected=expected, key=_DH, question=question)
    control = below_tls13(view)
    if isinstance(control, ServerAnswer) and not control.anonymous:
        sizes.setdefault(control.dh_bits, control_question(endpoint, profile))
    small = min((bits for bits in sizes if 0 < bits < least), default=0)
    if small:
        yield failed(
            f"the server's finite-field prime has {small} bits",
            expected=expected,
            observed=f"DHE with {small} bits",
            remedy=f"use a prime of {least} bits or more, or no DHE at all (RFC 9325 section 4.5)."
            f" {servers.fix(view, servers.Topic.GROUPS)}",
            key=_DH,
            level=level,
            question=sizes[small],
        )


def _expected(view: TargetView) -> str:
    allowed = view.endpoint.tls.groups
    if allowed is None:
        return f"no group that {view.profile.name} speaks against"
    return "no group but " + ", ".join(group_name(code) for code in allowed)


def _source(view: TargetView) -> str:
    return "the policy" if view.endpoint.tls.groups is not None else view.profile.source


RULE = Rule(
    id="tls-group",
    title="Key exchange group",
    summary="The server accepts the groups the policy requires, none it forbids, and no small prime.",
    needs=needs,
    check=check,
)

"""The rules, in the order they are asked and explained: one module, one line and one page each."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from mailtls.errors import UsageError
from mailtls.rules import (
    address_agreement,
    agreement,
    auth_before_tls,
    auth_mechanisms,
    capabilities,
    certificate_agreement,
    certificate_algorithms,
    certificate_chain,
    certificate_expiry,
    certificate_issuer,
    certificate_key,
    certificate_lifetime,
    certificate_name,
    certificate_pin,
    certificate_revocation,
    certificate_signature,
    certificate_staple,
    certificate_transparency,
    certificate_trust,
    certificate_usage,
    closed,
    delivery_accepted,
    delivery_arrived,
    delivery_authentication,
    delivery_delay,
    delivery_hops,
    mode,
    protocol,
    reachable,
    runner,
    starttls_boundary,
    starttls_enforced,
    starttls_offered,
    starttls_renewed,
    tls_alpn,
    tls_cipher,
    tls_compression,
    tls_group,
    tls_master_secret,
    tls_renegotiation,
    tls_version,
    waiver,
)
from mailtls.rules.base import Rule

RULES: tuple[Rule, ...] = (
    reachable.RULE,
    closed.RULE,
    runner.RULE,
    protocol.RULE,
    mode.RULE,
    starttls_offered.RULE,
    starttls_enforced.RULE,
    starttls_boundary.RULE,
    starttls_renewed.RULE,
    auth_before_tls.RULE,
    auth_mechanisms.RULE,
    capabilities.RULE,
    tls_version.RULE,
    tls_cipher.RULE,
    tls_group.RULE,
    tls_renegotiation.RULE,
    tls_compression.RULE,
    tls_master_secret.RULE,
    tls_alpn.RULE,
    certificate_trust.RULE,
    certificate_name.RULE,
    certificate_expiry.RULE,
    certificate_chain.RULE,
    certificate_key.RULE,
    certificate_signature.RULE,
    certificate_usage.RULE,
    certificate_lifetime.RULE,
    certificate_issuer.RULE,
    certificate_pin.RULE,
    certificate_staple.RULE,
    certificate_transparency.RULE,
    certificate_revocation.RULE,
    certificate_algorithms.RULE,
    address_agreement.RULE,
    certificate_agreement.RULE,
    agreement.RULE,
    delivery_accepted.RULE,
    delivery_arrived.RULE,
    delivery_hops.RULE,
    delivery_authentication.RULE,
    delivery_delay.RULE,
    waiver.RULE,
)


def select(rules: Iterable[Rule], only: Iterable[str]) -> tuple[Rule, ...]:
    """Return the rules with the given ids in their own order, or all where none is given.

    Raises UsageError for an id that no rule has.
    """
    known = {rule.id: rule for rule in rules}
    wanted = set(only)
    for unknown in sorted(wanted - known.keys()):
        near = get_close_matches(unknown, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(
            f"there is no rule {unknown!r}{hint}", fix="`mailtls explain` lists the rules"
        )
    return tuple(rule for rule in known.values() if not wanted or rule.id in wanted)

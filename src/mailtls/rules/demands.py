"""What a policy demands of TLS versions, and the fewest hellos that decide it."""

from __future__ import annotations

from itertools import groupby

from mailtls.policy.model import Endpoint, Profile
from mailtls.probe.questions import Offer
from mailtls.pure import pure
from mailtls.rules.base import lighter
from mailtls.terms import Level, TlsVersion
from mailtls.tls import offers


@pure
class Demand:
    """What the policy says of versions: which must not be accepted, at what level, and which must."""

    key: str
    words: str
    forbidden: dict[TlsVersion, Level]
    required: tuple[TlsVersion, ...]
    least: TlsVersion


def demand_of(endpoint: Endpoint, profile: Profile) -> Demand:
    """Return the demand: the policy's exact set, else its minimum, else the profile's grades."""
    tls = endpoint.tls
    if tls.versions is not None:
        return Demand(
            key="tls.versions",
            words="exactly " + ", ".join(version.label for version in sorted(tls.versions)),
            forbidden={v: endpoint.level for v in TlsVersion if v not in tls.versions},
            required=tuple(sorted(tls.versions)),
            least=min(tls.versions, default=profile.required_version),
        )
    if tls.min_version is not None:
        return Demand(
            key="tls.min_version",
            words=f"{tls.min_version.label} or later, and nothing below",
            forbidden={v: endpoint.level for v in TlsVersion if v < tls.min_version},
            required=(),
            least=tls.min_version,
        )
    forbidden = {
        TlsVersion(graded.code): lighter(graded.level, endpoint.level)
        for graded in profile.versions
    }
    unwanted = ", ".join(version.label for version in sorted(forbidden))
    return Demand(
        key="tls.min_version",
        words=f"{profile.required_version.label} or later, and none of {unwanted} ({profile.name})",
        forbidden=forbidden,
        required=(),
        least=profile.required_version,
    )


def hellos(demand: Demand) -> tuple[Offer, ...]:
    """Return the fewest hellos: one for the forbidden versions below, one for each other in question."""
    ladder = [version for version in TlsVersion if version is not TlsVersion.SSL2]
    below: list[Offer] = []
    single: list[Offer] = []
    for level, run in groupby(ladder, key=demand.forbidden.get):
        versions = list(run)
        if level is not None and versions[0] is TlsVersion.SSL3:
            below.append(offers.at_most(versions[-1]))
            continue
        asked = versions if level is not None else [v for v in versions if v in demand.required]
        single += [offers.exactly(version) for version in asked if version != TlsVersion.TLS1_3]
    if TlsVersion.SSL2 in demand.forbidden or TlsVersion.SSL2 in demand.required:
        below.append(offers.ssl2())
    return (*below, *single)

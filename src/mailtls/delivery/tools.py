"""What sending and receiving need of a run, as one value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from mailtls.delivery.credentials import Credential
from mailtls.evidence import Missing, SessionEvidence
from mailtls.flow import Refused, Withheld
from mailtls.net.interface import Network
from mailtls.policy.model import Endpoint
from mailtls.probe.attempt import Settings
from mailtls.probe.questions import Service, Target
from mailtls.probe.web import Web

Acceptable = Callable[[Endpoint, Target, SessionEvidence], str]
"""Why a login must not be made on a session, in one sentence, or "" where it passed the rules."""

FindCredential = Callable[[str, str, int], Awaitable[Credential | Withheld | Refused | Missing]]
"""The credential of a name for a host and port, its token fetched where a grant gives it.

`Refused` is a token endpoint's no, `Missing` one that did not answer.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxTools:
    """The means of one run: `endpoints` by name, `seconds` for one exchange with a server.

    `addresses` gives the addresses of an endpoint that the run judged, in its order.
    """

    network: Network
    settings: Settings
    routes: Callable[[Service], Service]
    web: Web
    endpoints: Mapping[str, Endpoint]
    targets: Callable[[Endpoint], tuple[Target, ...]]
    acceptable: Acceptable
    credential: FindCredential
    seconds: float

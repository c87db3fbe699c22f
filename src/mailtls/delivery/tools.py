"""What sending and receiving need of a run, as one value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from mailtls.delivery.credentials import Credential
from mailtls.evidence import Missing, SessionEvidence
from mailtls.flow import Refused, Withheld
from mailtls.net.interface import Network
from mailtls.policy.model import Endpoint
from mailtls.probe.attempt import Settings
from mailtls.probe.questions import Service, SessionQuestion, Target
from mailtls.probe.web import Web
from mailtls.pure import pure

Acceptable = Callable[[Endpoint, Target, SessionEvidence], str]
"""Why nothing may be entrusted to a session, in one sentence, or "" where it passed the rules."""

FindCredential = Callable[[str, str, int], Awaitable[Credential | Withheld | Refused | Missing]]
"""The credential of a name for a host and port, its token fetched where a grant gives it.

`Refused` is a token endpoint's no or an earlier refusal of this run, `Missing` a token endpoint that
did not answer.
"""


FindTexts = Callable[[str], Awaitable[tuple[str, ...] | Missing]]
"""The TXT records of a name, none where it does not exist, or why that is not known."""

NoteRefusal = Callable[[str, Refused], None]
"""Takes note that the credential of a name was refused: it is not tried again in this run."""


@pure
class MailboxTools:
    """The means of one run: `endpoints` by name, `seconds` for one connection from start to end.

    `targets` gives the addresses of an endpoint that the run judged, in its order, `clock` the time of
    day, aware.
    """

    network: Network
    settings: Settings
    routes: Callable[[Service], Service]
    web: Web
    endpoints: Mapping[str, Endpoint]
    targets: Callable[[Endpoint], tuple[Target, ...]]
    question: Callable[[Endpoint], SessionQuestion]
    acceptable: Acceptable
    credential: FindCredential
    texts: FindTexts
    refused: NoteRefusal
    clock: Callable[[], datetime]
    seconds: float

"""The login at a mailbox that is an endpoint of the policy, for the mail protocols."""

from __future__ import annotations

from mailtls.delivery.credentials import Credential, unusable
from mailtls.delivery.login import LoggedIn, login
from mailtls.delivery.mailbox.base import Place, Trouble
from mailtls.delivery.tools import MailboxTools
from mailtls.delivery.visit import Inside, T, Transact, Visited, visit
from mailtls.dialects.base import words
from mailtls.evidence import Missing
from mailtls.flow import RefusalKind, Refused
from mailtls.policy.delivery import Receive
from mailtls.policy.model import Endpoint
from mailtls.pure import pure
from mailtls.terms import Cause, Phase, TlsVersion


@pure
class Account:
    """What every session at one mailbox shares."""

    receive: Receive
    tools: MailboxTools

    @property
    def endpoint(self) -> Endpoint:
        """Return the endpoint that the mailbox is read at."""
        return self.tools.endpoints[self.receive.endpoint]

    async def credential(self) -> Credential | Trouble:
        """Return the login that the policy names, or why there is none."""
        if not self.receive.credential:
            return unusable(f"the policy names no credential for the mailbox {self.endpoint.name}")
        endpoint = self.endpoint
        return await self.tools.credential(self.receive.credential, endpoint.host, endpoint.port)

    async def visit(self, transact: Transact[T]) -> Visited[T]:
        """Make a session, judge it, and `transact` inside."""
        return await visit(self.endpoint, self.tools, transact)

    async def enter(self, inside: Inside, credential: Credential) -> Trouble | None:
        """Log in, once; a refusal for the moment is no refusal of the credential."""
        done = await login(inside, credential, self.tools)
        if isinstance(done, LoggedIn):
            return None
        if isinstance(done, Refused) and done.kind is RefusalKind.TEMPORARY:
            return failure(
                Cause.THROTTLED, f"the server answers the login with {words(done.reply)}"
            )
        return done


def failure(cause: Cause, detail: str) -> Missing:
    """Return that a mailbox could not be read, behind the login."""
    return Missing(phase=Phase.AFTER_TLS, cause=cause, detail=detail)


def place_of(inside: Inside) -> Place:
    """Return where a session is."""
    version = TlsVersion(inside.tls.version).label
    return Place(address=inside.address, version=version, cipher=inside.tls.cipher)

"""The logins of a run as they are used: bound, with a token where a grant gives one, refused once."""

from __future__ import annotations

from mailtls.delivery.credentials import Credential, Vault
from mailtls.evidence import Missing
from mailtls.flow import Refused, Withheld


class Logins:
    """Finds the credential for a service; one that a server refused is not given out again.

    A server counts failed logins, and blocks an account or an address after a few.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._refused: dict[str, Refused] = {}

    async def find(
        self, name: str, host: str, port: int
    ) -> Credential | Withheld | Refused | Missing:
        """Return the credential for exactly this service, or why there is none."""
        return self._refused.get(name) or self._vault.for_service(name, host, port)

    def refused(self, name: str, refused: Refused) -> None:
        """Take note that a server refused a credential."""
        self._refused[name] = refused

"""The logins of a run as they are used: bound, with a token where a grant gives one, refused once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from mailtls.delivery.credentials import Credential, Vault
from mailtls.delivery.oauth import fetch_token
from mailtls.delivery.secrecy import Redactor, Secret
from mailtls.evidence import Missing
from mailtls.flow import Refused, Withheld
from mailtls.probe.web import Web

Found = Credential | Withheld | Refused | Missing


class Logins:
    """Finds the credential for a service; one that was refused is not given out again.

    A server counts failed logins, and blocks an account or an address after a few. A grant is used
    once in a run: an endpoint that gives a new refresh token with each takes the old one for stolen.
    """

    def __init__(self, vault: Vault, web: Web, redact: Redactor) -> None:
        self._vault = vault
        self._web = web
        self._redact = redact
        self._known: dict[str, Found] = {}
        self._turn = asyncio.Lock()

    async def find(self, name: str, host: str, port: int) -> Found:
        """Return the credential for exactly this service, or why there is none."""
        held = self._vault.for_service(name, host, port)
        if isinstance(held, Withheld):
            return held
        async with self._turn:
            if name not in self._known:
                self._known[name] = await self._complete(held)
            return self._known[name]

    def refused(self, name: str, refused: Refused) -> None:
        """Take note that a server refused a credential."""
        self._known[name] = refused

    async def _complete(self, held: Credential) -> Found:
        if held.token is not None or held.grant is None:
            return held
        token = await fetch_token(held.grant, self._web)
        if not isinstance(token, Secret):
            return token
        self._redact.learn(token)
        return replace(held, token=token)

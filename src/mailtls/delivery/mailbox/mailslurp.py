"""MailSlurp's HTTP interface (api.mailslurp.com: the email controller of its OpenAPI document)."""

from __future__ import annotations

from urllib.parse import quote

from mailtls.delivery.credentials import Credential
from mailtls.delivery.mailbox.catcher import Catcher, Headers, each


def _key(credential: Credential) -> Headers:
    key = credential.token or credential.password
    return (("x-api-key", key.reveal() if key else ""),)


def _search(nonce: str, inbox: str) -> str:
    # The filter looks at recipients, sender and subject; without an inbox it looks at them all.
    inside = f"&inboxId={quote(inbox, safe='')}" if inbox else ""
    return f"/emails?size=5&sort=DESC&searchFilter={nonce}{inside}"


def _listed(found: object, nonce: str) -> list[object]:
    messages = found.get("content") if isinstance(found, dict) else None
    return each(messages, "id", "subject", nonce)


CATCHER = Catcher(
    prefixes=("",),
    login=_key,
    search=_search,
    listed=_listed,
    source=lambda identifier: f"/emails/{identifier}/raw",
    delete=lambda identifier, _nonce, _message_id: f"/emails/{identifier}",
)

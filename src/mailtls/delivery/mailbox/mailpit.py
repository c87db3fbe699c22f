"""Mailpit's HTTP interface, version 1 (axllent/mailpit, server/apiv1; deletion by search since 1.9)."""

from __future__ import annotations

from urllib.parse import quote

from mailtls.delivery.mailbox.catcher import Catcher, basic, each


def _search(nonce: str, _inbox: str) -> str:
    # Only known fields are indexed, and the nonce's own is none of them.
    return f"/search?limit=5&query={quote(f'subject:{nonce}', safe='')}"


def _delete(_identifier: str, nonce: str, message_id: str) -> str:
    """Delete by search: a deletion by identifiers whose body does not arrive empties the mailbox."""
    query = quote(f"subject:{nonce} message-id:{message_id}", safe="")
    return f"/search?query={query}"


def _listed(found: object, nonce: str) -> list[object]:
    messages = found.get("messages") if isinstance(found, dict) else None
    return each(messages, "ID", "Subject", nonce)


CATCHER = Catcher(
    prefixes=("/api/v1",),
    login=basic,
    search=_search,
    listed=_listed,
    source=lambda identifier: f"/message/{identifier}/raw",
    delete=_delete,
)

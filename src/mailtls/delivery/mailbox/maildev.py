"""MailDev's HTTP interface (maildev/maildev: packages/api in version 3, lib/routes.js in version 2)."""

from __future__ import annotations

from mailtls.delivery.mailbox.catcher import Catcher, Deletion, basic, each


def _delete(identifier: str, _nonce: str, _message_id: str) -> Deletion:
    return Deletion(method="DELETE", path=f"/email/{identifier}")


CATCHER = Catcher(
    name="MailDev",
    # Version 2 has it at the root.
    prefixes=("/api", ""),
    login=basic,
    search=lambda nonce, _inbox: f"/email?headers.mailtls-nonce={nonce}",
    listed=lambda found: each(found, "id"),
    source=lambda identifier: f"/email/{identifier}/source",
    delete=_delete,
)

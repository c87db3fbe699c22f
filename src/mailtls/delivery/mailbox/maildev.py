"""MailDev's HTTP interface (maildev/maildev: packages/api in version 3, lib/routes.js in version 2)."""

from __future__ import annotations

from mailtls.delivery.mailbox.catcher import Catcher, basic, each

CATCHER = Catcher(
    # Version 2 has it at the root.
    prefixes=("/api", ""),
    login=basic,
    search=lambda nonce, _inbox: f"/email?headers.mailtls-nonce={nonce}",
    listed=lambda found, nonce: each(found, "id", "subject", nonce),
    source=lambda identifier: f"/email/{identifier}/source",
    delete=lambda identifier, _nonce, _message_id: f"/email/{identifier}",
)

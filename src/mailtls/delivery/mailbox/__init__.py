"""Where a message is looked for: a table of one file for each way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mailtls.delivery.mailbox import maildev, mailpit, mailslurp
from mailtls.delivery.mailbox.base import Mailbox
from mailtls.delivery.mailbox.catcher import HttpMailbox
from mailtls.delivery.mailbox.imap import ImapMailbox
from mailtls.delivery.mailbox.pop3 import Pop3Mailbox
from mailtls.delivery.tools import MailboxTools
from mailtls.policy.delivery import Receive, Via

MAILBOXES: dict[Via, Callable[[Receive, str, MailboxTools], Mailbox]] = {
    Via.IMAP: ImapMailbox,
    Via.POP3: Pop3Mailbox,
    Via.MAILPIT: partial(HttpMailbox, mailpit.CATCHER),
    Via.MAILDEV: partial(HttpMailbox, maildev.CATCHER),
    Via.MAILSLURP: partial(HttpMailbox, mailslurp.CATCHER),
}
"""Each is made of what the policy says, the nonce, and the means of the run."""

"""One organisation's mail service on one address: Postfix and Dovecot on their well-known ports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lab import postfix
from lab.dovecot import Dovecot
from lab.fleet import SANE
from lab.pki import Identity
from lab.postfix import Postfix, SmtpService
from lab.process import running


@contextmanager
def site(
    folder: Path, address: str, identity: Identity, *, more: Sequence[SmtpService] = ()
) -> Iterator[None]:
    """Run relay, submission, IMAP, POP3, LMTP and ManageSieve until the block ends.

    Each serves `identity` and has sane TLS; `more` are listeners beside the well-known ones.
    """
    folder.mkdir(mode=0o755)
    dovecot = Dovecot(folder / "dovecot", address, identity)
    smtp = Postfix(
        folder / "postfix",
        [
            postfix.relay(address, identity),
            postfix.submission(address, identity),
            postfix.submissions(address, identity),
            *more,
        ],
        sasl_socket=dovecot.sasl_socket,
        main=SANE,
    )
    with running(smtp, dovecot):
        yield

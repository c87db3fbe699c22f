"""Mail from submission to mailbox over real servers: Postfix, a second one as the MX, Dovecot by LMTP.

Each has an address and a name of its own. Mail for `USER` goes with TLS at each hop; for `CLEAR` the
hop to the MX is in clear; for `LOST` the MX takes it and drops it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import postfix
from lab.dovecot import USER, Dovecot
from lab.loopback import Subnet
from lab.names import connect_to
from lab.pki import Pki
from lab.postfix import Postfix
from lab.process import running
from lab.submission import trust_tokens

TAKER, MX, STORE = "smtp.example.test", "mx.example.test", "imap.example.test"
CLEAR, LOST = (USER.replace("@", f"+{detail}@") for detail in ("clear", "lost"))
_RECORDED = {"smtpd_tls_received_header": "yes", "smtp_dns_support_level": "disabled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Running servers, and how to reach the first and the last; `key` signs bearer tokens."""

    taker: Postfix
    mx: Postfix
    store: Dovecot
    ca_file: Path
    key: bytes
    addresses: dict[str, str]

    @property
    def connect_to(self) -> list[str]:
        """`--connect-to` options for submission and mailbox."""
        ports = ((TAKER, 587), (STORE, 993), (STORE, 995), (STORE, 143), (STORE, 110))
        return connect_to((host, port, self.addresses[host]) for host, port in ports)


@contextmanager
def chain(folder: Path, pki: Pki, subnet: Subnet) -> Iterator[Chain]:
    """Run the servers below `folder`."""
    folder.mkdir(mode=0o755)
    first, second, clear, third = (subnet.address() for _ in range(4))
    mechanisms = "plain login oauthbearer xoauth2"
    store = Dovecot(
        folder / "store",
        third,
        pki.issue(STORE),
        settings={"hostname": STORE, "auth_mechanisms": mechanisms},
    )
    key = trust_tokens(store, folder / "store")
    mx_identity = pki.issue(MX)
    mx = Postfix(
        folder / "mx",
        [postfix.relay(address, mx_identity) for address in (second, clear)],
        hostname=MX,
        main={
            **_RECORDED,
            "virtual_mailbox_domains": "example.test",
            "virtual_transport": f"lmtp:inet:[{third}]:24",
            "transport_maps": f"inline:{{ {{ {LOST} = discard: }} }}",
            "lmtp_tls_security_level": "encrypt",
            "lmtp_bind_address": second,
        },
    )
    taker = Postfix(
        folder / "taker",
        [postfix.submission(first, pki.issue(TAKER))],
        hostname=TAKER,
        sasl_socket=store.sasl_socket,
        main={
            **_RECORDED,
            "relayhost": f"[{second}]",
            "transport_maps": f"inline:{{ {{ {CLEAR} = smtp:[{clear}] }} }}",
            "smtp_tls_security_level": "encrypt",
            "smtp_tls_policy_maps": f"inline:{{ {{ [{clear}] = none }} }}",
            "smtp_bind_address": first,
        },
    )
    with running(store, mx, taker):
        yield Chain(
            taker=taker,
            mx=mx,
            store=store,
            ca_file=pki.ca_file,
            key=key,
            addresses={TAKER: first, MX: second, STORE: third},
        )

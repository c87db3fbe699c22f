"""A Postfix with one submission service for each SASL mechanism, and a Dovecot that knows them all."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from lab import postfix
from lab.dovecot import USER, Dovecot
from lab.loopback import Subnet
from lab.pki import Pki
from lab.postfix import Postfix
from lab.process import running

HOST = "smtp.example.test"
DOVECOTS = {"scram-sha-1", "scram-sha-256", "cram-md5", "plain", "login", "xoauth2", "oauthbearer"}
FIRST_PORT = 5870

# The token's rules: signed by the lab's own key, the user in `sub` (RFC 7519).
_OAUTH = """\
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
"""
_OAUTH_CONF = """\
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={folder}/keys/
username_attribute = sub
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """Running servers: where each service listens, by the name it was given."""

    address: str
    ports: Mapping[str, int]
    postfix: Postfix
    dovecot: Dovecot
    ca_file: Path
    key: bytes

    @property
    def connect_to(self) -> list[str]:
        """`--connect-to` options for every service."""
        places = (f"{HOST}:{port}:{self.address}:{port}" for port in self.ports.values())
        return [word for place in places for word in ("--connect-to", place)]

    @property
    def credential(self) -> list[str]:
        """`--credential` options that bind SMTP to every service."""
        return [f"--credential=SMTP={HOST}:{port}" for port in self.ports.values()]

    def token(self, now: datetime, *, lasts: timedelta) -> str:
        """Return a bearer token for the user that is valid for `lasts` from an hour ago on."""
        return token(self.key, now, lasts=lasts)


@contextmanager
def submission(
    folder: Path, pki: Pki, subnet: Subnet, services: Mapping[str, Mapping[str, str]]
) -> Iterator[Submission]:
    """Run one Postfix service for each name, with its `-o` options; mail is taken and discarded."""
    folder.mkdir(mode=0o755)
    identity = pki.issue(HOST)
    names = " ".join(sorted(DOVECOTS))
    dovecot = Dovecot(
        folder / "dovecot", subnet.address(), identity, settings={"auth_mechanisms": names}
    )
    key = trust_tokens(dovecot, folder / "dovecot")
    address = subnet.address()
    ports = {name: FIRST_PORT + n for n, name in enumerate(services)}
    smtp = Postfix(
        folder / "postfix",
        [
            postfix.submission(address, identity, port=ports[name], options=options)
            for name, options in services.items()
        ],
        hostname=HOST,
        sasl_socket=dovecot.sasl_socket,
        main={"default_transport": "discard:", "relay_transport": "discard:"},
    )
    with running(smtp, dovecot):
        yield Submission(
            address=address,
            ports=ports,
            postfix=smtp,
            dovecot=dovecot,
            ca_file=pki.ca_file,
            key=key,
        )


def token(key: bytes, now: datetime, *, lasts: timedelta) -> str:
    """Return a bearer token for the user that is valid for `lasts` from an hour ago on."""
    issued = now - timedelta(hours=1)
    claims = {
        "sub": USER,
        "iat": int(issued.timestamp()),
        "exp": int((issued + lasts).timestamp()),
    }
    parts = [{"alg": "HS256", "typ": "JWT"}, claims]
    signed = b".".join(_url64(json.dumps(part).encode()) for part in parts)
    signature = hmac.digest(key, signed, hashlib.sha256)
    return b".".join((signed, _url64(signature))).decode()


def only(mechanism: str) -> dict[str, str]:
    """Return the options of a service that offers one mechanism."""
    return {"smtpd_sasl_mechanism_filter": mechanism}


def trust_tokens(dovecot: Dovecot, folder: Path) -> bytes:
    """Let a Dovecot that was not started yet take bearer tokens, and return the key for them."""
    key = secrets.token_bytes(32)
    place = folder / "keys" / "default" / "HS256" / "default"
    place.parent.mkdir(parents=True)
    place.write_bytes(base64.b64encode(key))
    (folder / "oauth2.conf").write_text(_OAUTH_CONF.format(folder=folder))
    with dovecot.config_file.open("a") as config:
        config.write(_OAUTH.format(folder=folder))
    return key


def _url64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")

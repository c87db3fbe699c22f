"""The SASL mechanisms besides SCRAM, and which one is used.

The strongest that is offered: SCRAM bound to the session, SCRAM, PLAIN inside the verified session
(RFC 4616 section 4), and only then CRAM-MD5 and LOGIN, for servers that have nothing else. A token
goes by OAUTHBEARER (RFC 7628) or by XOAUTH2, its forerunner at Google and Microsoft.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence

from mailtls.delivery.credentials import Credential
from mailtls.delivery.mechanism import Mechanism, SaslError
from mailtls.delivery.scram import Scram
from mailtls.delivery.secrecy import Secret
from mailtls.probe.questions import Service

WITH_PASSWORD = (
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-1",
    "PLAIN",
    "CRAM-MD5",
    "LOGIN",
)
WITH_TOKEN = ("OAUTHBEARER", "XOAUTH2")


def choose(
    offered: Sequence[str],
    credential: Credential,
    service: Service,
    *,
    binding: bytes,
    randomness: Callable[[int], bytes],
) -> Mechanism | None:
    """Return the strongest mechanism that a server offers and the credential serves, or None.

    `binding` is the keying material of the session for `tls-exporter`, b"" where it has none. Raises SaslError for a name or password that the
    mechanism cannot carry.
    """
    if credential.token is not None and credential.username:
        for name in WITH_TOKEN:
            if name in offered:
                return Bearer(name, credential.username, credential.token, service)
    if credential.password is None:
        return None
    for name in WITH_PASSWORD:
        if name not in offered or (name.endswith("-PLUS") and not binding):
            continue
        if name.startswith("SCRAM-"):
            return Scram(
                name,
                credential.username,
                credential.password,
                binding=binding,
                offered=tuple(offered),
                randomness=randomness,
            )
        return _OTHERS[name](credential.username, credential.password)
    return None


class Plain:
    """RFC 4616, without an authorization identity."""

    name = "PLAIN"
    complete = True

    def __init__(self, username: str, password: Secret) -> None:
        self._username = username
        self._password = password

    def first(self) -> bytes | None:
        """Return name and password, which NUL separates and which therefore hold none."""
        parts = ("", self._username, self._password.reveal())
        if any("\x00" in part for part in parts):
            raise SaslError("a name or password with a NUL in it")
        return "\x00".join(parts).encode()

    def next(self, _challenge: bytes) -> bytes:
        """Refuse: the mechanism is over after its first message."""
        raise SaslError(_TOO_MUCH)


class Login:
    """The obsolete LOGIN: the name to the first challenge, the password to the second."""

    name = "LOGIN"
    complete = True

    def __init__(self, username: str, password: Secret) -> None:
        self._answers = [Secret(username), password]

    def first(self) -> bytes | None:
        """Return None: the server asks first."""
        return None

    def next(self, _challenge: bytes) -> bytes:
        """Return name or password, whatever words ask for it."""
        if not self._answers:
            raise SaslError(_TOO_MUCH)
        return self._answers.pop(0).reveal().encode()


class CramMd5:
    """RFC 2195: the server's challenge under a key that is the password."""

    name = "CRAM-MD5"
    complete = True

    def __init__(self, username: str, password: Secret) -> None:
        self._username = username
        self._password = password
        self._answered = False

    def first(self) -> bytes | None:
        """Return None: the server speaks first."""
        return None

    def next(self, challenge: bytes) -> bytes:
        """Return the name and the digest in hex."""
        if self._answered:
            raise SaslError(_TOO_MUCH)
        self._answered = True
        key = self._password.reveal().encode()
        digest = hmac.new(key, challenge, hashlib.md5).hexdigest()
        return f"{self._username} {digest}".encode()


class Bearer:
    """OAUTHBEARER (RFC 7628 section 3.1) or XOAUTH2: a token in one message.

    A server that refuses it says why in a challenge, which has to be answered before the reply
    comes (section 3.2.3); `refusal` is the status in it.
    """

    complete = True

    def __init__(self, name: str, username: str, token: Secret, service: Service) -> None:
        self.name = name
        self._username = username
        self._token = token
        self._service = service
        self.refusal = ""

    def first(self) -> bytes | None:
        """Return the token with what it is for; ^A separates the parts."""
        bearer = f"auth=Bearer {self._token.reveal()}"
        if self.name == "XOAUTH2":
            parts = [f"user={self._username}", bearer]
        else:
            name = self._username.replace("=", "=3D").replace(",", "=2C")
            where = [f"host={self._service.host}", f"port={self._service.port}"]
            parts = [f"n,a={name},", *where, bearer]
        if any("\x01" in part for part in parts):
            raise SaslError("a name or token with a control character in it")
        return "\x01".join([*parts, "", ""]).encode()

    def next(self, challenge: bytes) -> bytes:
        """Take the reason of the refusal, and acknowledge it."""
        if self.refusal:
            raise SaslError(_TOO_MUCH)
        self.refusal = _status(challenge)
        return b"" if self.name == "XOAUTH2" else b"\x01"


_TOO_MUCH = "the server asks for more than the mechanism has"
_OTHERS: Mapping[str, Callable[[str, Secret], Mechanism]] = {
    "PLAIN": Plain,
    "CRAM-MD5": CramMd5,
    "LOGIN": Login,
}


def _status(challenge: bytes) -> str:
    try:
        said = json.loads(challenge)
    except (ValueError, RecursionError):
        said = None
    status = said.get("status") if isinstance(said, dict) else None
    return status if isinstance(status, str) and status else "no reason given"

"""The server's side of each mail protocol, as far as a client goes without a login.

One function from a line of the client to an `Answer`; the state is whether TLS is on.
"""

from __future__ import annotations

from collections.abc import Callable

from mailtls.pure import pure
from mailtls.terms import Protocol


@pure
class Answer:
    """What is sent back, and what follows: the start of TLS, or the end of the connection."""

    text: str
    start_tls: bool = False
    hang_up: bool = False


@pure
class Scene:
    """What a script may know: the host's name, whether TLS is on, whether STARTTLS is offered."""

    host: str
    tls: bool
    starttls: bool

    @property
    def upgradable(self) -> bool:
        """Return whether STARTTLS is offered now; never inside TLS (RFC 3207 4.2)."""
        return self.starttls and not self.tls


@pure
class Script:
    """A greeting and the answers to what a client says."""

    greet: Callable[[Scene], str]
    answer: Callable[[Scene, str], Answer]


def _smtp_greet(scene: Scene) -> str:
    return f"220 {scene.host} ESMTP ready\r\n"


def _smtp(scene: Scene, line: str) -> Answer:
    verb = line.partition(" ")[0].upper()
    if verb in {"EHLO", "LHLO"}:
        words = ["PIPELINING", "8BITMIME"]
        words += ["STARTTLS"] if scene.upgradable else []
        words += ["AUTH PLAIN"] if scene.tls else []
        lines = [scene.host, *words]
        marked = [f"250-{text}\r\n" for text in lines[:-1]] + [f"250 {lines[-1]}\r\n"]
        return Answer(text="".join(marked))
    if verb == "STARTTLS" and scene.upgradable:
        return Answer(text="220 2.0.0 Ready to start TLS\r\n", start_tls=True)
    if verb == "STARTTLS":
        return Answer(text="502 5.5.1 STARTTLS is not offered\r\n")
    if verb in {"NOOP", "RSET"}:
        return Answer(text="250 2.0.0 Ok\r\n")
    if verb == "QUIT":
        return Answer(text="221 2.0.0 Bye\r\n", hang_up=True)
    if verb in {"MAIL", "AUTH"} and scene.upgradable:
        return Answer(text="530 5.7.0 Must issue a STARTTLS command first\r\n")
    if verb == "MAIL":
        return Answer(text="530 5.7.0 Authentication required\r\n")
    return Answer(text="502 5.5.2 Command not implemented\r\n")


def _imap_greet(scene: Scene) -> str:
    return f"* OK [CAPABILITY {_imap_words(scene)}] {scene.host} ready\r\n"


def _imap_words(scene: Scene) -> str:
    if scene.tls:
        return "IMAP4rev1 ID IDLE AUTH=PLAIN"
    return "IMAP4rev1 ID IDLE " + ("STARTTLS LOGINDISABLED" if scene.starttls else "LOGINDISABLED")


def _imap(scene: Scene, line: str) -> Answer:
    tag, _, rest = line.partition(" ")
    verb = rest.partition(" ")[0].upper()
    if verb == "CAPABILITY":
        return Answer(text=f"* CAPABILITY {_imap_words(scene)}\r\n{tag} OK done\r\n")
    if verb == "STARTTLS" and scene.upgradable:
        return Answer(text=f"{tag} OK begin TLS now\r\n", start_tls=True)
    if verb == "NOOP":
        return Answer(text=f"{tag} OK done\r\n")
    if verb == "LOGOUT":
        return Answer(text=f"* BYE see you\r\n{tag} OK done\r\n", hang_up=True)
    return Answer(text=f"{tag} BAD not here\r\n")


def _pop3_greet(scene: Scene) -> str:
    return f"+OK {scene.host} ready\r\n"


def _pop3(scene: Scene, line: str) -> Answer:
    verb = line.partition(" ")[0].upper()
    if verb == "CAPA":
        words = ["TOP", "UIDL"] + (["STLS"] if scene.upgradable else [])
        words += ["USER", "SASL PLAIN"] if scene.tls else []
        return Answer(text="".join(f"{word}\r\n" for word in ["+OK", *words, "."]))
    if verb == "STLS" and scene.upgradable:
        return Answer(text="+OK begin TLS\r\n", start_tls=True)
    if verb == "NOOP":
        return Answer(text="+OK\r\n")
    if verb == "QUIT":
        return Answer(text="+OK bye\r\n", hang_up=True)
    return Answer(text="-ERR not here\r\n")


SCRIPTS = {
    Protocol.SMTP: Script(greet=_smtp_greet, answer=_smtp),
    Protocol.IMAP: Script(greet=_imap_greet, answer=_imap),
    Protocol.POP3: Script(greet=_pop3_greet, answer=_pop3),
}

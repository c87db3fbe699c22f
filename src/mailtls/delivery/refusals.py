"""What a refusal is about: the login, greylisting, this machine's address, the moment, or the message.

Told from the reply code (RFC 5321 section 4.2, RFC 4954 section 6), the enhanced code (RFC 3463) and
the words that Postfix, Exim, OpenSMTPD, Gmail, Microsoft and the block lists' users write. A verdict
never depends on words alone: they choose between readings of a code.
"""

from __future__ import annotations

import re

from mailtls.evidence import Reply
from mailtls.flow import RefusalKind, Stage

_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?= |\Z)")
_LOGIN_CODES = frozenset({"432", "530", "534", "535", "538"})
"""RFC 4954 section 6, with 432 and 538, which older servers send."""

_LOGIN_SUBJECTS = frozenset({"7.8", "7.9", "7.13", "7.14", "7.30", "7.57", "7.139"})
"""RFC 3463's registry: invalid, too weak, disabled, trust; Microsoft's: switched off for the tenant."""

_GREYLISTING = re.compile(
    r"gr[ae]y[- ]?list|postgrey|try again (?:later|in \d+)|come back (?:later|in)", re.IGNORECASE
)
_POLICY = "7.1"
_ADDRESS_SUBJECTS = frozenset({"7.25", "7.26", "7.27"})
"""RFC 7372: no reverse name for the client's address, and several tests failed."""

_MICROSOFT_BANNED = range(606, 650)
"""Exchange Online: 5.7.606 to 5.7.649, "banned sending IP"."""

_BLOCKLIST = re.compile(
    r"block[- ]?list|black[- ]?list|deny[- ]?list|\bdnsbl\b|\brbl\b|spamhaus|spamcop|barracuda|sorbs|uceprotect"
    r"|blocked using|(?:is|are|being) (?:listed|blocked)|banned sending ip|poor reputation|low reputation"
    r"|bad reputation|very low reputation|not authorized to\s+send email directly|dynamic ip|\bptr\b"
    r"|reverse (?:dns|hostname)|client host rejected|cannot find your",
    re.IGNORECASE,
)


def kind_of(stage: Stage, reply: Reply) -> RefusalKind:
    """Return what the refusal of a step is about."""
    text = " ".join(reply.lines)
    temporary = reply.code.startswith("4")
    found = _ENHANCED.search(text)
    subject = f"{found[2]}.{found[3]}" if found else ""
    if reply.code in _LOGIN_CODES or (subject in _LOGIN_SUBJECTS and not temporary):
        return RefusalKind.AUTHENTICATION
    if stage is Stage.AUTH:
        return RefusalKind.TEMPORARY if temporary else RefusalKind.AUTHENTICATION
    if _about_address(found, subject, text):
        return RefusalKind.BLOCKLISTED
    if temporary:
        return RefusalKind.GREYLISTED if _GREYLISTING.search(text) else RefusalKind.TEMPORARY
    return RefusalKind.PERMANENT


def _about_address(found: re.Match[str] | None, subject: str, text: str) -> bool:
    if subject in _ADDRESS_SUBJECTS:
        return True
    if found and found[2] == "7" and int(found[3]) in _MICROSOFT_BANNED:
        return True
    return subject in ("", _POLICY, "7.0") and _BLOCKLIST.search(text) is not None

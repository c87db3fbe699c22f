"""What a run needs only once somebody has answered, imported while the first round trips last.

OpenSSL alone takes 30 ms to load, which is most of what would stand between a start and the first packet.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from threading import Thread

LATER = (
    "mailtls.rules",
    "mailtls.gather",
    "mailtls.probe.session",
    "mailtls.probe.hello",
    "mailtls.probe.upgrade",
    "mailtls.tls.session",
    "mailtls.tls.path",
    "mailtls.tls.certificates",
    "mailtls.judge",
    "mailtls.summaries",
    "mailtls.report.build",
)
"""In the order in which they are needed: what is asked, what is said on a connection, what TLS takes, what is told of it."""


@cache
def warm_up() -> Thread:
    """Import them beside the program, once; whoever needs one sooner waits for it as for any import."""
    thread = Thread(target=lambda: [import_module(module) for module in LATER])
    thread.start()
    return thread

"""What a run needs only once a server has answered, imported while the first round trips last.

OpenSSL alone takes 30 ms to load, which is most of what would stand between a start and the first packet.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from threading import Thread

LATER = (
    "mailtls.tls.session",
    "mailtls.tls.path",
    "mailtls.tls.certificates",
    "mailtls.report.build",
)


def warm_up(modules: Iterable[str] = LATER) -> Thread:
    """Import modules beside the program; whoever needs one sooner waits for it as for any import."""
    wanted = tuple(modules)
    thread = Thread(target=lambda: [import_module(module) for module in wanted])
    thread.start()
    return thread

"""An HTTP server that a test scripts, and a mailbox behind it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from delivery.mailbox import means
from mailtls.delivery.mailbox import MAILBOXES
from mailtls.delivery.mailbox.base import Mailbox
from mailtls.policy.delivery import Via

Answer = tuple[int, bytes]


@dataclass(slots=True, kw_only=True)
class Interface:
    """Where the server is, and what it was asked: "METHOD path"."""

    url: str
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def mailbox(self, via: Via, **more: object) -> Mailbox:
        """Return the mailbox at this server."""
        given = {"endpoint": "", "credential": "", "url": self.url} | more
        return MAILBOXES[via](means.receive(via, **given), means.NONCE, means.tools())


@contextlib.contextmanager
def serving(answer: Callable[[str, str], Answer]) -> Iterator[Interface]:
    """Answer each (method, path) by the function."""
    interface = Interface(url="")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            interface.asked.append(f"{self.command} {self.path}")
            interface.headers.append({k.lower(): v for k, v in self.headers.items()})
            status, body = answer(self.command, self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_DELETE = do  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    interface.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield interface
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def looked(mailbox: Mailbox) -> tuple[object, bool]:
    """Prepare, look once and finish; return what was found and whether it was deleted."""

    async def run() -> tuple[object, bool]:
        trouble = await mailbox.prepare()
        if trouble is not None:
            return trouble, False
        found = await mailbox.look()
        deleted = await mailbox.finish(found if hasattr(found, "raw") else None)
        mailbox.close()
        return found, deleted

    return asyncio.run(run())

"""GNU SASL as a server of mechanisms, the second opinion on SCRAM and its channel binding."""

from __future__ import annotations

import base64
import subprocess
from typing import Self

from lab.process import require


class GnuSasl:
    """`gsasl --server`, which reads and writes base64, a line each; it ends with the block."""

    def __init__(self, name: str, user: str, password: str) -> None:
        words = [require("gsasl", "gsasl"), "--server", "-m", name, "-a", user, "-p", password]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        assert self._process.stdout.readline().strip() == name
        assert self._process.stdout.readline().strip() == ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)

    def say(self, *messages: bytes) -> bytes:
        """Return what it answers, b"" where it gives up."""
        for message in messages:
            self._process.stdin.write(base64.b64encode(message).decode() + "\n")
        self._process.stdin.flush()
        said = self._process.stdout.readline().rpartition(": ")[2]  # behind a prompt
        return base64.b64decode(said.strip(), validate=True)

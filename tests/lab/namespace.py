"""Debian packages that conflict with the installed ones, each seen as installed by its server alone.

Mail servers of Debian exclude each other, and each wants users, files and paths of its own. A mount
namespace (unshare(1)) gives all of that to one process and its children: the unpacked package is
laid over /usr and /etc, copies of passwd and group hold its users, /dev/log and folders that it
writes to are the lab's. Nothing of it is seen from outside, and it ends with the last process.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.process import require


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user of a server, with a group of its own by the same name and number unless one is named."""

    name: str
    number: int
    group: int | None = None
    home: str = "/nonexistent"

    @property
    def group_number(self) -> int:
        """The user's primary group."""
        return self.number if self.group is None else self.group


ROOT = Account(name="root", number=0)
MAIL = Account(name="vmail", number=30_101)  # owns mailboxes; no number of Debian's (policy 9.2.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """What a server sees, below `folder`: `packages` over /usr and /etc, `accounts`, `own` folders.

    `own` names folders of the system that are the server's own: empty ones, unless they were
    filled below `folder` before (see `place`). They have to exist on the machine.
    """

    folder: Path
    packages: Path
    accounts: Iterable[Account]
    own: Iterable[str] = ()

    def make(self, etc: Mapping[str, str]) -> None:
        """Lay out the folders, with the files of `etc` (path below /etc -> text)."""
        self.folder.mkdir(mode=0o755)
        files = {"passwd": [], "group": []}
        for account in self.accounts:
            files["passwd"].append(
                f"{account.name}:x:{account.number}:{account.group_number}:"
                f":{account.home}:/usr/sbin/nologin\n"
            )
            if account.group is None:
                files["group"].append(f"{account.name}:x:{account.number}:\n")
        names = tuple(f"{account.name}:" for account in self.accounts)
        for name, lines in files.items():
            # A package that is installed after all has brought its user along, of another number.
            system = Path("/etc", name).read_text().splitlines(keepends=True)
            lines += [line for line in system if not line.startswith(names)]
        for name, text in {**{n: "".join(lines) for n, lines in files.items()}, **etc}.items():
            file = self.place("/etc") / name
            file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            file.write_text(text)
        for path in ("/dev", *self.own):
            self.place(path).mkdir(mode=0o755, parents=True, exist_ok=True)
        (self.place("/dev") / "log").symlink_to(self.log_socket)

    @property
    def log_socket(self) -> Path:
        """Where the server's /dev/log leads: see `syslog.Syslog`."""
        return self.folder / "syslog"

    def place(self, path: str) -> Path:
        """Return where below `folder` a path of the server's lies, for `own` folders and /etc."""
        return self.folder / "root" / path.lstrip("/")

    def give(self, path: str, account: Account, mode: int = 0o750) -> Path:
        """Make a folder of the server's that belongs to one of its accounts, and return it."""
        folder = self.place(path)
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        folder.chmod(mode)
        os.chown(folder, account.number, account.group_number)
        return folder

    def secret(self, path: str, text: str, account: Account) -> None:
        """Write a file that one of the accounts alone may read."""
        file = self.place(path)
        file.touch(mode=0o600)
        os.chown(file, account.number, account.group_number)
        file.write_text(text)

    def argv(self, *commands: Iterable[str]) -> list[str]:
        """Return the command that runs `commands` inside: all but the last to their end, then that."""
        overlays = {
            "/usr": (self.packages / "usr",),
            "/etc": (self.place("/etc"), self.packages / "etc"),
            "/dev": (self.place("/dev"),),
        }
        steps = []
        for path, layers in overlays.items():
            lower = ":".join(map(str, (*layers, path)))
            steps.append(["mount", "-t", "overlay", "-o", f"lowerdir={lower}", "overlay", path])
        steps += [["mount", "--bind", str(self.place(path)), path] for path in self.own]
        *before, last = map(list, commands)
        script = " && ".join(map(shlex.join, [*steps, *before]))
        return [
            require("unshare", "util-linux"),
            "--mount",
            "sh",
            "-c",
            f"{script} && exec {shlex.join(last)}",
        ]

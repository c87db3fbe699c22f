"""Run real mail servers on one address of this machine until told to stop: tools/lab.py ADDRESS FOLDER.

FOLDER is made, and gets a policy (mailtls.yml) that holds, one that does not (drifted.yml), the root
that both trust (ca.pem), the `--connect-to` lines that lead to ADDRESS (connect-to.txt), and `ready`
once everything listens. Ends on SIGTERM or SIGINT. Root; Postfix and Dovecot from Debian's packages.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from lab.fleet import PORTS
from lab.names import connect_to
from lab.pki import Pki
from lab.process import workspace
from lab.site import site

HOST = "mail.example.test"
_DRIFTED = """\
version: 1
defaults:
  certificate: {{trust: ca.pem}}
endpoints:
  - {{host: {host}, port: 465, mode: starttls, protocol: smtp}}
  - {{host: {host}, port: 993, mode: implicit, certificate: {{days_left: 365}}}}
"""


def policy() -> str:
    """Return a policy that holds for every port of the servers."""
    rows = "\n".join(
        f"  - {{host: {HOST}, port: {port}, mode: {mode}}}"
        for port, (_, mode) in sorted(PORTS.items())
    )
    return f"version: 1\ndefaults:\n  certificate: {{trust: ca.pem}}\nendpoints:\n{rows}\n"


def main(words: list[str]) -> int:
    """Run the servers."""
    if len(words) != 2:  # noqa: PLR2004 - ADDRESS and FOLDER
        print(__doc__, file=sys.stderr)
        return 2
    address, folder = words[0], Path(words[1])
    folder.mkdir()
    # Leaves the blocks below, which end the servers. A blocked signal would be blocked in them too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with workspace() as servers:
        pki = Pki(servers / "pki")
        with site(servers / "site", address, pki.issue(HOST)):
            (folder / "ca.pem").write_bytes(pki.ca_file.read_bytes())
            (folder / "mailtls.yml").write_text(policy())
            (folder / "drifted.yml").write_text(_DRIFTED.format(host=HOST))
            lines = connect_to((HOST, port, address) for port in PORTS)[1::2]
            (folder / "connect-to.txt").write_text("".join(f"{line}\n" for line in lines))
            (folder / "ready").touch()
            signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

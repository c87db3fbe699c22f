"""The throw-away authority issues what openssl accepts, and faults it rejects for their reason."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import pytest

from mailtls.responder.authority import Authority


@pytest.mark.parametrize(("days", "code"), [((-1, 60), 0), ((-70, -10), 10), ((1, 60), 9)])
def test_openssl_agrees(tmp_path, days, code):
    authority = Authority(datetime.now(UTC))
    root, leaf = tmp_path / "root.pem", tmp_path / "leaf.pem"
    root.write_bytes(authority.root)
    leaf.write_bytes(authority.issue("mail.example.test", days=days).chain)

    done = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", root, leaf],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode == 0) == (code == 0)
    assert code == 0 or f"error {code} at 0 depth" in done.stdout + done.stderr


def test_a_key_belongs_to_its_leaf_alone():
    authority = Authority(datetime.now(UTC))

    assert authority.issue("a.example").key != authority.issue("a.example").key

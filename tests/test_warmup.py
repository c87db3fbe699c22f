"""What is imported beside a run, and what a run does not load before its first packet."""

from __future__ import annotations

import subprocess
import sys

from mailtls.warmup import LATER, warm_up

HEAVY = ("OpenSSL", "cryptography", "dns", "email.message", "xml.sax")


def test_the_modules_are_there_when_it_is_done():
    warm_up().join()

    assert set(LATER) <= sys.modules.keys()


def test_nothing_heavy_is_loaded_before_the_first_packet(tmp_path):
    policy = tmp_path / "mailtls.yml"
    policy.write_text("version: 1\nendpoints: [{host: a.example, port: 587, mode: starttls}]\n")
    script = (
        "import sys, pathlib, mailtls.check as c\n"
        "from mailtls.plan import build_plan\n"
        "policy, _, _ = c.load_policy(pathlib.Path(sys.argv[1]))\n"
        "build_plan(policy, c.RULES)\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, policy], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n", done.stdout + done.stderr

"""What is imported beside a run, and what a run does not load before its first packet."""

from __future__ import annotations

import subprocess
import sys

from mailtls.warmup import LATER, warm_up

HEAVY = (
    "OpenSSL",
    "cryptography",
    "dns",
    "email.message",
    "xml.sax",
    "hmac",
    # What is asked, and what is said on a connection, is loaded while it is made, what is told of it while servers answer.
    "mailtls.gather",
    "mailtls.plan",
    "mailtls.flow",
    "mailtls.rules.base",
    "mailtls.dialects",
    "mailtls.probe.runner",
    "mailtls.probe.session",
    "mailtls.probe.hello",
    "mailtls.tls.flight",
    "mailtls.tls.hello",
    "hashlib",
    "mailtls.judge",
    "mailtls.report.model",
    "mailtls.report.build",
    "mailtls.report.annotations",
    "mailtls.report.text",
    # Few policies have deliveries, and fewer runs send them.
    "mailtls.delivery",
    "mailtls.policy.deliveries",
    "mailtls.policy.delivery",
)

# The whole command up to its first connection, where it ends: nothing is sent.
UP_TO_THE_FIRST_PACKET = f"""
import os, sys

def hook(event, arguments):
    if event == "socket.connect":
        print([name for name in {HEAVY} if name in sys.modules], flush=True)
        os._exit(0)

sys.addaudithook(hook)
from mailtls.cli import main
main(["check", sys.argv[1], "--connect-to", ":587:127.0.0.1:9"])
"""


def test_the_modules_are_there_when_it_is_done():
    warm_up().join()

    assert set(LATER) <= sys.modules.keys()


def test_nothing_heavy_is_loaded_before_the_first_packet(tmp_path):
    policy = tmp_path / "mailtls.yml"
    policy.write_text("version: 1\nendpoints: [{host: a.example, port: 587, mode: starttls}]\n")
    done = subprocess.run(
        [sys.executable, "-c", UP_TO_THE_FIRST_PACKET, policy],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "[]\n", done.stdout + done.stderr

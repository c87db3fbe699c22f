"""Round trips over Exim and Courier, Postfix and Cyrus, and into maildev, which is read by its HTTP interface."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from e2e.run import Run, mailtls
from lab import courier, cyrus, exim
from lab.courier import Courier
from lab.cyrus import Cyrus
from lab.exim import Exim
from lab.names import connect_to
from lab.others import maildev
from lab.pki import Pki
from lab.postfix import Postfix, relay
from lab.process import running

TAKER, STORE, CATCHER = "smtp.example.test", "imap.example.test", "catcher.example.test"
# Cyrus writes the machine's own name into its records.
HOSTS = [TAKER, STORE, socket.gethostname().lower()]
SEND = {"endpoint": "submission", "from": "probe@example.test", "to": "user@example.test"}


def sent(
    folder: Path,
    pki: Pki,
    endpoints: Sequence[Mapping[str, object]],
    deliveries: Sequence[Mapping[str, object]],
    *options: str,
    logins: Mapping[str, tuple[str, str]],
) -> Run:
    """Send the deliveries of one policy; `logins` are name and password of each credential."""
    (folder / "ca.pem").write_bytes(pki.ca_file.read_bytes())
    policy = {
        "version": 1,
        "defaults": {"certificate": {"trust": "ca.pem"}},
        "endpoints": endpoints,
        "deliveries": deliveries,
    }
    (folder / "mailtls.yml").write_text(json.dumps(policy, indent=1))
    environment = {}
    for name, (user, password) in logins.items():
        environment[f"MAILTLS_{name}_USERNAME"] = user
        environment[f"MAILTLS_{name}_PASSWORD"] = password
    rules = [f"--rule=delivery-{rule}" for rule in ("accepted", "arrived", "hops", "delay")]
    return mailtls(
        "check",
        "--send",
        "--format=json",
        *rules,
        *options,
        cwd=folder,
        environment=environment,
    )


def outcomes(run: Run) -> dict[str, set[str]]:
    """Return rule -> outcomes."""
    found: dict[str, set[str]] = {}
    for each in run.report["results"]:
        found.setdefault(each["rule"].removeprefix("delivery-"), set()).add(each["outcome"])
    return found


def observed(run: Run, rule: str) -> list[str]:
    return [r["observed"] for r in run.report["results"] if r["rule"] == f"delivery-{rule}"]


def round_trips(folder: Path, pki: Pki, login: dict[str, tuple[str, str]], *options: str) -> Run:
    """Send a message to be read by IMAP and one to be read by POP3."""
    read_at = {"imap": 993, "pop3": 995}
    endpoints = [
        {"name": "submission", "host": TAKER, "port": 587, "mode": "starttls"},
        *(
            {"name": via, "host": STORE, "port": port, "mode": "implicit"}
            for via, port in read_at.items()
        ),
    ]
    credential = {"credential": "SMTP"} if "SMTP" in login else {}
    deliveries = [
        {
            "name": f"by {via}",
            "send": {**SEND, **credential},
            "receive": {"via": via, "endpoint": via, "credential": "INBOX", "within": "20s"},
            "expect": {"hops": "tls", "hosts": HOSTS, "within": "20s"},
        }
        for via in read_at
    ]
    return sent(
        folder,
        pki,
        endpoints,
        deliveries,
        *options,
        *([f"--credential=SMTP={TAKER}:587"] if credential else []),
        *(f"--credential=INBOX={STORE}:{port}" for port in read_at.values()),
        logins=login,
    )


# Courier tells POP3 clients to leave ten seconds between two logins, and they are left.
def test_exim_to_courier_by_imap_and_pop3(lab_folder, subnet, pki, tmp_path):
    first, second = subnet.address(), subnet.address()
    store = Courier(lab_folder / "trip-courier", second, pki.issue(STORE))
    taker = Exim(
        lab_folder / "trip-exim",
        first,
        pki.issue(TAKER),
        port=587,
        options={"primary_hostname": TAKER},
    )
    # What Exim delivers, Courier serves.
    taker.maildir.symlink_to(store.maildir)
    logins = {"SMTP": (exim.USER, exim.PASSWORD), "INBOX": (courier.USER, courier.PASSWORD)}
    with running(store, taker):
        places = connect_to([(TAKER, 587, first), (STORE, 993, second), (STORE, 995, second)])
        run = round_trips(tmp_path, pki, logins, *places)
    assert run.code == 0, run.out + run.err
    assert set.union(*outcomes(run).values()) == {"pass"}
    assert all(each.endswith("it was deleted") for each in observed(run, "arrived"))
    assert not list(store.maildir.glob("*/*.*"))


def test_postfix_to_cyrus_by_imap_and_pop3(lab_folder, subnet, pki, tmp_path):
    first, second = subnet.address(), subnet.address()
    store = Cyrus(
        lab_folder / "trip-cyrus",
        second,
        pki.issue(STORE),
        lmtp_trusts=True,
        settings={
            "virtdomains": "userid",
            "defaultdomain": "example.test",
            "popminpoll": "0",  # Debian's wants a minute between two logins by POP3
        },
    )
    taker = Postfix(
        lab_folder / "trip-postfix",
        [relay(first, pki.issue(TAKER), port=587)],
        hostname=TAKER,
        main={
            "virtual_mailbox_domains": "example.test",
            "virtual_transport": f"lmtp:inet:[{second}]:24",
            # A Cyrus that trusts its LMTP clients offers them no TLS.
            "lmtp_tls_security_level": "may",
        },
    )
    with running(store, taker):
        places = connect_to([(TAKER, 587, first), (STORE, 993, second), (STORE, 995, second)])
        run = round_trips(tmp_path, pki, {"INBOX": (cyrus.USER, cyrus.PASSWORD)}, *places)
    assert run.code == 1, run.out + run.err
    found = outcomes(run)
    assert (found["accepted"], found["arrived"], found["delay"]) == ({"pass"}, {"pass"}, {"pass"})
    # The hop to Cyrus is in clear.
    assert found["hops"] == {"pass", "fail"}
    assert all(each.endswith("it was deleted") for each in observed(run, "arrived"))


def test_maildev_is_sent_to_and_read(lab_folder, subnet, pki, tmp_path):
    address = subnet.address()
    catcher = maildev(lab_folder / "trip-maildev", address, pki.issue(CATCHER), port=465, web=1080)
    delivery = {
        "name": "caught",
        "send": {**SEND, "credential": "SMTP"},
        "receive": {"via": "maildev", "url": f"http://{address}:1080", "within": "20s"},
    }
    with running(catcher):
        run = sent(
            tmp_path,
            pki,
            [{"name": "submission", "host": CATCHER, "port": 465, "mode": "implicit"}],
            [delivery],
            *connect_to([(CATCHER, 465, address)]),
            f"--credential=SMTP={CATCHER}:465",
            logins={"SMTP": ("user", "lab-password")},
        )
    assert run.code == 0, run.out + run.err
    found = outcomes(run)
    assert (found["accepted"], found["arrived"]) == ({"pass"}, {"pass"})
    (seen,) = observed(run, "arrived")
    assert seen.endswith("with 1 look; it was deleted")

"""The action against real servers: its verdicts, and what it may do while it gets them."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from e2e.run import write_policy
from image.container import TOKENS, Action
from lab.dovecot import PASSWORD, USER
from lab.fleet import Defect

if TYPE_CHECKING:
    from lab.fleet import Fleet

UNPRIVILEGED = 65532


def declared(fleet: Fleet, *ports: int, defect: Defect | None = None) -> list[dict[str, object]]:
    chosen = [fleet.at(port, defect) for port in ports]
    return [{"host": e.host, "port": e.port, "mode": e.mode} for e in chosen]


def leading(fleet: Fleet) -> str:
    return "\n".join(fleet.connect_to[1::2])


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Give a listener that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def silent_policy(action: Action, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    endpoint = {"host": "127.0.0.1", "port": port, "protocol": "smtp", "mode": "starttls"}
    write_policy(action.workspace, [endpoint])


def test_pass(action: Action, healthy: Fleet) -> None:
    write_policy(action.workspace, declared(healthy, 587, 465, 993), ca_file=healthy.ca_file)
    run = action.run(
        {
            "policy": "mailtls.yml",
            "connect-to": leading(healthy),
            "reports": "json=report.json\ntext=report.txt",
        }
    )
    assert run.code == 0, run.out + run.err
    assert (run.outputs["verdict"], run.outputs["exit-code"]) == ("pass", "0")
    assert (run.outputs["failed"], run.outputs["inconclusive"]) == ("0", "0")
    assert int(run.outputs["days-left"]) > 0
    assert run.outputs["report-json"] == "report.json"
    assert run.outputs["report-text"] == "report.txt"
    assert json.loads((action.workspace / "report.json").read_text())["verdict"] == "pass"
    assert "::error" not in run.out
    assert run.summary.startswith("## mailtls: pass\n")


def test_drift(action: Action, drifted: Fleet) -> None:
    endpoints = declared(drifted, 587, defect=Defect.EXPIRED)
    write_policy(action.workspace, endpoints, ca_file=drifted.ca_file)
    run = action.run({"connect-to": leading(drifted)})
    assert run.code == 1, run.out + run.err
    assert (run.outputs["verdict"], run.outputs["exit-code"]) == ("fail", "1")
    assert int(run.outputs["failed"]) > 0
    assert int(run.outputs["days-left"]) < 0
    errors = [line for line in run.out.splitlines() if line.startswith("::error ")]
    assert any("file=mailtls.yml,line=5," in line and "expir" in line for line in errors)


def test_inconclusive(action: Action, silent: socket.socket) -> None:
    silent_policy(action, silent)
    run = action.run({"timeout": "1"})
    assert run.code == 3, run.out + run.err
    assert (run.outputs["verdict"], run.outputs["exit-code"]) == ("inconclusive", "3")
    assert int(run.outputs["inconclusive"]) > 0


def test_inconclusive_is_let_through_only_where_the_workflow_says_so(
    action: Action, silent: socket.socket
) -> None:
    silent_policy(action, silent)
    run = action.run({"timeout": "1", "inconclusive": "warn"})
    assert run.code == 0, run.out + run.err
    assert run.outputs["verdict"] == "inconclusive"


def test_bad_policy(action: Action) -> None:
    (action.workspace / "mailtls.yml").write_text("version: 1\nendpionts: []\n")
    run = action.run({})
    assert run.code == 2, run.out + run.err
    assert "::error file=mailtls.yml,line=2," in run.out
    assert "endpoints" in run.out


def test_no_policy(action: Action) -> None:
    run = action.run({})
    assert run.code == 2
    assert "mailtls.yml" in run.out + run.err


def test_an_unknown_input_is_refused_with_the_one_that_was_meant(action: Action) -> None:
    run = action.run({"polcy": "mailtls.yml"})
    assert run.code == 2
    assert "::error title=mailtls::unknown input polcy; did you mean policy?" in run.out


def test_validate_contacts_nobody(action: Action, silent: socket.socket) -> None:
    silent_policy(action, silent)
    assert action.run({"command": "validate"}).code == 0
    silent.setblocking(False)
    with pytest.raises(BlockingIOError):
        silent.accept()


def test_plain_text_and_no_summary_where_asked(action: Action, drifted: Fleet) -> None:
    endpoints = declared(drifted, 587, defect=Defect.EXPIRED)
    write_policy(action.workspace, endpoints, ca_file=drifted.ca_file)
    run = action.run({"connect-to": leading(drifted), "annotations": "false", "summary": "false"})
    assert run.code == 1
    assert "::error" not in run.out
    assert run.summary == ""
    assert run.outputs["verdict"] == "fail"


@pytest.mark.parametrize(("owner", "becomes"), [(1001, 1001), (0, UNPRIVILEGED)])
def test_has_no_privilege_and_no_token_at_the_first_byte(
    action_of: Callable[[int], Action],
    silent: socket.socket,
    owner: int,
    becomes: int,
) -> None:
    action = action_of(owner)
    silent_policy(action, silent)
    step = subprocess.Popen(
        action.command({"timeout": "30", "reports": "json=r.json"}, environment={}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with step:
        connection, _ = silent.accept()
        with connection:
            process = peer_process(connection)
            status = (process / "status").read_text().splitlines()
            environment = (process / "environ").read_bytes().decode()
        step.wait()
    told = {line.split(":")[0]: line.split(":")[1].split() for line in status}
    assert told["Uid"] == [str(becomes)] * 4
    assert told["Gid"] == [str(UNPRIVILEGED)] * 4
    assert told["Groups"] == []
    assert told["CapEff"] == told["CapPrm"] == ["0" * 16]
    assert not [name for name in TOKENS if name in environment]
    assert "canary" not in environment
    assert (action.workspace / "r.json").stat().st_uid == becomes


def peer_process(connection: socket.socket) -> Path:
    """Return the folder in /proc of the process that holds the client's end of a connection."""

    def as_kernel(end: tuple[str, int]) -> str:
        # The address is one integer in the byte order of the machine (proc(5)).
        return f"{socket.inet_aton(end[0])[::-1].hex().upper()}:{end[1]:04X}"

    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    # Both ends: the client's port may be that of a connection elsewhere that has ended, too.
    ends = [as_kernel(connection.getpeername()), as_kernel(connection.getsockname())]
    inode = next(row[9] for row in rows if row[1:3] == ends)
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = descriptor.readlink()
        except OSError:  # it ended while we looked, or is the machine's own
            continue
        if str(target) == f"socket:[{inode}]":
            return descriptor.parents[1]
    raise AssertionError(f"nobody holds {ends}")


def test_runs_without_root_and_keeps_its_verdict_where_files_cannot_be_written(
    action: Action, silent: socket.socket
) -> None:
    silent_policy(action, silent)
    run = action.run({"timeout": "1"}, user="65532:65532")
    assert run.code == 3, run.out + run.err
    assert "GITHUB_OUTPUT cannot be written: Permission denied" in run.err
    assert run.outputs == {}


def test_a_report_follows_no_link_out_of_the_workspace(
    action_of: Callable[[int], Action], silent: socket.socket
) -> None:
    action = action_of(0)
    silent_policy(action, silent)
    for name, target in {"link.json": "../home/made.json", "kept.json": "kept"}.items():
        (action.workspace / name).symlink_to(target)
    (action.workspace / "kept").write_text("kept")
    action.run({"timeout": "1", "reports": "json=link.json\ntext=kept.json"})
    assert not (action.workspace.parent / "home" / "made.json").exists()
    assert (action.workspace / "kept").read_text() == "kept"
    assert (action.workspace / "kept").stat().st_uid == 0


def test_a_test_message_goes_out_with_a_login_that_nothing_shows(
    action: Action, healthy: Fleet
) -> None:
    server = healthy.at(587)
    (action.workspace / "ca.pem").write_bytes(healthy.ca_file.read_bytes())
    (action.workspace / "mailtls.yml").write_text(
        "version: 1\n"
        f"endpoints: [{{name: out, host: {server.host}, port: 587, mode: starttls}}]\n"
        "deliveries:\n"
        "  - {name: x, send: {endpoint: out, from: probe@example.test, to: user@example.test,"
        " credential: SMTP}}\n"
    )
    inputs = {
        "ca-file": "ca.pem",
        "connect-to": leading(healthy),
        "send": "true",
        "credentials": f"SMTP={server.host}:587",
        "send-domains": "example.test",
        "reports": "json=report.json",
    }
    login = {"MAILTLS_SMTP_USERNAME": USER, "MAILTLS_SMTP_PASSWORD": PASSWORD}
    run = action.run(inputs, **login)
    assert run.code == 0, run.out + run.err
    report = (action.workspace / "report.json").read_text()
    results = [
        each for each in json.loads(report)["results"] if each["rule"] == "delivery-accepted"
    ]
    assert [each["outcome"] for each in results] == ["pass"]
    assert PASSWORD not in "".join([run.out, run.err, run.summary, report, *run.outputs.values()])

    stranger = action.run(inputs, **login, GITHUB_EVENT_NAME="pull_request_target")
    assert stranger.code == 2
    assert "refused on the event pull_request_target" in stranger.out + stranger.err

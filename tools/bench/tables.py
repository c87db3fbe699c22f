"""From results to the page docs/benchmark.md: the same page for the same results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from programs import BARE, DEFAULT, REFERENCE, STRICT, WIDE

STARTTLS = "STARTTLS 587"
ENDPOINTS = {
    STARTTLS: "Submission by Postfix, port 587, STARTTLS",
    "implicit 993": "IMAP by Dovecot, port 993, implicit TLS",
}
Results = dict[str, Any]

_HEAD = """\
# Benchmark

`make bench` wrote this page. One real Postfix and one real Dovecot, with their own TLS settings and Postfix's limits
on processes and clients raised, in a network namespace; the programs in another; between them a link as fast as the machine and one of a fixed round-trip time. Everything ran side by
side in one run, so that ratios and counts mean something elsewhere; seconds are those of this machine and of no other.
"""

_HOW = """\
- Connections are what the server's kernel accepted (`TcpPassiveOpens`), bytes what it sent and received in IP packets.
- Wall, CPU (user and system) and the peak of memory are those of the whole process with its children, start-up
  included. Memory is that of the largest process: a program of many processes uses more.
- The scanners are left out of one table, implicit TLS on the delayed link, to keep the run short.
- Programs of more than one run took turns; the figures are medians. The first run of each is not counted.
- *One bare session* is the floor: a script that verifies chain and name by pyOpenSSL, the library mailtls uses, with the
  dialogue of mailtls's own session: greeting, EHLO, STARTTLS, handshake, EHLO, QUIT. *Five sessions by asyncio* makes five
  of them at once by Python's `ssl`. Both judge nothing.
- The programs do not answer the same question. mailtls judges by its default profile (`bcp195`); sslyze by Mozilla's
  "intermediate"; sslscan, testssl.sh and cryptolyzer list what is accepted and leave the verdict to the reader;
  `openssl s_client` makes one session. Postfix as shipped accepts TLS 1.0 on port 587, so a failure there is right.
- *mailtls, mozilla-intermediate-6.0* requires the group x25519 too, which these servers agree on with the session.
- *100 endpoints* are 100 names of the one Postfix, with `--concurrency 100 --per-host 400`: two cores serve and probe, and
  the server's share is the larger one.
- CPU of one target is that of a check less that of a check of a closed port, which loads all and asks nothing.
"""


def render(results: Results) -> str:
    """Return the whole page."""
    rows = {(r["endpoint"], r["rtt"], r["program"]): r for r in results["rows"]}
    rtts = sorted({rtt for _, rtt, _ in rows})
    parts = [_HEAD, "## Targets\n", _targets(results, rows, rtts[-1])]
    for endpoint, title in ENDPOINTS.items():
        for rtt in rtts:
            here = [row for (e, r, _), row in rows.items() if (e, r) == (endpoint, rtt)]
            parts += [f"## {title}, {rtt} ms\n", _programs(here)]
    parts += ["## 100 endpoints at once\n", _hundred(results["hundred"])]
    parts += ["## Start-up\n", _startup(results)]
    parts += ["## How it was measured\n", _HOW, "## Where\n", _where(results)]
    return "\n".join(parts)


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["--:" for _ in head[1:]]], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _targets(results: Results, rows: dict[tuple[str, int, str], Results], rtt: int) -> str:
    def ratio(name: str) -> float:
        wall: float = rows[STARTTLS, rtt, name]["wall"] / rows[STARTTLS, rtt, BARE]["wall"]
        return wall

    def most(program: str) -> float:
        return max(row["connections"] for (_, _, name), row in rows.items() if name == program)

    fleet = results["hundred"]
    checks = [
        ("connections of one target, default policy", 6, most(DEFAULT), "{:g}"),
        (f"the same, `{STRICT.split()[-1]}` with a required group", 8, most(STRICT), "{:g}"),
        (f"wall at {rtt} ms, in bare STARTTLS sessions", 2.2, ratio(DEFAULT), "{:.2f}"),
        ("the same with `--per-host 8`", 1.3, ratio(WIDE), "{:.2f}"),
        ("CPU of one target beyond start-up, ms", 40, results["target cpu"]["mailtls"], "{:.0f}"),
        (f"100 endpoints at {rtt} ms, s of wall", 4, fleet["mailtls"]["wall"], "{:.1f}"),
    ]
    grid = _grid(
        ("target", "at most", "here", ""),
        (
            (what, f"{limit:g}", form.format(value), "met" if value <= limit else "**missed**")
            for what, limit, value, form in checks
        ),
    )
    missed = [what for what, limit, value, _ in checks if value > limit]
    if not missed:
        return grid + "\nAll targets are met on this machine.\n"
    return grid + f"\nMissed on this machine: {'; '.join(missed)}.\n"


def _programs(rows: Sequence[Results]) -> str:
    floor = next(row["wall"] for row in rows if row["program"] == BARE)
    return _grid(
        (
            "program",
            "runs",
            "connections",
            "KB",
            "wall s",
            "in bare",
            "CPU s",
            "peak MB",
            "decided",
        ),
        (
            (
                row["program"],
                str(row["runs"]),
                f"{row['connections']:g}",
                f"{row['bytes'] / 1000:.0f}",
                f"{row['wall']:.2f}",
                f"{row['wall'] / floor:.2f}",
                f"{row['cpu']:.2f}",
                f"{row['peak'] / 1024:.0f}",
                row["decided"].replace("|", "/"),
            )
            for row in rows
        ),
    )


def _hundred(runs: Results) -> str:
    names = {
        "mailtls": "mailtls --concurrency 100 --per-host 400",
        "reference": f"{REFERENCE}, each",
        "bare": "one session by asyncio, each",
    }
    floor = runs["reference"]["wall"]
    return _grid(
        ("program", "connections", "wall s", "in reference", "CPU s", "peak MB", "exit"),
        (
            (
                name,
                f"{runs[key]['connections']:g}",
                f"{runs[key]['wall']:.2f}",
                f"{runs[key]['wall'] / floor:.2f}",
                f"{runs[key]['cpu']:.2f}",
                f"{runs[key]['peak'] / 1024:.0f}",
                ", ".join(map(str, runs[key]["codes"])),
            )
            for key, name in names.items()
        ),
    )


def _startup(results: Results) -> str:
    wall, beyond = results["startup"]["wall"], results["startup"]["beyond"]
    cpu = _grid(
        ("CPU of one target", "ms"),
        ((name, f"{value:.0f}") for name, value in results["target cpu"].items()),
    )
    heavy = results["startup"]["heavy"]
    verdict = f"**loads {', '.join(heavy)}**" if heavy else "loads none of them"
    return (
        f"`mailtls --version` takes {wall['version'] / wall['nothing']:.2f} times as long as `python -c pass`. "
        f"By `python -X importtime` it imports {len(beyond)} modules beyond that: "
        f"{', '.join(f'`{name}`' for name in beyond)}. Looked for: "
        f"{', '.join(f'`{name}`' for name in results['startup']['looked for'])}; it {verdict}.\n\n{cpu}"
    )


def _where(results: Results) -> str:
    facts = {**results["machine"], **results["versions"], "date": results["date"]}
    facts["not installed"] = ", ".join(results["missing"]) or "nothing was missing"
    facts["the whole run"] = f"{results['seconds']} s, at nice 5"
    return "".join(f"- {name}: {value}\n" for name, value in facts.items())

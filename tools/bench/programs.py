"""The programs side by side: how each is asked about one endpoint, and what it decided."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from servers import HOST, Endpoint

CLIENTS = Path(__file__).parent / "clients"
SOURCES = Path(__file__).parents[2] / "src"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "mailtls-bench"
SCANNERS = {"sslyze": "6.3.1", "cryptolyzer": "1.6.1"}
OLD_VERSIONS = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One endpoint at one address, and the root that its certificate ends in."""

    endpoint: Endpoint
    address: str
    ca: Path

    @property
    def mode(self) -> str:
        """Return the clients' word for how TLS begins."""
        return "starttls" if self.endpoint.starttls else "implicit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One row: `argv` asks it about an endpoint, `decided` reads its exit code and output.

    What is quick is `repeated`; the others run once, and meet the delayed link by STARTTLS alone.
    """

    name: str
    version: str
    argv: Callable[[Asked], Sequence[str | Path]]
    decided: Callable[[int, str], str]
    repeated: bool = False


def environment() -> dict[str, str]:
    """Return the environment of every client: the same, with our sources, without colour."""
    kept = {"PATH": os.environ["PATH"], "HOME": str(CACHE), "LANG": "C.UTF-8", "NO_COLOR": "1"}
    return kept | {"PYTHONPATH": str(SOURCES), "TERM": "dumb"}


def policy(hosts: Sequence[str], endpoint: Endpoint, keys: str = "") -> str:
    """Return the smallest policy: the default profile, or `keys`, for one port of each host."""
    mode = "starttls" if endpoint.starttls else "implicit"
    rows = [f"  - {{host: {host}, port: {endpoint.port}, mode: {mode}{keys}}}" for host in hosts]
    return "\n".join(["version: 1", "endpoints:", *rows, ""])


def mailtls(file: Path, port: int, address: str, ca: Path, *more: str) -> list[str | Path]:
    """Return the command line of one check, every host at `address`."""
    where = f":{port}:{address}:{port}"
    words = [sys.executable, "-m", "mailtls", "check", file, "--connect-to", where]
    return [*words, "--ca-file", ca, "--format", "json", *more]


def verdict(code: int, output: str) -> str:
    """Return mailtls's verdict, and the rules that did not pass."""
    try:
        report = json.loads(output)
    except ValueError:
        return f"exit {code}: {output.strip()[-80:]}"
    well = ("pass", "not_applicable", "not-applicable")
    odd = {each["rule"] for each in report["results"] if each["outcome"] not in well}
    return f"exit {code}: {report['verdict']}" + (f" ({', '.join(sorted(odd))})" if odd else "")


def ours(folder: Path, version: str) -> list[Program]:
    """Return mailtls's rows and the floors."""

    def check(*more: str, keys: str = "") -> Callable[[Asked], Sequence[str | Path]]:
        def argv(asked: Asked) -> Sequence[str | Path]:
            file = folder / f"{asked.endpoint.port}{'-strict' if keys else ''}.yml"
            file.write_text(policy([HOST], asked.endpoint, keys), encoding="utf-8")
            return mailtls(file, asked.endpoint.port, asked.address, asked.ca, *more)

        return argv

    def bare(asked: Asked) -> Sequence[str | Path]:
        at = [asked.address, str(asked.endpoint.port), asked.ca, HOST, asked.mode]
        return [sys.executable, CLIENTS / "bare.py", *at]

    def reference(asked: Asked) -> Sequence[str | Path]:
        at = [asked.address, str(asked.endpoint.port), asked.ca, "5", asked.mode, HOST]
        return [sys.executable, CLIENTS / "reference.py", *at]

    def done(code: int, output: str) -> str:
        return f"exit {code}: " + ("chain and name verified" if code == 0 else output.strip()[-80:])

    return [
        Program(name=BARE, version="", argv=bare, decided=done, repeated=True),
        Program(name=REFERENCE, version="", argv=reference, decided=done, repeated=True),
        Program(name=DEFAULT, version=version, argv=check(), decided=verdict, repeated=True),
        Program(
            name=WIDE,
            version=version,
            argv=check("--per-host", "8"),
            decided=verdict,
            repeated=True,
        ),
        Program(
            name=STRICT,
            version=version,
            argv=check(keys=", tls: {profile: mozilla-intermediate-6.0, require_groups: [x25519]}"),
            decided=verdict,
            repeated=True,
        ),
    ]


BARE = "one bare session"
REFERENCE = "five sessions by asyncio"
DEFAULT = "mailtls"
WIDE = "mailtls --per-host 8"
STRICT = "mailtls, mozilla-intermediate-6.0"


def others() -> tuple[list[Program], list[str]]:
    """Return the other programs that are installed, and the names of those that are not."""
    _install()
    found, missing = [], []
    for make in (_openssl, _sslscan, _testssl, _sslyze, _cryptolyzer):
        program = make()
        if program is None:
            missing.append(make.__name__.removeprefix("_"))
        else:
            found.append(program)
    return found, missing


def _install() -> None:
    """Put the scanners of the package index in a venv of the cache folder, if they can be had."""
    scanners = CACHE / "scanners"
    if (scanners / "bin" / "sslyze").exists():
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "venv", scanners], check=True)
    pip = [scanners / "bin" / "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, *(f"{n}=={v}" for n, v in SCANNERS.items())], check=False)


def _says(*argv: str | Path) -> str:
    done = subprocess.run(
        argv, check=False, capture_output=True, text=True, env=environment(), timeout=60
    )
    return done.stdout + done.stderr


def _number(text: str) -> str:
    found = re.search(r"\d+\.\d+[\w.]*", text)
    return found.group() if found else "?"


def accepted(versions: Sequence[str]) -> str:
    """Return which versions a scanner saw accepted, in short."""
    return "accepts " + ", ".join(sorted(versions)) if versions else "found no version"


def _openssl() -> Program | None:
    if (path := shutil.which("openssl")) is None:
        return None

    def argv(asked: Asked) -> list[str | Path]:
        start = ["-starttls", asked.endpoint.protocol] if asked.endpoint.starttls else []
        at = ["-connect", f"{asked.address}:{asked.endpoint.port}", "-servername", HOST]
        checks = ["-CAfile", str(asked.ca), "-verify_hostname", HOST, "-verify_return_error"]
        return [path, "s_client", *start, *at, *checks]

    def decided(code: int, output: str) -> str:
        version = re.search(r"^New, (\S+),", output, re.MULTILINE)
        verified = "Verify return code: 0" in output
        return f"exit {code}: {version.group(1) if version else 'no session'}, " + (
            "verified" if verified else "not verified"
        )

    return Program(
        name="openssl s_client",
        version=_number(_says(path, "version")),
        argv=argv,
        decided=decided,
        repeated=True,
    )


def _sslscan() -> Program | None:
    if (path := shutil.which("sslscan")) is None:
        return None

    def argv(asked: Asked) -> list[str | Path]:
        start = [f"--starttls-{asked.endpoint.protocol}"] if asked.endpoint.starttls else []
        at = f"{asked.address}:{asked.endpoint.port}"
        return [path, "--no-colour", f"--sni-name={HOST}", *start, at]

    def decided(code: int, output: str) -> str:
        return f"exit {code}: " + accepted(re.findall(r"^(\S+)\s+enabled$", output, re.MULTILINE))

    version = _number(_says(path, "--no-colour", "--version"))
    return Program(name="sslscan", version=version, argv=argv, decided=decided)


def _testssl() -> Program | None:
    if (path := shutil.which("testssl") or shutil.which("testssl.sh")) is None:
        return None

    def argv(asked: Asked) -> list[str | Path]:
        start = ["-t", asked.endpoint.protocol] if asked.endpoint.starttls else []
        quiet = ["--color", "0", "--quiet", "--warnings", "off", "--nodns", "none"]
        what = ["-p", "-s", "-f", "-S", "--add-ca", str(asked.ca), "--ip", asked.address]
        return [path, *quiet, *what, *start, f"{HOST}:{asked.endpoint.port}"]

    def decided(code: int, output: str) -> str:
        found = re.findall(r"^ ((?:SSL|TLS)\S*(?: 1\S*)?)\s+offered", output, re.MULTILINE)
        return f"exit {code}: " + accepted([version.replace(" ", "v") for version in found])

    version = _number(re.sub(r"\x1b\[[\d;]*m", "", _says(path, "--version")))
    name = "testssl.sh -p -s -f -S"
    return Program(name=name, version=version, argv=argv, decided=decided)


def _sslyze() -> Program | None:
    path = CACHE / "scanners" / "bin" / "sslyze"
    if not path.exists():
        return None

    def argv(asked: Asked) -> list[str | Path]:
        start = ["--starttls", asked.endpoint.protocol] if asked.endpoint.starttls else []
        at = f"{HOST}:{asked.endpoint.port}{{{asked.address}}}"
        return [path, *start, "--certinfo_ca_file", asked.ca, at]

    def decided(code: int, output: str) -> str:
        return f"exit {code}: " + (_compliance(output) or output.strip()[-80:])

    return Program(name="sslyze", version=SCANNERS["sslyze"], argv=argv, decided=decided)


def _compliance(output: str) -> str:
    found = re.search(r":\d+: (?:OK|FAILED) - (.*)", output)
    if found is None:
        return ""
    against = re.findall(r"^ +\* (\w+): .* should be", output, re.MULTILINE)
    return found.group(1).strip().rstrip(".").lower() + f" ({', '.join(against)})" * bool(against)


def _cryptolyzer() -> Program | None:
    python = CACHE / "scanners" / "bin" / "python"
    script = CLIENTS / "cryptolyze.py"
    if not python.exists() or "usage" not in _says(python, script, "--help"):
        return None

    def argv(asked: Asked) -> list[str | Path]:
        scheme = asked.endpoint.protocol if asked.endpoint.starttls else "tls"
        at = f"{scheme}://{asked.address}:{asked.endpoint.port}"
        return [python, script, "--output-format", "markdown", "tls", "all", at]

    def decided(code: int, output: str) -> str:
        part = output.partition("Protocol Version")[2][:400]
        return f"exit {code}: " + accepted(
            sorted(set(re.findall(r"(?:SSL|TLS) \d(?:\.\d)?", part)))
        )

    version = SCANNERS["cryptolyzer"]
    name = "cryptolyzer tls all"
    return Program(name=name, version=version, argv=argv, decided=decided)

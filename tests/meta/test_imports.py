"""The import contract of ARCHITECTURE.md, read from the syntax of every module."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
MODULES = {
    ".".join(path.relative_to(SOURCE / "mailtls").with_suffix("").parts): path
    for path in sorted((SOURCE / "mailtls").rglob("*.py"))
}

DATA = (
    "pure",
    "terms",
    "revocations",
    "evidence",
    "flow",
    "verdict",
    "errors",
    "engine",
    "sanitizer",
    "book",
)
SHARED = (*DATA, "policy.model", "policy.delivery", "probe.questions")
# What a message's header says: pure, for the rules and the reports as well.
HEADER = tuple(
    f"delivery.{name}"
    for name in (
        "fields",
        "clauses",
        "stamps",
        "senders",
        "grammars",
        "received",
        "hosts",
        "chain",
        "delays",
        "authentication",
    )
)
EFFECTS = {"asyncio", "multiprocessing", "select", "selectors", "socket", "ssl", "subprocess"}

# Part -> what of mailtls it may import. The longest name that a module starts with decides.
MAY_IMPORT = {
    **dict.fromkeys(SHARED, SHARED),
    "policy": (*SHARED, "policy", "tls.codepoints"),
    "dialects": (*DATA, "dialects"),
    "tls": (*SHARED, "tls"),
    "net": (*DATA, "net"),
    "net.routes": ("pure", "probe.questions"),
    "probe": (*SHARED, "dialects", "tls", "net.interface", "probe"),
    **dict.fromkeys(
        ("probe.runner", "probe.revocation"),
        (*SHARED, "dialects", "net.interface", "probe", "plan", "tls"),
    ),
    "rules": (*SHARED, *HEADER, "rules", "tls"),
    **dict.fromkeys(HEADER, (*SHARED, *HEADER)),
    "delivery": (
        *SHARED,
        "policy.addresses",
        "policy.hosts",
        "dialects",
        "tls",
        "net.interface",
        "probe",
        "delivery",
    ),
    "probe.folding": SHARED,
    "plan": (*SHARED, "rules", "probe.folding"),
    "judge": (*SHARED, "rules"),
    "report": (*SHARED, *HEADER, "policy", "report"),
    "responder": ("pure", "terms", "dialects", "responder"),
    "action": (*DATA, "cli", "handover"),
    "handover": (),
    "progress": DATA,
    "terminal": (*DATA, "report"),
    # The command line knows all; the entry point and the parser stay small enough to start fast.
    "cli": ("commands", "__version__"),
    "__main__": ("cli",),
    "arguments": (*DATA, "net.routes", "policy.hosts", "delivery.credentials"),
    "gather": ("",),
    "outset": ("",),
    "sending": ("",),
    "options": (*DATA, "arguments", "usage", "__version__"),
    "usage": (*DATA, "terminal"),
    "means": DATA,
    "refusals": (*DATA, "policy", "report", "terminal"),
    "completion": ("pure",),
    "check": ("",),
    "warmup": ("",),
    "summaries": (*SHARED, "rules", "report"),
    "commands": ("",),
    "demo": ("",),
    "__init__": (),
    "pages": (),
}

# Packages of others, and the standard library's ways out: who alone may have them, and for what.
ONLY_IN = {
    "yaml": {"policy.document"},
    "jsonschema_rs": {"policy.shape"},
    "idna": {"policy.hosts"},
    "OpenSSL": {"tls.openssl", "tls.path", "tls.session"},
    "cryptography": {
        "delivery.dkim",
        "tls.certificates",
        "tls.crl",
        "tls.ocsp",
        "tls.timestamps",
        "tls.webpki",
        "responder.authority",
    },
    "dns": {"net.dns"},
    "h11": {"probe.http"},
    "python_socks": {"net.proxy"},
    "socket": {"net.dns", "net.live", "net.proxy", "responder.server", "means"},
    "ssl": {"responder.server"},
    "asyncio": {
        "net.ahead",
        "net.dns",
        "net.live",
        "net.proxy",
        "check",
        "progress",
        # Deadlines, task groups and semaphores; their streams come through net.interface.
        "probe.conversation",
        "probe.errands",
        "probe.family",
        "probe.perform",
        "probe.revocation",
        "probe.runner",
        "probe.turns",
        "probe.web",
        "delivery.arrival",
        "delivery.logins",
        "delivery.mailbox.imap",
        "delivery.mailbox.pop3",
        "delivery.run",
        "delivery.visit",
    },
}
STREAMS = {
    "StreamReader",
    "StreamWriter",
    "open_connection",
    "open_unix_connection",
    "start_server",
}
MAY_STREAM = {"net.live"}


def imported(path: Path) -> Iterator[str]:
    """Yield the full name of everything a module imports, late imports too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            module = node.module or ""
            packages = module == "mailtls" or (SOURCE / module.replace(".", "/")).is_dir()
            names = (f"{module}.{alias.name}" for alias in node.names)
            yield from names if packages else (module,)


def within(name: str, part: str) -> bool:
    return not part or name == part or name.startswith(f"{part}.")


def part_of(module: str) -> str:
    parts = [part for part in MAY_IMPORT if within(module, part)]
    assert parts, f"{module} is in no part of the contract"
    return max(parts, key=len)


@pytest.mark.parametrize("module", MODULES)
def test_imports_only_what_its_part_may(module: str) -> None:
    own = {
        name.removeprefix("mailtls.")
        for name in imported(MODULES[module])
        if within(name, "mailtls")
    }
    allowed = MAY_IMPORT[part_of(module)]
    assert not {name for name in own if not any(within(name, part) for part in allowed)}


@pytest.mark.parametrize("module", MODULES)
def test_imports_others_only_where_they_belong(module: str) -> None:
    roots = {name.partition(".")[0] for name in imported(MODULES[module])} - {"mailtls"}
    foreign = {root for root in roots if root not in sys.stdlib_module_names or root in EFFECTS}
    assert not {root for root in foreign if module not in ONLY_IN.get(root, set())}


@pytest.mark.parametrize("package", ONLY_IN)
def test_no_permission_is_left_over(package: str) -> None:
    using = {
        module
        for module, path in MODULES.items()
        if package in {name.partition(".")[0] for name in imported(path)}
    }
    assert using == ONLY_IN[package]


@pytest.mark.parametrize("module", sorted(MODULES.keys() - MAY_STREAM))
def test_only_the_edge_opens_streams(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "asyncio"
    }
    assert not used & STREAMS

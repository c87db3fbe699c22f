"""Two network namespaces and two links between them: one as it is, one of a fixed delay."""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from measure import build

CLONE_NEWNET = 0x40000000  # setns(2)
TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
# Addresses for documentation (RFC 5737): the client's is .1, the server's .2.
NEAR, FAR = "192.0.2", "198.51.100"


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where the server is by round-trip time in ms, how the delay is made, the client's namespace."""

    addresses: dict[int, str]
    delayed_by: str
    client: str


def enter(namespace: str) -> None:
    """Move this process, and what it starts from now on, to a namespace."""
    handle = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(handle, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        os.close(handle)


def ip(*words: str) -> None:
    """Change the network by the program of that name."""
    subprocess.run(["ip", *words], check=True)


@contextmanager
def links(folder: Path, milliseconds: int) -> Iterator[Links]:
    """Make both links and stay in the server's namespace until the end of the block."""
    client, server = (f"bench-{side}-{os.getpid()}" for side in ("client", "server"))
    with ExitStack() as ends:
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        ends.callback(os.close, home)
        for namespace in (client, server):
            ip("netns", "add", namespace)
            ends.callback(ip, "netns", "delete", namespace)
            ip("-n", namespace, "link", "set", "lo", "up")
        _veth(client, server, "near", NEAR)
        _veth(client, server, "far", FAR)
        if _netem((client, server), milliseconds):
            how = "netem"
        else:
            how = "a TUN link"
            ip("-n", client, "link", "delete", "far")
            ends.enter_context(_held_back(folder, client, server, milliseconds, home))
        enter(server)
        ends.callback(_back, home)
        yield Links(
            addresses={0: f"{NEAR}.2", milliseconds: f"{FAR}.2"}, delayed_by=how, client=client
        )


def _back(home: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(home, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def _veth(client: str, server: str, name: str, net: str) -> None:
    ip("link", "add", name, "netns", client, "type", "veth", "peer", "name", name, "netns", server)
    for host, namespace in enumerate((client, server), start=1):
        _up(namespace, name, f"{net}.{host}")


def _up(namespace: str, name: str, address: str) -> None:
    ip("-n", namespace, "address", "add", f"{address}/24", "dev", name)
    ip("-n", namespace, "link", "set", name, "up", "mtu", "1500", "txqueuelen", "4000")


def _netem(namespaces: tuple[str, str], milliseconds: int) -> bool:
    """Delay each end by half the round trip; False where the kernel has no netem."""
    words = ["qdisc", "add", "dev", "far", "root", "netem"]
    words += ["delay", f"{milliseconds * 500}us", "limit", "8192"]
    return all(
        subprocess.run(
            ["tc", "-n", namespace, *words], check=False, stderr=subprocess.DEVNULL
        ).returncode
        == 0
        for namespace in namespaces
    )


@contextmanager
def _held_back(
    folder: Path, client: str, server: str, milliseconds: int, home: int
) -> Iterator[None]:
    program = build("delay", folder)
    ends = []
    for host, namespace in enumerate((client, server), start=1):
        enter(namespace)
        ends.append(_tun("far"))
        _back(home)
        _up(namespace, "far", f"{FAR}.{host}")
    with subprocess.Popen(
        [program, *map(str, ends), str(milliseconds * 500)],
        stdin=subprocess.PIPE,  # it ends when this does
        pass_fds=ends,
    ) as held:
        for end in ends:
            os.close(end)
        yield
        if held.poll() is not None:
            raise RuntimeError(f"the delayed link ended early: {held.returncode}")


def _tun(name: str) -> int:
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(handle, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return handle

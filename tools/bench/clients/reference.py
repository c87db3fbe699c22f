"""The reference: verified sessions by asyncio and ssl, all at once; nothing is judged.

python reference.py ADDRESS PORT CA SESSIONS starttls|implicit|import HOST...
"""

from __future__ import annotations

import asyncio
import ssl
import sys

address, port, ca, sessions, mode, *hosts = sys.argv[1:]


async def say(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, command: bytes, end: bytes
) -> None:
    """Send a command, if there is one, and wait for the line that ends its answer."""
    if command:
        writer.write(command + b"\r\n")
    while not (await reader.readuntil(b"\n")).startswith(end):
        pass


async def session(host: str, context: ssl.SSLContext) -> None:
    """Hold one session with the steps of mailtls's own."""
    if mode == "starttls":
        reader, writer = await asyncio.open_connection(address, int(port))
        await say(reader, writer, b"", b"220 ")
        await say(reader, writer, b"EHLO client.example.test", b"250 ")
        await say(reader, writer, b"STARTTLS", b"220 ")
        await writer.start_tls(context, server_hostname=host)
        await say(reader, writer, b"EHLO client.example.test", b"250 ")
        await say(reader, writer, b"QUIT", b"221 ")
    else:
        reader, writer = await asyncio.open_connection(
            address, int(port), ssl=context, server_hostname=host
        )
        await say(reader, writer, b"", b"* OK")
        await say(reader, writer, b"a LOGOUT", b"a OK")
    writer.transport.abort()


async def main() -> None:
    """Hold all sessions of all hosts."""
    context = ssl.create_default_context(cafile=ca)
    await asyncio.gather(*(session(host, context) for host in hosts for _ in range(int(sessions))))


if mode != "import":
    asyncio.run(main())

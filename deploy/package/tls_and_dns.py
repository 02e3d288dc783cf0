#!/usr/bin/env python3
"""A name server and a TLS proxy for a program that runs in an empty root. The proof of the zips uses them.

    python3 deploy/package/tls_and_dns.py <name> <certificate and key, PEM>

Prints one line: the name server's address and the TLS proxy's port. The name server listens on port 53 and knows only
<name>, as 127.0.0.1. The proxy forwards, in clear, to the port of 127.0.0.1 that it reads from standard input. Both end
when standard input does.
"""

import asyncio
import errno
import socket
import ssl
import sys


def reply(query, name):
    """The answer to a DNS query (RFC 1035) with one question."""
    labels, end = [], 12
    while query[end]:
        labels.append(query[end + 1 : end + 1 + query[end]].decode())
        end += 1 + query[end]
    question = query[12 : end + 5]
    known = ".".join(labels).lower() == name
    is_address = known and query[end + 1 : end + 3] == b"\0\1"
    flags = b"\x81\x80" if known else b"\x81\x83"
    head = query[:2] + flags + b"\0\1" + (b"\0\1" if is_address else b"\0\0") + b"\0\0\0\0"
    answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton("127.0.0.1")
    return head + question + (answer if is_address else b"")


class NameServer(asyncio.DatagramProtocol):
    def __init__(self, name):
        self.name = name

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, query, address):
        self.transport.sendto(reply(query, self.name), address)


async def start_name_server(name):
    """Returns its address, the first one in the loopback network whose port 53 is free."""
    for last in range(1, 255):
        address = f"127.53.0.{last}"
        try:
            await asyncio.get_running_loop().create_datagram_endpoint(lambda: NameServer(name), (address, 53))
            return address
        except OSError as error:
            if error.errno == errno.EACCES:
                raise SystemExit("tls_and_dns.py: only root may open port 53") from error
            if error.errno != errno.EADDRINUSE:
                raise
    raise SystemExit("tls_and_dns.py: port 53 is in use on every loopback address")


async def forward(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def main(name, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    target_port = asyncio.get_running_loop().create_future()

    async def serve(reader, writer):
        onward = await asyncio.open_connection("127.0.0.1", await target_port)
        await asyncio.gather(forward(reader, onward[1]), forward(onward[0], writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    print(f"{await start_name_server(name)} {server.sockets[0].getsockname()[1]}", flush=True)
    loop = asyncio.get_running_loop()
    target_port.set_result(int(await loop.run_in_executor(None, sys.stdin.readline)))
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))

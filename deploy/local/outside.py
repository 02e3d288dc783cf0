#!/usr/bin/env python3
"""The outside world of a program that runs in an empty root: a name server, and a server that speaks TLS.

    python3 deploy/local/outside.py <name> <certificate and key, PEM>

Prints a line with the name server's address and the TLS server's port. The name server, on port 53, knows <name> only:
it is 127.0.0.1. What comes in by TLS goes on, in clear, to the port of 127.0.0.1 that is read from standard input.
Both end with standard input.
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
        labels.append(query[end + 1:end + 1 + query[end]].decode())
        end += 1 + query[end]
    question = query[12:end + 5]
    known = ".".join(labels).lower() == name
    is_address = known and query[end + 1:end + 3] == b"\0\1"
    flags = b"\x81\x80" if known else b"\x81\x83"
    head = query[:2] + flags + b"\0\1" + (b"\0\1" if is_address else b"\0\0") + b"\0\0\0\0"
    answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton("127.0.0.1")
    return head + question + (answer if is_address else b"")


class Names(asyncio.DatagramProtocol):
    def __init__(self, name):
        self.name = name

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, query, address):
        self.transport.sendto(reply(query, self.name), address)


async def listen_for_names(name):
    """The address of the server: the first in loopback's network whose port 53 is free."""
    for last in range(1, 255):
        address = f"127.53.0.{last}"
        try:
            await asyncio.get_running_loop().create_datagram_endpoint(lambda: Names(name), (address, 53))
            return address
        except OSError as error:
            if error.errno == errno.EACCES:
                raise SystemExit("outside.py: a name server's port, 53, is only for root")
            if error.errno != errno.EADDRINUSE:
                raise
    raise SystemExit("outside.py: port 53 is taken everywhere")


async def pump(reader, writer):
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
    inside = asyncio.get_running_loop().create_future()

    async def serve(reader, writer):
        onward = await asyncio.open_connection("127.0.0.1", await inside)
        await asyncio.gather(pump(reader, onward[1]), pump(onward[0], writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    print(f"{await listen_for_names(name)} {server.sockets[0].getsockname()[1]}", flush=True)
    loop = asyncio.get_running_loop()
    inside.set_result(int(await loop.run_in_executor(None, sys.stdin.readline)))
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))

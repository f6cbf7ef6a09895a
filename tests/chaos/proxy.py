"""A loopback proxy for each way between programs: TCP for PostgreSQL, Redis and HTTP, UDP for the devices. A process of its own, started
by world.py: proxy.py LINKS LOG, LINKS a JSON object {name: {"to": port or socket, "udp": bool}}. It tells the ports it listens on,
{name: port}, in one line; orders come as JSON lines on standard input, {"link": name, ...}:

    to      another port behind it
    delay   ms that each piece takes longer
    stall   true: nothing goes through until false (packets dropped, and sent anew later)
    drop    UDP: the probability that a datagram vanishes, each way
    deaf    TCP: true: what is asked goes through, the answer does not; its connection is reset
    cut     TCP: all connections are reset, now

LOG has a line for each UDP client, "port of ours, port of the client, its process id": the double sees ours."""
import asyncio
import json
import pathlib
import random
import socket
import struct
import sys

RESET = struct.pack("ii", 1, 0)


class Link:
    """What both kinds obey."""

    def __init__(self, name, spec):
        self.name, self.to = name, spec["to"]
        self.delay, self.drop, self.deaf = 0, 0.0, False
        self.flowing = asyncio.Event()
        self.flowing.set()

    def obey(self, order):
        self.to = order.get("to", self.to)
        self.delay = order.get("delay", self.delay)
        self.drop = order.get("drop", self.drop)
        self.deaf = order.get("deaf", self.deaf)
        if "stall" in order:
            (self.flowing.clear if order["stall"] else self.flowing.set)()


class Tcp(Link):
    def __init__(self, name, spec):
        super().__init__(name, spec)
        self.open = set()

    def obey(self, order):
        super().obey(order)
        if order.get("cut"):
            for pair in list(self.open):
                self.reset(pair)

    def reset(self, pair):
        for writer in pair:
            sock = writer.get_extra_info("socket")
            if sock.family != socket.AF_UNIX and sock.fileno() >= 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
        self.open.discard(pair)

    def close(self, pair):
        for writer in pair:
            writer.close()
        self.open.discard(pair)

    async def connected(self, reader, writer):
        try:
            if isinstance(self.to, str):
                there = await asyncio.open_unix_connection(self.to)
            else:
                there = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            self.reset((writer,))
            return
        pair = (writer, there[1])
        self.open.add(pair)
        await asyncio.gather(self.pump(reader, there[1], pair, False), self.pump(there[0], writer, pair, True))

    async def pump(self, reader, writer, pair, answer):
        try:
            while data := await reader.read(65536):
                if answer and self.deaf:
                    self.reset(pair)
                    return
                if self.delay:
                    await asyncio.sleep(self.delay / 1000)
                await self.flowing.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            self.reset(pair)
        self.close(pair)

    async def start(self):
        server = await asyncio.start_server(self.connected, "127.0.0.1", 0)
        return server.sockets[0].getsockname()[1]


def owner(port):
    """The process whose UDP socket has this port, 0 when it is gone."""
    wanted = f":{port:04X}"
    inodes = [fields[9] for fields in map(str.split, pathlib.Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:])
              if fields[1].endswith(wanted)]
    names = {f"socket:[{inode}]" for inode in inodes}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "comm").read_text(encoding="ascii", errors="replace").startswith("drm-worker"):
                for descriptor in (entry / "fd").iterdir():
                    if str(descriptor.readlink()) in names:
                        return int(entry.name)
        except OSError:
            continue
    return 0


class Upstream(asyncio.DatagramProtocol):
    """The way back to one client."""

    def __init__(self, link, client):
        self.link, self.client = link, client

    def datagram_received(self, data, _):
        self.link.pass_on(self.link.transport, data, self.client)

    def error_received(self, _):
        """The device is away: nobody tells a client."""


class Udp(Link, asyncio.DatagramProtocol):
    def __init__(self, name, spec, log):
        super().__init__(name, spec)
        self.log = open(log, "a", encoding="ascii", buffering=1)
        self.transport, self.clients = None, {}

    def connection_made(self, transport):
        self.transport = transport

    def pass_on(self, transport, data, to=None):
        if random.random() < self.drop or not self.flowing.is_set():
            return
        if self.delay:
            asyncio.get_running_loop().call_later(random.random() * self.delay / 500, transport.sendto, data, to)
        else:
            transport.sendto(data, to)

    def datagram_received(self, data, address):
        if address not in self.clients:
            upstream = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            upstream.bind(("127.0.0.1", 0))
            upstream.connect(("127.0.0.1", self.to))
            self.log.write(f"{upstream.getsockname()[1]} {address[1]} {owner(address[1])}\n")
            self.clients[address] = asyncio.ensure_future(self.way(upstream, address))
        future = self.clients[address]
        future.add_done_callback(lambda done: self.pass_on(done.result(), data))

    async def way(self, upstream, client):
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: Upstream(self, client), sock=upstream)
        return transport

    async def start(self):
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, ("127.0.0.1", 0))
        return transport.get_extra_info("sockname")[1]


async def main():
    specs = json.loads(sys.argv[1])
    links = {name: Udp(name, spec, sys.argv[2]) if spec.get("udp") else Tcp(name, spec) for name, spec in specs.items()}
    print(json.dumps({name: await link.start() for name, link in links.items()}), flush=True)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        order = json.loads(line)
        links[order["link"]].obey(order)


if __name__ == "__main__":
    asyncio.run(main())

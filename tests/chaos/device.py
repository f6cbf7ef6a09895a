"""The double of all devices: an SNMPv2c agent that writes down each request it really received before it answers. A process of its own,
started by world.py: device.py PORT LOG READY; PORT 0 is any, READY then tells which. The log outlives it: a line a varbind, "serial time
kind token device source-port".

A request's community is "chaos-" and the number of the device it is for. The objects are 1.3.6.1.4.1.55555.KIND.TOKEN.MS: KIND 1 is read, 2
is written, TOKEN is the job's, and the answer comes MS later."""
import asyncio
import os
import pathlib
import sys
import time

BASE = (1, 3, 6, 1, 4, 1, 55555)
READ, WRITE = 1, 2
GET, RESPONSE, SET = 0xA0, 0xA2, 0xA3
INTEGER, TEXT, NULL, OID, SEQUENCE, NO_SUCH_OBJECT = 0x02, 0x04, 0x05, 0x06, 0x30, 0x80


def tlv(tag, content):
    n = len(content)
    length = bytes([n]) if n < 128 else bytes([0x82, n >> 8, n & 255])
    return bytes([tag]) + length + content


def parts(data):
    """[(tag, content)] of what stands side by side."""
    found, at = [], 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at:at + size], "big"), at + size
        if at + length > len(data):
            raise ValueError("truncated")
        found.append((tag, data[at:at + length]))
        at += length
    return found


def arcs(content):
    found, value = [content[0] // 40, content[0] % 40], 0
    for byte in content[1:]:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            found.append(value)
            value = 0
    return tuple(found)


class Agent(asyncio.DatagramProtocol):
    def __init__(self, log):
        lines = log.read_bytes() if log.exists() else b""
        self.serial = lines.count(b"\n")
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        if lines and not lines.endswith(b"\n"):
            os.write(self.log, b"\n")  # of a life that ended while it wrote
            self.serial += 1
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        try:
            answer, wait = self.answer(data, address[1])
        except (ValueError, IndexError):
            return
        if wait:
            asyncio.get_running_loop().call_later(wait / 1000, self.transport.sendto, answer, address)
        else:
            self.transport.sendto(answer, address)

    def answer(self, data, port):
        (_, body), = parts(data)
        version, community, (pdu, content) = parts(body)
        request, _, _, (_, varbinds) = parts(content)
        device = int(community[1].removeprefix(b"chaos-"))
        wait, answers = 0, b""
        for _, varbind in parts(varbinds):
            (_, name), value = parts(varbind)
            told, ms = self.receive(pdu, arcs(name), value, device, port)
            wait = max(wait, ms)
            answers += tlv(SEQUENCE, tlv(OID, name) + told)
        zero = tlv(INTEGER, b"\0")
        pdu = tlv(RESPONSE, tlv(*request) + zero + zero + tlv(SEQUENCE, answers))
        return tlv(SEQUENCE, tlv(*version) + tlv(*community) + pdu), wait

    def receive(self, pdu, name, value, device, port):
        """One varbind: (its value, encoded, ms to wait)."""
        wanted = {GET: READ, SET: WRITE}.get(pdu)
        if wanted is None or len(name) != len(BASE) + 3 or name[:len(BASE)] != BASE or name[len(BASE)] != wanted:
            return tlv(NO_SUCH_OBJECT, b""), 0
        token, ms = name[len(BASE) + 1:]
        self.serial += 1
        os.write(self.log, f"{self.serial} {time.time():.6f} {wanted} {token} {device} {port}\n".encode())
        if wanted == WRITE:
            return tlv(*value), ms
        return tlv(TEXT, f"serial={self.serial} token={token} device={device}".encode()), ms


async def main():
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Agent(pathlib.Path(sys.argv[2])), ("127.0.0.1", int(sys.argv[1])))
    beside = pathlib.Path(sys.argv[3] + ".new")
    beside.write_text(str(transport.get_extra_info("sockname")[1]), encoding="ascii")
    beside.rename(sys.argv[3])
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())

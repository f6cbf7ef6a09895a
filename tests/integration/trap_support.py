"""What the tests of traps share: net-snmp's own programs as senders, messages made by hand, and reading what was stored."""
import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from http_support import Raw, wait_until
from job_support import ask as sql, make_device, unique
from stack.ports import free_port
from stack.process import clean_environment
from stack.programs import Worker

COLD_START, LINK_DOWN = "1.3.6.1.6.3.1.1.5.1", "1.3.6.1.6.3.1.1.5.3"
SYS_UP_TIME, SNMP_TRAP_OID, SYS_NAME = "1.3.6.1.2.1.1.3.0", "1.3.6.1.6.3.1.1.4.1.0", "1.3.6.1.2.1.1.5.0"


def sender(api, community=None, address="127.0.0.1", **profile):
    """A device that traps may come from; its id."""
    secret = {"community": community} if community else {}
    return make_device(api, {"protocol": "snmp", "address": address, **secret, **profile})


def program(name, *words, check=True):
    """snmptrap or snmpinform, without the host's configuration."""
    folder = tempfile.mkdtemp()
    try:
        return subprocess.run([name, *(("-r", "1", "-t", "2") if check else ("-r", "0", "-t", "1")), *map(str, words)], env=clean_environment(SNMPCONFPATH=folder, SNMP_PERSISTENT_DIR=folder, MIBS=""),
                              text=True, capture_output=True, timeout=30, check=check)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def trap(where, community, *varbinds, oid=COLD_START, version="2c", inform=False, check=True):
    return program("snmpinform" if inform else "snmptrap", "-v", version, "-c", community, where, "12345", oid, *varbinds, check=check)


def trap1(where, community, enterprise, agent, generic, specific, *varbinds):
    return program("snmptrap", "-v", "1", "-c", community, where, enterprise, agent, generic, specific, "777", *varbinds)


def events(api, **filters):
    answer = api.get("/api/v1/events?" + "&".join(f"{k}={v}" for k, v in filters.items()))
    assert answer.status == 200, answer
    return answer.json()["items"]


def first(api, seconds=10, **filters):
    """The newest event, once there is one."""
    return wait_until(lambda: events(api, **filters), seconds, 0.05)[0]


def marked(word):
    """A varbind by which an event is known again."""
    return (SYS_NAME, "s", word)


def words(found):
    return {v["value"] for e in found for v in e["detail"]["varbinds"] if v["oid"] == SYS_NAME}


def settled(api, where, community, **filters):
    """Sends one that is stored, and waits for it: what was sent before it from here was looked at. All of the device's events."""
    word = unique("settled")
    trap(where, community, *marked(word))
    return wait_until(lambda: (lambda found: found if word in words(found) else None)(events(api, limit=1000, **filters)), 10, 0.05)


@contextlib.contextmanager
def listener(stack, *more, env=None):
    """A worker of this test's own that takes no jobs, with a trap listener; its address."""
    folder = tempfile.mkdtemp()
    address = f"127.0.0.1:{free_port(kind=socket.SOCK_DGRAM)}"
    worker = Worker(stack.build, stack.state.log / f"{unique('traps')}.log", env or stack.env, folder, address, ["--lane", unique("none"), *more])
    try:
        worker.start()
        yield address, worker
    finally:
        worker.stop()
        shutil.rmtree(folder, ignore_errors=True)


def send(where, *datagrams, source=None):
    host, port = where.rsplit(":", 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        if source:
            s.bind((source, 0))
        for datagram in datagrams:
            s.sendto(datagram, (host, int(port)))


def ask(where, datagram, timeout=2, source=None):
    """The answer, or None."""
    host, port = where.rsplit(":", 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout)
        if source:
            s.bind((source, 0))
        s.sendto(datagram, (host, int(port)))
        try:
            return s.recv(65535)
        except TimeoutError:
            return None


# ---- messages by hand ----

def tlv(tag, content):
    n = len(content)
    head = bytes([n]) if n < 128 else bytes([0x82, n >> 8, n & 255])
    return bytes([tag]) + head + content


def integer(n):
    return tlv(2, n.to_bytes((n.bit_length() + 8) // 8, "big", signed=True))


def oid(text):
    arcs = [int(a) for a in text.split(".")]
    out = bytes([arcs[0] * 40 + arcs[1]])
    for arc in arcs[2:]:
        part = [arc & 127]
        while arc := arc >> 7:
            part.append(arc & 127 | 128)
        out += bytes(reversed(part))
    return tlv(6, out)


def varbind(name, value):
    return tlv(0x30, oid(name) + value)


def notification(community, *more, pdu=0xA7, request=4711, name=COLD_START, version=1):
    binds = varbind(SYS_UP_TIME, tlv(0x43, b"\1")) + varbind(SNMP_TRAP_OID, oid(name)) + b"".join(more)
    body = integer(request) + integer(0) + integer(0) + tlv(0x30, binds)
    return tlv(0x30, integer(version) + tlv(4, community.encode()) + tlv(pdu, body))


# ---- the stream ----

class Stream(Raw):
    """All events of a tenant as server-sent events."""

    def __init__(self, url, token, query="", headers="", path="/api/v1/events/stream", timeout=20):
        super().__init__(url, timeout)
        self.send(f"GET {path}{'?' + query if query else ''} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\n{headers}\r\n".encode())
        self.status, _, self.headers = self.head()

    def event(self):
        """The next one as (name, id, data)."""
        while True:
            fields = dict(line.split(": ", 1) for line in self.until(b"\n\n").decode().split("\n") if line and not line.startswith(":"))
            if "event" in fields:
                return fields["event"], fields.get("id"), json.loads(fields["data"])

    def none_for(self, seconds):
        """Nothing but comments comes within this time."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                name = self.event()
            except TimeoutError:
                return True
            finally:
                self.socket.settimeout(20)
            raise AssertionError(name)
        return True


# ---- version 3 ----

def trap3(where, name, auth, auth_password, *varbinds, priv=None, priv_password=None, engine="0x8000000001020304", inform=False, oid=COLD_START,
          check=True, level=None):
    words_ = ["-v", "3", "-u", name]
    if auth:
        words_ += ["-a", auth, "-A", auth_password]
    if priv:
        words_ += ["-x", priv, "-X", priv_password]
    words_ += ["-l", level or ("authPriv" if priv else "authNoPriv" if auth else "noAuthNoPriv")]
    words_ += [] if inform else ["-e", engine]
    return program("snmpinform" if inform else "snmptrap", *words_, where, "12345", oid, *varbinds, check=check)


@contextlib.contextmanager
def overheard(where):
    """Stands between a sender and the listener: its address, and the datagrams that went to the listener."""
    host, port = where.rsplit(":", 1)
    got = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        s.settimeout(0.2)
        over = threading.Event()

        def pass_on():
            while not over.is_set():
                try:
                    data = s.recv(65535)
                except TimeoutError:
                    continue
                got.append(data)
                s.sendto(data, (host, int(port)))
        thread = threading.Thread(target=pass_on)
        thread.start()
        try:
            yield f"127.0.0.1:{s.getsockname()[1]}", got
        finally:
            over.set()
            thread.join()

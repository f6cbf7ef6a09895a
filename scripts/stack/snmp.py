"""One SNMPv2c GET of sysDescr.0 over UDP, by hand: to see that the agent answers, and as a second opinion about what drmgmt shows."""
import secrets
import socket

SYS_DESCR = bytes([0x2B, 6, 1, 2, 1, 1, 1, 0])  # 1.3.6.1.2.1.1.1.0


def _tlv(tag, content):
    n = len(content)
    length = bytes([n]) if n < 128 else bytes([0x82, n >> 8, n & 255])
    return bytes([tag]) + length + content


def _read(data, at=0):
    """(tag, content, offset behind it)"""
    tag, length, at = data[at], data[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, at = int.from_bytes(data[at:at + size], "big"), at + size
    return tag, data[at:at + length], at + length


def _walk(data):
    at = 0
    while at < len(data):
        tag, content, at = _read(data, at)
        yield tag, content


def sys_descr(port, community, timeout=0.5):
    """The agent's text, or None without an answer."""
    number = (secrets.randbelow(2**31 - 2) + 1).to_bytes(4, "big")
    varbinds = _tlv(0x30, _tlv(0x30, _tlv(0x06, SYS_DESCR) + _tlv(0x05, b"")))
    pdu = _tlv(0xA0, _tlv(2, number) + _tlv(2, b"\0") + _tlv(2, b"\0") + varbinds)
    message = _tlv(0x30, _tlv(2, b"\1") + _tlv(4, community.encode()) + pdu)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout)
        try:
            s.connect(("127.0.0.1", port))
            s.send(message)
            answer = s.recv(65535)
        except OSError:
            return None
    try:
        return _value(answer, number)
    except (IndexError, ValueError):
        return None  # whoever it is, it is no agent


def _value(answer, number):
    """The text in the response to this request; IndexError or ValueError when it has another shape."""
    _, body, _ = _read(answer)
    (_, _), (_, _), (tag, pdu) = _walk(body)
    (_, got), (_, status), _, (_, varbinds) = _walk(pdu)
    if tag != 0xA2 or got.lstrip(b"\0") != number.lstrip(b"\0") or int.from_bytes(status, "big"):
        return None
    (_, varbind), = _walk(varbinds)
    _, (tag, value) = _walk(varbind)
    return value.decode() if tag == 4 else None

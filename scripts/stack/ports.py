"""Free ports on the loopback address. One may be taken between here and the server's own bind, so callers try again."""
import socket


def free_port(preferred=None, kind=socket.SOCK_STREAM):
    """The preferred port when it is free, else one the kernel picks."""
    for port in (preferred or 0, 0):
        with socket.socket(socket.AF_INET, kind) as s:
            if kind == socket.SOCK_STREAM:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return s.getsockname()[1]
    raise OSError("no free port on 127.0.0.1")

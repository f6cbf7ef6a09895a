"""What the test_http_*.py files share: bytes over a socket and back, a small JSON client, a drmd of one's own."""
import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Response:
    def __init__(self, status, reason, headers, body):
        self.status, self.reason, self.headers, self.body = status, reason, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:300]!r}>"


class Raw:
    """A connection on which exactly the bytes given are sent, and well-formed responses are expected back."""

    def __init__(self, url, timeout=10):
        parts = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(f"closed after {self.buffer!r}")
        self.buffer += data

    def until(self, mark):
        while mark not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def head(self):
        lines = self.until(b"\r\n\r\n").decode("ascii").split("\r\n")
        version, status, reason = lines[0].split(" ", 2)
        assert version == "HTTP/1.1", lines[0]
        headers = {}
        for line in lines[1:]:
            name, value = line.split(": ", 1)
            assert name.lower() not in headers, f"{name} twice"
            headers[name.lower()] = value
        return int(status), reason, headers

    def response(self, body=True):
        status, reason, headers = self.head()
        length = int(headers.get("content-length", 0)) if body and status not in (100, 204, 304) else 0
        while len(self.buffer) < length:
            self._more()
        data, self.buffer = self.buffer[:length], self.buffer[length:]
        return Response(status, reason, headers, data)

    def at_end(self):
        """True when the server closed the connection and sent nothing more; a reset counts as a failure."""
        if self.buffer:
            return False
        return self.socket.recv(65536) == b""

    def still_usable(self):
        self.send(b"GET /health HTTP/1.1\r\nHost: test\r\n\r\n")
        return self.response().status == 200


def exchange(url, data):
    """One request as bytes: the response, and whether the connection was closed after it."""
    with Raw(url) as raw:
        raw.send(data)
        response = raw.response(body=not data.lstrip().startswith(b"HEAD"))
        if response.headers["connection"] == "close":
            assert raw.at_end()
            return response, True
        assert raw.still_usable()
        return response, False


def is_problem(response, status):
    """A well-formed refusal: RFC 9457, with all the members promised."""
    assert response.status == status, response
    assert response.headers["content-type"] == "application/problem+json", response
    problem = response.json()
    assert problem["status"] == status
    assert problem["type"] == "about:blank" or problem["type"].startswith("urn:drmgmt:problem:")
    assert problem["title"] and problem["detail"]
    assert problem["request_id"] == response.headers["x-request-id"]
    return problem


class Api:
    """JSON requests over one kept-alive connection."""

    def __init__(self, url, token=None, key=None):
        self.url = url
        parts = urllib.parse.urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {"X-API-Key": key} if key else {}

    def close(self):
        self.connection.close()

    def call(self, method, path, body=None, headers=None, data=None):
        all_headers = dict(self.headers)
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None:
            all_headers["Content-Type"] = "application/json"
        all_headers.update(headers or {})
        self.connection.request(method, path, body=data, headers=all_headers)
        answer = self.connection.getresponse()
        return Response(answer.status, answer.reason, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.call("POST", path, body, **more)


def wait_until(check, seconds=10, step=0.05):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = check()
        if value:
            return value
        time.sleep(step)
    raise AssertionError(f"not so within {seconds} s")


def drmd_binary(stack):
    """The drmd under test: beside the stack's own, or in the build folder the tests run for."""
    folder = getattr(stack, "build", None) or os.environ.get("DRM_BUILD") or ROOT / "build"
    return str(pathlib.Path(folder) / "drmd" / "drmd")


class Drmd:
    def __init__(self, process, url, log):
        self.process, self.url, self.log = process, url, log

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(20)

    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@contextlib.contextmanager
def own_drmd(stack, folder, *flags, env=None):
    """A drmd of this test's own, with the stack's servers or those of env, on a free port."""
    port_file, log = folder / "url", folder / "drmd.log"
    port_file.unlink(missing_ok=True)
    with open(log, "wb") as out:
        process = subprocess.Popen([drmd_binary(stack), "--listen", "127.0.0.1:0", "--port-file", str(port_file), *flags],
                                   env={**os.environ, **{k: str(v) for k, v in (env or stack.env).items()}}, stderr=out, stdout=out)
    try:
        wait_until(lambda: port_file.exists() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield Drmd(process, port_file.read_text().strip(), log)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(20)
    # LeakSanitizer changes the exit code as well.
    said = log.read_text(errors="replace")
    assert process.returncode == 0 and "Sanitizer" not in said and ": runtime error: " not in said, said[-4000:]

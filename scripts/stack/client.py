"""A small REST and SSE client over http.client, for the demo job and the tests' log-in."""
import contextlib
import http.client
import json
import urllib.parse

from .failure import Failure


class Client:
    def __init__(self, url, timeout=30):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port, self.timeout = parts.hostname, parts.port, timeout
        self.headers = {}

    def _open(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        headers = dict(self.headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        return connection, connection.getresponse()

    def call(self, method, path, body=None):
        """The answer's JSON; a refusal or no answer is a Failure in the server's words."""
        try:
            connection, answer = self._open(method, path, body)
            with contextlib.closing(connection):
                data = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Failure(f"{method} {path}: {error}") from error
        return check(method, path, answer.status, data)

    def login(self, email, password, tenant):
        answer = self.call("POST", "/api/v1/auth/login", {"email": email, "password": password, "tenant": tenant})
        self.headers["Authorization"] = f"Bearer {answer['access_token']}"
        return answer["access_token"]

    def events(self, path):
        """Yields (event, data) until the stream ends."""
        try:
            connection, answer = self._open("GET", path)
            with contextlib.closing(connection):
                if answer.status != 200:
                    check("GET", path, answer.status, answer.read())
                yield from parse_events(answer)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Failure(f"GET {path}: {error}") from error


def parse_events(lines):
    """Server-sent events out of lines of bytes; comments are heartbeats."""
    event, data = "message", []
    for line in lines:
        line = line.decode("utf-8").rstrip("\r\n")
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield event, json.loads("\n".join(data))
            event, data = "message", []
        elif field == "event":
            event = value
        elif field == "data":
            data.append(value)


def check(method, path, status, data):
    try:
        answer = json.loads(data) if data else None
    except ValueError:
        answer = {"detail": data[:200].decode(errors="replace")}
    if status >= 400:
        detail = answer.get("detail") or answer.get("title") if isinstance(answer, dict) else answer
        raise Failure(f"{method} {path} was answered with {status}: {detail}")
    return answer

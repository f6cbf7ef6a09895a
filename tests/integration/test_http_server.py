"""drmd as a process: flags, start and stop, capacity, many clients at once, and the documentation pages."""
import concurrent.futures
import os
import signal
import socket
import subprocess
import time
import urllib.parse

import pytest
from http_support import ROOT, Api, Raw, drmd_binary, exchange, is_problem, own_drmd, wait_until

GET = b"GET /health HTTP/1.1\r\nHost: test\r\n\r\n"


def run(stack, *flags, env=None):
    return subprocess.run([drmd_binary(stack), *flags], capture_output=True, text=True, timeout=30,
                          env=env if env is not None else {**os.environ, **{k: str(v) for k, v in stack.env.items()}})


def test_help_and_version(stack):
    shown = run(stack, "--help")
    assert shown.returncode == 0
    for flag in ("--listen", "--database-url", "--redis-url", "--keyring", "--docs", "--threads", "--pool", "--cors-origin",
                 "--log-level", "--port-file"):
        assert flag in shown.stdout
    version = run(stack, "--version")
    assert version.returncode == 0 and version.stdout.startswith("drmd ")


@pytest.mark.parametrize("flags", [
    ("--nonsense",), ("extra",), ("--listen", "8080"), ("--listen", "[::1]:8080"), ("--listen", "127.0.0.1:99999"),
    ("--listen", "127.0.0.1:-1"), ("--threads", "0"), ("--threads", "many"), ("--pool", "0"), ("--log-level", "loud"),
    ("--cors-origin", "*"), ("--cors-origin", "https://a.example/path"), ("--cors-origin", "a.example"),
])
def test_wrong_flags(stack, flags):
    refused = run(stack, *flags)
    assert refused.returncode == 2 and "drmd" in refused.stderr and "--help" in refused.stderr


def test_no_database_given(stack):
    refused = run(stack, env={"PATH": os.environ["PATH"]})
    assert refused.returncode == 2 and "DRM_APP_DATABASE_URL" in refused.stderr


def test_port_in_use(stack):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = run(stack, "--listen", f"127.0.0.1:{port}")
    assert refused.returncode == 6
    assert f"127.0.0.1:{port}" in refused.stderr and "in use" in refused.stderr


def test_unreadable_keyring(stack, tmp_path):
    loose = tmp_path / "keyring"
    loose.write_text("nothing\n")
    loose.chmod(0o644)
    refused = run(stack, "--listen", "127.0.0.1:0", "--keyring", str(loose))
    assert refused.returncode != 0 and refused.stderr.startswith("drmd: ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_with_idle_connections(stack, tmp_path, number):
    with own_drmd(stack, tmp_path) as drmd:
        idle = [Raw(drmd.url) for _ in range(5)]
        for raw in idle:
            assert raw.still_usable()
        begin = time.monotonic()
        assert drmd.stop(number) == 0
        assert time.monotonic() - begin < 3
        for raw in idle:
            assert raw.socket.recv(100) == b""
        parts = urllib.parse.urlsplit(drmd.url)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((parts.hostname, parts.port), 2)


def test_stop_lets_a_request_finish(stack, tmp_path):
    with own_drmd(stack, tmp_path) as drmd, Raw(drmd.url, timeout=15) as raw:
        body = b'{"email":"nobody@example.net","password":"x"}'
        raw.send(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                 % len(body) + body[:5])
        in_flight = Api(drmd.url)
        wait_until(lambda: b"drmd_http_requests_in_flight 2" in in_flight.get("/metrics").body)
        drmd.process.send_signal(signal.SIGTERM)
        parts = urllib.parse.urlsplit(drmd.url)

        def refuses():
            try:
                socket.create_connection((parts.hostname, parts.port), 1).close()
                return False
            except OSError:
                return True

        wait_until(refuses, 3)
        raw.send(body[5:])
        response = raw.response()
        is_problem(response, 401)
        assert response.headers["connection"] == "close"
        assert drmd.process.wait(10) == 0


def test_above_the_cap_it_says_so_and_recovers(stack, tmp_path):
    with own_drmd(stack, tmp_path, "--threads", "4") as drmd:
        held = [Raw(drmd.url) for _ in range(4)]
        api = [None]

        def refused():
            api[0] = exchange(drmd.url, GET)[0]
            return api[0].status == 503

        wait_until(refused, 5)
        is_problem(api[0], 503)
        assert api[0].headers["retry-after"] and api[0].headers["connection"] == "close"
        for raw in held:
            raw.socket.close()
        wait_until(lambda: exchange(drmd.url, GET)[0].status == 200, 5)


def test_many_clients_at_once(stack):
    token = stack.login()

    def client(_):
        api = Api(stack.url, token)
        good = sum(api.get("/api/v1/devices/" + stack.device).status == 200 for _ in range(40))
        api.close()
        return good

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(client, range(32))) == 32 * 40


def test_a_reader_that_does_not_read_holds_up_nobody(stack):
    token = stack.login().encode()
    with Raw(stack.url) as slow:
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.send((b"GET /openapi.json HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer " + token + b"\r\n\r\n") * 100)
        begin = time.monotonic()
        for _ in range(20):
            assert exchange(stack.url, GET)[0].status == 200
        assert time.monotonic() - begin < 5


# ---- documentation pages ----

def test_without_the_pages_it_tells_how_to_make_them(stack, tmp_path):
    with own_drmd(stack, tmp_path, "--docs", str(tmp_path / "nothing")) as drmd:
        for path in ("/docs", "/redoc", "/docs/swagger-ui.css"):
            assert "scripts/build-docs" in is_problem(Api(drmd.url).get(path), 404)["detail"]


def test_pages_and_only_their_files(stack, tmp_path):
    docs = tmp_path / "docs"
    (docs / "swagger-ui").mkdir(parents=True)
    (docs / "redoc").mkdir()
    (docs / "swagger-ui" / "swagger-ui-bundle.js").write_text("// bundle\n")
    (docs / "swagger-ui" / "swagger-ui.css").write_text("/* style */\n")
    (docs / "swagger-ui" / "other.js").write_text("// not on the list\n")
    (docs / "redoc" / "redoc.standalone.js").write_text("// redoc\n")
    with own_drmd(stack, tmp_path, "--docs", str(docs)) as drmd:
        api = Api(drmd.url)
        for path, script in (("/docs", "/docs/swagger-ui-bundle.js"), ("/redoc", "/redoc/redoc.standalone.js")):
            page = api.get(path)
            assert page.status == 200 and page.headers["content-type"].startswith("text/html")
            policy = page.headers["content-security-policy"]
            assert "default-src 'none'" in policy and "unsafe-eval" not in policy and "script-src 'self';" in policy
            assert script in page.body.decode() and "http:" not in page.body.decode() and "https:" not in page.body.decode()
            assert b"<script>" not in page.body
            file = api.get(script)
            assert file.status == 200 and file.headers["content-type"].startswith("text/javascript")
            assert file.headers["cache-control"].startswith("public")
            assert api.get(script, headers={"If-None-Match": file.headers["etag"]}).status == 304
        assert api.get("/docs/swagger-ui.css").body == b"/* style */\n"
        assert api.get("/docs/init.js").status == 200
        for path in ("/docs/other.js", "/docs/redoc.standalone.js", "/redoc/swagger-ui.css", "/docs/..%2fredoc%2fredoc.standalone.js"):
            is_problem(api.get(path), 404)


def test_docs_lock_names_no_registry():
    lock = (ROOT / "docs" / "site" / "package-lock.json").read_text()
    assert '"resolved"' not in lock and "integrity" in lock
    assert "omit-lockfile-registry-resolved=true" in (ROOT / "docs" / "site" / ".npmrc").read_text()

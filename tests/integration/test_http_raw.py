"""The HTTP traps of CivetWeb 1.15: bytes to the socket, a well-formed refusal back, the connection then usable or closed as told."""
import socket
import time

import pytest
from http_support import Raw, exchange, is_problem, own_drmd

HOST = b"Host: test\r\n"
LOGIN = b"POST /api/v1/auth/login HTTP/1.1\r\n" + HOST
JSON = b"Content-Type: application/json\r\n"


def many_headers(n):
    return b"GET /health HTTP/1.1\r\n" + HOST + b"".join(b"X-H%d: v\r\n" % i for i in range(n - 1)) + b"\r\n"


REFUSED = {
    # name: (bytes, status, closed)
    "transfer-encoding with content-length": (
        LOGIN + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, True),
    "content-length with transfer-encoding": (
        LOGIN + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400, True),
    "content-length twice, equal": (LOGIN + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400, True),
    "content-length twice, different": (LOGIN + b"Content-Length: 3\r\nContent-Length: 9\r\n\r\nabc", 400, True),
    "content-length list": (LOGIN + b"Content-Length: 3, 3\r\n\r\nabc", 400, True),
    "content-length with a sign": (LOGIN + b"Content-Length: +3\r\n\r\nabc", 400, True),
    "content-length negative": (LOGIN + b"Content-Length: -3\r\n\r\nabc", 400, True),
    "content-length with letters": (LOGIN + b"Content-Length: 3x\r\n\r\nabc", 400, True),
    "content-length in hexadecimal": (LOGIN + b"Content-Length: 0x3\r\n\r\nabc", 400, True),
    "content-length empty": (LOGIN + b"Content-Length:\r\n\r\n", 400, True),
    "content-length above 64 bits": (LOGIN + JSON + b"Content-Length: 99999999999999999999999\r\n\r\n", 413, True),
    "content-length of 1 MiB and a byte": (LOGIN + JSON + b"Content-Length: 1048577\r\n\r\n", 413, True),
    "transfer-encoding gzip": (LOGIN + b"Transfer-Encoding: gzip\r\n\r\n", 501, True),
    "transfer-encoding gzip, chunked": (LOGIN + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, True),
    "transfer-encoding identity": (LOGIN + b"Transfer-Encoding: identity\r\n\r\n", 501, True),
    "transfer-encoding twice": (
        LOGIN + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400, True),
    "transfer-encoding in HTTP/1.0": (
        b"POST /api/v1/auth/login HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, True),
    "61 headers": (many_headers(61), 431, True),
    "65 headers, of which CivetWeb drops one": (many_headers(65), 431, True),
    "200 headers": (many_headers(200), 431, True),
    "header section above 16 KiB": (b"GET /health HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 20000 + b"\r\n\r\n", 431, True),
    "header section above CivetWeb's buffer": (
        b"GET /health HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 200000 + b"\r\n\r\n", 431, True),
    "folded header line": (
        b"GET /health HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\nContent-Length: 5\r\n\r\n", 400, True),
    "line CivetWeb stops at, with framing behind it": (
        LOGIN + b"\x80: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, True),
    "header line that begins with a colon": (b"GET /health HTTP/1.1\r\n" + HOST + b": a\r\nX: b\r\n\r\n", 400, True),
    "no header that can be read": (b"GET /health HTTP/1.0\r\n: a\r\n\r\n", 400, True),
    "blank before the colon": (b"GET /health HTTP/1.1\r\n" + HOST + b"Content-Length : 0\r\n\r\n", 400, True),
    "header name with a parenthesis": (b"GET /health HTTP/1.1\r\n" + HOST + b"X(y): a\r\n\r\n", 400, True),
    "header without a colon": (b"GET /health HTTP/1.1\r\n" + HOST + b"nothing\r\n\r\n", 400, True),
    "NUL in a header": (b"GET /health HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n", 400, True),
    "bare line feeds": (b"GET /health HTTP/1.1\nHost: test\n\n", 400, True),
    "one bare line feed": (b"GET /health HTTP/1.1\r\nHost: test\nX: a\r\n\r\n", 400, True),
    "no host": (b"GET /health HTTP/1.1\r\n\r\n", 400, True),
    "two hosts": (b"GET /health HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400, True),
    "host with a slash": (b"GET /health HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, True),
    "two authorizations": (
        b"GET /api/v1/devices HTTP/1.1\r\n" + HOST + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", 400, True),
    "method nobody knows": (b"BREW /health HTTP/1.1\r\n" + HOST + b"\r\n", 501, True),
    "TRACE": (b"TRACE /health HTTP/1.1\r\n" + HOST + b"\r\n", 501, True),
    "HTTP/2.0": (b"GET /health HTTP/2.0\r\n" + HOST + b"\r\n", 505, True),
    "HTTP/1.2": (b"GET /health HTTP/1.2\r\n" + HOST + b"\r\n", 505, True),
    "no version": (b"GET /health\r\n\r\n", 400, True),
    "TLS on the plain port": (bytes.fromhex("16030100a5010000a10303") + b"\0" * 160, 400, True),
    "no HTTP at all": (b"\x00\x01\x02\x03", 400, True),
    "target of another server": (b"GET http://example.org/health HTTP/1.1\r\nHost: example.org\r\n\r\n", 421, True),
    "CONNECT": (b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n", 400, True),
    "asterisk with GET": (b"GET * HTTP/1.1\r\n" + HOST + b"\r\n", 400, True),
    "expectation nobody knows": (LOGIN + b"Expect: the-unexpected\r\nContent-Length: 0\r\n\r\n", 417, True),
    "target above 4 KiB": (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414, False),
    "query above 4 KiB": (b"GET /health?" + b"a" * 5000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414, False),
    "encoded NUL, behind which CivetWeb cuts": (b"GET /health%00x HTTP/1.1\r\n" + HOST + b"\r\n", 400, False),
    "encoded line feed": (b"GET /health%0a HTTP/1.1\r\n" + HOST + b"\r\n", 400, False),
    "percent-escape of no digits": (b"GET /health%zz HTTP/1.1\r\n" + HOST + b"\r\n", 400, False),
    "percent-escape cut short": (b"GET /health%4 HTTP/1.1\r\n" + HOST + b"\r\n", 400, False),
    "escape that is no UTF-8": (b"GET /health%ff HTTP/1.1\r\n" + HOST + b"\r\n", 400, False),
    "overlong UTF-8": (b"GET /docs/%c0%af HTTP/1.1\r\n" + HOST + b"\r\n", 400, False),
    "dot segments": (b"GET /docs/../health HTTP/1.1\r\n" + HOST + b"\r\n", 400, False),
    "encoded dot segments": (b"GET /docs/%2e%2E/health HTTP/1.1\r\n" + HOST + b"\r\n", 400, False),
    "backslash": (b"GET /docs\\..\\health HTTP/1.1\r\n" + HOST + b"\r\n", 400, False),
    "encoded slashes reach no other file": (b"GET /docs/..%2f..%2fetc%2fpasswd HTTP/1.1\r\n" + HOST + b"\r\n", 404, False),
    "a path that only begins with a known one": (b"GET /healthworld HTTP/1.1\r\n" + HOST + b"\r\n", 404, False),
    "a path below a known one": (b"GET /health/world HTTP/1.1\r\n" + HOST + b"\r\n", 404, False),
    "a slash too many": (b"GET /health/ HTTP/1.1\r\n" + HOST + b"\r\n", 404, False),
    "two slashes": (b"GET //health HTTP/1.1\r\n" + HOST + b"\r\n", 404, False),
    "the root": (b"GET / HTTP/1.1\r\n" + HOST + b"\r\n", 404, False),
    "method not allowed": (b"DELETE /health HTTP/1.1\r\n" + HOST + b"\r\n", 405, False),
    "WebDAV method": (b"PROPFIND /health HTTP/1.1\r\n" + HOST + b"\r\n", 405, False),
    "no length on a call with a body": (LOGIN + JSON + b"\r\n", 411, False),
    "another type of body": (LOGIN + b"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 415, False),
    "form body": (LOGIN + b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b", 415, False),
    "multipart body": (LOGIN + b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 4\r\n\r\n--x-", 415, False),
    "no type of body": (LOGIN + b"Content-Length: 2\r\n\r\n{}", 415, False),
    "body above the call's own limit": (LOGIN + JSON + b"Content-Length: 9000\r\n\r\n" + b" " * 9000, 413, True),
    "chunk size of no digits": (LOGIN + JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, True),
    "chunk size with a sign": (LOGIN + JSON + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400, True),
    "chunk without its end": (LOGIN + JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx0\r\n\r\n", 400, True),
    "chunked body above the limit": (
        LOGIN + JSON + b"Transfer-Encoding: chunked\r\n\r\n" + (b"1000\r\n" + b" " * 4096 + b"\r\n") * 4, 413, True),
    "body that is no JSON": (LOGIN + JSON + b"Content-Length: 3\r\n\r\n{a}", 400, False),
    "body that is no object": (LOGIN + JSON + b"Content-Length: 2\r\n\r\n[]", 400, False),
    "body of no bytes": (LOGIN + JSON + b"Content-Length: 0\r\n\r\n", 400, False),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(stack, name):
    data, status, closed = REFUSED[name]
    response, was_closed = exchange(stack.url, data)
    is_problem(response, status)
    assert was_closed == closed


def test_sixty_headers_are_taken(stack):
    response, closed = exchange(stack.url, many_headers(60))
    assert response.status == 200 and not closed


def test_what_follows_a_refused_request_is_not_obeyed(stack):
    """The body of a request with doubtful framing must never be read as the next request."""
    hidden = b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n"
    with Raw(stack.url) as raw:
        raw.send(LOGIN + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % (len(hidden) + 5) + hidden)
        is_problem(raw.response(), 400)
        assert raw.at_end()


def test_response_survives_a_large_body_that_nobody_read(stack):
    """Closing with unread data would reset the connection and take the response along."""
    for _ in range(5):
        with Raw(stack.url) as raw:
            raw.send(LOGIN + JSON + b"Content-Length: 50000000\r\n\r\n" + b"x" * 3000000)
            is_problem(raw.response(), 413)
            assert raw.at_end()


def test_pipelined_requests_are_answered_in_order(stack):
    with Raw(stack.url) as raw:
        raw.send(b"".join(b"GET /health HTTP/1.1\r\n" + HOST + b"X-Request-Id: r%d\r\n\r\n" % i for i in range(20)))
        assert [raw.response().headers["x-request-id"] for _ in range(20)] == [f"r{i}" for i in range(20)]


def test_pipelined_after_a_chunked_body(stack):
    with Raw(stack.url) as raw:
        raw.send(LOGIN + JSON + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
                 b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n")
        assert is_problem(raw.response(), 400)["field"] == "email"
        assert raw.response().status == 200


def test_refused_type_leaves_the_connection_usable(stack):
    with Raw(stack.url) as raw:
        raw.send(LOGIN + b"Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")
        is_problem(raw.response(), 415)
        assert raw.still_usable()


def test_continue_is_sent_before_the_body_is_read(stack):
    with Raw(stack.url) as raw:
        raw.send(LOGIN + JSON + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert raw.response().status == 100
        raw.send(b"{}")
        is_problem(raw.response(), 400)
        assert raw.still_usable()


def test_no_continue_for_http_1_0(stack):
    """It would take the interim answer for the answer."""
    with Raw(stack.url) as raw:
        raw.send(b"POST /api/v1/auth/login HTTP/1.0\r\n" + JSON + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}")
        is_problem(raw.response(), 400)
        assert raw.at_end()


def test_no_continue_for_a_request_that_is_refused(stack):
    with Raw(stack.url) as raw:
        raw.send(b"POST /nowhere HTTP/1.1\r\n" + HOST + JSON + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        response = raw.response()
        is_problem(response, 404)
        assert response.headers["connection"] == "close"
        assert raw.at_end()


def test_http_1_0_closes_unless_asked_otherwise(stack):
    response, closed = exchange(stack.url, b"GET /health HTTP/1.0\r\n\r\n")
    assert response.status == 200 and closed
    with Raw(stack.url) as raw:
        raw.send(b"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert raw.response().headers["connection"] == "keep-alive"
        assert raw.still_usable()


def test_connection_close_is_honoured(stack):
    response, closed = exchange(stack.url, b"GET /health HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert response.status == 200 and closed


def test_target_in_absolute_form(stack):
    response, closed = exchange(stack.url, b"GET " + stack.url.encode() + b"/health HTTP/1.1\r\n" + HOST + b"\r\n")
    assert response.status == 200 and not closed


def test_options_asterisk(stack):
    response, _ = exchange(stack.url, b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n")
    assert response.status == 204 and "GET" in response.headers["allow"]


def test_upgrade_is_not_followed(stack):
    response, _ = exchange(stack.url, b"GET /health HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
                                      b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
    assert response.status == 200


def test_leading_empty_line_is_skipped(stack):
    response, closed = exchange(stack.url, b"\r\nGET /health HTTP/1.1\r\n" + HOST + b"\r\n")
    assert response.status == 200 and not closed


def test_request_in_single_bytes(stack):
    with Raw(stack.url) as raw:
        raw.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in LOGIN + JSON + b"Content-Length: 2\r\n\r\n{}":
            raw.send(bytes([byte]))
        assert is_problem(raw.response(), 400)["field"] == "email"


@pytest.fixture(scope="module")
def impatient(stack, tmp_path_factory):
    with own_drmd(stack, tmp_path_factory.mktemp("impatient"), "--client-timeout", "2") as drmd:
        yield drmd


def test_client_that_stops_in_the_middle_of_its_header(impatient):
    with Raw(impatient.url) as raw:
        raw.send(b"GET /health HTTP/1.1\r\nHost: te")
        is_problem(raw.response(), 408)
        assert raw.at_end()


def test_client_that_trickles_its_header_is_cut_off(impatient):
    with Raw(impatient.url, timeout=0.3) as raw:
        raw.send(b"GET /health HTTP/1.1\r\nX: ")
        started = time.monotonic()
        while not raw.buffer and time.monotonic() < started + 10:
            raw.send(b"a")
            try:
                raw._more()
            except socket.timeout:
                continue
        is_problem(raw.response(), 408)
        assert 1.5 < time.monotonic() - started < 6
        raw.socket.settimeout(5)
        assert raw.at_end()


def test_slow_clients_hold_up_nobody(impatient):
    slow = [Raw(impatient.url) for _ in range(40)]
    for i, raw in enumerate(slow):
        raw.send(LOGIN + JSON + b"Content-Length: 100\r\n\r\n{" if i % 2 else b"GET /health HTTP/1.1\r\nHo")
    begin = time.monotonic()
    for _ in range(20):
        assert exchange(impatient.url, b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n")[0].status == 200
    assert time.monotonic() - begin < 2
    for raw in slow:
        is_problem(raw.response(), 408)
        raw.socket.close()


@pytest.mark.parametrize("begin", [b"Content-Length: 100\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"])
def test_client_that_stops_in_the_middle_of_its_body(impatient, begin):
    with Raw(impatient.url) as raw:
        raw.send(LOGIN + JSON + begin)
        response = raw.response()
        is_problem(response, response.status)
        assert response.status in (400, 408)
        assert raw.at_end()


@pytest.mark.parametrize("begin, more", [
    (b"Content-Length: 1000\r\n\r\n", b" "),
    (b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    (b"Transfer-Encoding: chunked\r\n\r\n100\r\n", b" "),
])
def test_client_that_trickles_its_body_is_cut_off(impatient, begin, more):
    """CivetWeb waits for ever as long as a byte comes now and then."""
    with Raw(impatient.url, timeout=0.3) as raw:
        raw.send(LOGIN + JSON + begin)
        started = time.monotonic()
        while not raw.buffer and time.monotonic() < started + 15:
            raw.send(more)
            try:
                raw._more()
            except socket.timeout:
                continue
        response = raw.response()
        is_problem(response, response.status)
        assert response.status in (400, 408) and time.monotonic() > started + 3
        raw.socket.settimeout(5)
        assert raw.at_end()


def test_idle_connection_is_closed_without_a_word(impatient):
    with Raw(impatient.url) as raw:
        assert raw.at_end()

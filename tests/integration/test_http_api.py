"""Calls over REST as a client sees them: log-in, keys, devices, credentials, jobs; ETags, problems, CORS, HEAD and OPTIONS."""
import json
import re
import uuid

import pytest
from http_support import Api, Raw, is_problem, own_drmd, wait_until

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def api(stack):
    client = Api(stack.url, stack.login())
    yield client
    client.close()


def unique(word):
    return f"{word}-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def device(api):
    created = api.post("/api/v1/devices", {"name": unique("device"), "tags": ["site=berlin"]})
    assert created.status == 201, created
    yield created.json()
    api.call("DELETE", "/api/v1/devices/" + created.json()["id"])


@pytest.fixture
def fake_device(api):
    created = api.post("/api/v1/devices", {"name": unique("fake"), "profiles": [{"protocol": "fake"}]})
    assert created.status == 201, created
    return created.json()


# ---- what every answer has ----

def test_security_headers(api):
    for path in ("/health", "/api/v1/devices", "/nowhere"):
        headers = api.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-frame-options"] == "DENY"
        assert re.fullmatch(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", headers["date"])


def test_request_id_is_kept_when_sane_and_made_when_not(api):
    assert api.get("/health", headers={"X-Request-Id": "my-id_1.2"}).headers["x-request-id"] == "my-id_1.2"
    for bad in ("a b", "x" * 65, '"', ""):
        made = api.get("/health", headers={"X-Request-Id": bad}).headers["x-request-id"]
        assert re.fullmatch("[0-9a-f]{32}", made)
    assert api.get("/health").headers["x-request-id"] != api.get("/health").headers["x-request-id"]


def test_health_and_readiness(api):
    assert api.get("/health").json() == {"status": "ok"}
    ready = api.get("/readyz")
    assert ready.status == 200
    parts = ready.json()
    assert parts["status"] == "ready" and parts["database"] and parts["schema_current"] and parts["redis"]


def test_metrics(api):
    api.get("/api/v1/devices?limit=1")
    api.get("/nowhere")
    text = api.get("/metrics").body.decode()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values['drmd_http_requests_total{route="/api/v1/devices",method="GET",status="2xx"}']) >= 1
    assert float(values['drmd_http_requests_total{route="unmatched",method="",status="4xx"}']) >= 1
    bucket = 'drmd_http_request_duration_seconds_bucket{route="/api/v1/devices",method="GET",le="+Inf"}'
    assert values[bucket] == values['drmd_http_request_duration_seconds_count{route="/api/v1/devices",method="GET"}']
    assert float(values["process_resident_memory_bytes"]) > 1e6
    assert float(values["drmd_http_requests_in_flight"]) >= 1


def test_head_is_get_without_the_body(api, device):
    for path in ("/health", "/api/v1/devices/" + device["id"], "/openapi.json"):
        got, head = api.get(path), api.call("HEAD", path)
        assert head.status == 200 and head.body == b""
        assert head.headers["content-length"] == str(len(got.body))
        assert head.headers.get("etag") == got.headers.get("etag")


def test_options_and_405_tell_the_same_methods(api):
    wanted = {
        "/api/v1/devices": "GET, HEAD, POST, OPTIONS",
        "/api/v1/devices/x": "GET, HEAD, PATCH, DELETE, OPTIONS",
        "/api/v1/auth/login": "POST, OPTIONS",
        "/health": "GET, HEAD, OPTIONS",
    }
    for path, allow in wanted.items():
        options = api.call("OPTIONS", path)
        assert options.status == 204 and options.headers["allow"] == allow
        refused = api.call("PUT", path)
        is_problem(refused, 405)
        assert refused.headers["allow"] == allow
    is_problem(api.call("OPTIONS", "/nowhere"), 404)


# ---- log-in ----

def test_login_refresh_logout(stack):
    api = Api(stack.url)
    answer = api.post("/api/v1/auth/login", {"email": stack.email, "password": stack.password})
    assert answer.status == 200
    tokens = answer.json()
    assert tokens["token_type"] == "bearer" and tokens["expires_in"] == 900 and tokens["access_token"]
    who = Api(stack.url, tokens["access_token"]).get("/api/v1/auth/whoami").json()
    assert who["email"] == stack.email and who["role"] == "administrator" and who["tenant"] == stack.tenant

    rotated = api.post("/api/v1/auth/refresh", {"refresh_token": tokens["refresh_token"]})
    assert rotated.status == 200 and rotated.json()["refresh_token"] != tokens["refresh_token"]
    reused = api.post("/api/v1/auth/refresh", {"refresh_token": tokens["refresh_token"]})
    is_problem(reused, 401)
    family = api.post("/api/v1/auth/refresh", {"refresh_token": rotated.json()["refresh_token"]})
    is_problem(family, 401)  # the family went with it

    tokens = api.post("/api/v1/auth/login", {"email": stack.email, "password": stack.password}).json()
    assert api.post("/api/v1/auth/logout", {"refresh_token": tokens["refresh_token"]}).status == 204
    is_problem(api.post("/api/v1/auth/refresh", {"refresh_token": tokens["refresh_token"]}), 401)
    assert api.post("/api/v1/auth/logout", {"refresh_token": "nothing of ours"}).status == 204


def test_login_failures_look_alike(stack):
    api = Api(stack.url)
    wrong = api.post("/api/v1/auth/login", {"email": stack.email, "password": "not this one"})
    unknown = api.post("/api/v1/auth/login", {"email": "nobody@example.net", "password": "not this one"})
    a, b = is_problem(wrong, 401), is_problem(unknown, 401)
    for problem in (a, b):
        problem.pop("request_id")
    assert a == b


@pytest.mark.parametrize("body, field", [
    ({"password": "x"}, "email"),
    ({"email": "a@b.c"}, "password"),
    ({"email": 5, "password": "x"}, "email"),
    ({"email": "a@b.c", "password": ["x"]}, "password"),
    ({"email": "a@b.c", "password": "x", "role": "administrator"}, "role"),
])
def test_login_fields(stack, body, field):
    assert is_problem(Api(stack.url).post("/api/v1/auth/login", body), 400)["field"] == field


@pytest.mark.parametrize("data", [
    b'{"email":"a","email":"b","password":"c"}', b'{"email":"\xff","password":"c"}', b'{"email":"a","password":"c"} x', b'{"email":"a\\u0000","password":"c"}',
])
def test_login_refuses_doubtful_json(stack, data):
    is_problem(Api(stack.url).post("/api/v1/auth/login", data=data), 400)


@pytest.mark.parametrize("headers", [
    {}, {"Authorization": ""}, {"Authorization": "Bearer "}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"},
    {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."}, {"Authorization": "Bearer drm_00000000_nonsense"},
    {"X-API-Key": "nonsense"}, {"X-API-Key": "drm_" + "a" * 300},
])
def test_without_a_valid_log_in(stack, headers):
    api = Api(stack.url)
    for method, path in (("GET", "/api/v1/devices"), ("POST", "/api/v1/jobs"), ("GET", "/jobs/events/" + str(uuid.uuid4()))):
        answer = api.call(method, path, {} if method == "POST" else None, headers=headers)
        is_problem(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_tampered_token(stack):
    token = stack.login()
    head, claims, signature = token.split(".")
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    is_problem(Api(stack.url, f"{head}.{claims}.{flipped}").get("/api/v1/auth/whoami"), 401)


def test_token_and_key_together(stack, api):
    is_problem(api.get("/api/v1/devices", headers={"X-API-Key": "drm_a_b"}), 400)


# ---- API keys ----

def test_api_key_life(stack, api):
    label = unique("key")
    created = api.post("/api/v1/api-keys", {"label": label})
    assert created.status == 201
    key = created.json()
    assert key["key"].startswith("drm_") and UUID.fullmatch(key["id"]) and key["label"] == label
    listed = [k for k in api.get("/api/v1/api-keys?limit=1000").json()["items"] if k["id"] == key["id"]]
    assert len(listed) == 1 and "key" not in listed[0]
    for client in (Api(stack.url, key=key["key"]), Api(stack.url, token=key["key"])):
        assert client.get("/api/v1/auth/whoami").json()["email"] == stack.email
    assert api.call("DELETE", "/api/v1/api-keys/" + key["id"]).status == 204
    is_problem(Api(stack.url, key=key["key"]).get("/api/v1/auth/whoami"), 401)
    is_problem(api.call("DELETE", "/api/v1/api-keys/" + str(uuid.uuid4())), 404)


def test_api_key_label_has_the_limit_the_document_tells(stack, api):
    label = api.get("/openapi.json").json()["components"]["schemas"]["ApiKeyCreate"]["properties"]["label"]
    assert label["minLength"] == 1
    longest = api.post("/api/v1/api-keys", {"label": "ü" * label["maxLength"]})
    assert longest.status == 201
    api.call("DELETE", "/api/v1/api-keys/" + longest.json()["id"])
    for wrong in ("ü" * (label["maxLength"] + 1), "", "a\nb", None, 5):
        assert is_problem(api.post("/api/v1/api-keys", {"label": wrong}), 400)["field"] == "label"
    assert is_problem(api.post("/api/v1/api-keys", {}), 400)["field"] == "label"


def test_documented_limits_are_the_ones_that_hold(api, fake_device):
    """Of each field with a limit in the document: the limit itself passes, one step beyond is refused by name."""
    schemas = api.get("/openapi.json").json()["components"]["schemas"]
    base = {"DeviceCreate": ("/api/v1/devices", {}),
            "SnmpCredentialCreate": ("/api/v1/snmp-credentials", {"community": "c"}),
            "JobCreate": ("/api/v1/jobs", {"device_id": fake_device["id"], "protocol": "fake", "operation": "echo", "params": {}}),
            "JobEnqueue": ("/api/v1/jobs/enqueue/fake/echo", {"device_id": fake_device["id"], "params": {}})}
    # What a field needs beside it.
    beside = {"auth_protocol": {"auth_password": "long enough"}, "auth_password": {"auth_protocol": "SHA"}}
    beside["priv_protocol"] = {**beside["auth_protocol"], "auth_protocol": "SHA", "priv_password": "long enough"}
    beside["priv_password"] = {**beside["priv_protocol"], "priv_protocol": "DES"}
    beside["unique_conflict"] = {"unique_key": unique("only")}
    checked = 0
    for name, (path, body) in base.items():
        for field, schema in schemas[name]["properties"].items():
            steps = [(schema["maximum"], 1)] if "maximum" in schema else []
            steps += [(schema["minimum"], -1)] if "minimum" in schema else []
            tries = [(value, value + step) for value, step in steps]
            tries += [("x" * schema["maxLength"], "x" * (schema["maxLength"] + 1))] if "maxLength" in schema else []
            tries += [(["t"], ["t"] * (schema["maxItems"] + 1))] if field == "tags" else []
            tries += [(schema["enum"][0], "none of these")] if "enum" in schema else []
            for good, bad in tries:
                named = {"name": unique("limit")} if "name" in schemas[name]["properties"] else {}
                named |= {other: value for other, value in beside.get(field, {}).items() if other in schemas[name]["properties"]}
                refused = api.post(path, {**named, **body, field: bad})
                assert is_problem(refused, 400)["field"] == field, (name, field)
                if field in ("name", "unique_key"):
                    good = unique("limit").ljust(len(good), "x")
                made = api.post(path, {**named, **body, field: good})
                assert made.status in (201, 202), (name, field, made)
                if made.status == 201:
                    assert api.call("DELETE", made.headers["location"]).status == 204
                checked += 1
    assert checked >= 16


# ---- devices ----

def test_device_life(api):
    name = unique("router")
    created = api.post("/api/v1/devices", {"name": name, "description": "edge", "tags": ["a=1"], "profiles": [
        {"protocol": "snmp", "address": "192.0.2.7", "port": 161, "settings": {"version": "2c"}, "community": "very-secret"}]})
    assert created.status == 201, created
    device = created.json()
    path = "/api/v1/devices/" + device["id"]
    assert created.headers["location"] == path
    assert b"very-secret" not in created.body

    read = api.get(path)
    assert read.status == 200 and read.json() == device and read.headers["etag"] == created.headers["etag"]
    assert b"very-secret" not in read.body and read.json()["protocols"] == ["snmp"]
    assert api.get("/api/v1/devices/" + name).json()["id"] == device["id"]

    changed = api.call("PATCH", path, {"description": "core"}, headers={"If-Match": read.headers["etag"]})
    assert changed.status == 200 and changed.json()["description"] == "core" and changed.json()["name"] == name
    assert changed.headers["etag"] != read.headers["etag"]
    assert api.call("PATCH", path, {"tags": []}).json()["tags"] == []

    is_problem(api.post("/api/v1/devices", {"name": name}), 409)
    assert api.call("DELETE", path).status == 204
    is_problem(api.get(path), 404)
    is_problem(api.call("DELETE", path), 404)


def test_etag_rules(api, device):
    path = "/api/v1/devices/" + device["id"]
    etag = api.get(path).headers["etag"]
    assert api.get(path, headers={"If-None-Match": etag}).status == 304
    assert api.get(path, headers={"If-None-Match": f'"zzz", W/{etag}'}).status == 304
    assert api.get(path, headers={"If-None-Match": "*"}).status == 304
    assert api.get(path, headers={"If-None-Match": '"zzz"'}).status == 200
    not_modified = api.get(path, headers={"If-None-Match": etag})
    assert not_modified.body == b"" and not_modified.headers["etag"] == etag

    assert api.call("PATCH", path, {"description": "1"}, headers={"If-Match": etag}).status == 200
    for stale in (etag, "W/" + etag, '"zzz"', '"0"', '"99999999999999999999"', f'{etag}, "zzz"'):
        is_problem(api.call("PATCH", path, {"description": "2"}, headers={"If-Match": stale}), 412)
        is_problem(api.call("DELETE", path, headers={"If-Match": stale}), 412)
    assert api.get(path).json()["description"] == "1"
    current = api.get(path).headers["etag"]
    for malformed in ("nonsense", "", " ", ",", '"1', "W/", current.strip('"'), ", ".join(f'"{i}"' for i in range(1000, 1017))):
        assert is_problem(api.call("PATCH", path, {"description": "2"}, headers={"If-Match": malformed}), 400)["field"] == "If-Match"
    padded = '"0' + current.strip('"') + '"'
    is_problem(api.call("PATCH", path, {"description": "2"}, headers={"If-Match": padded}), 412)
    assert api.get(path, headers={"If-None-Match": padded}).status == 200
    assert api.call("PATCH", path, {"description": "3"}, headers={"If-Match": f'"zzz", {current}'}).status == 200
    assert api.call("PATCH", path, {"description": "4"}, headers={"If-Match": "*"}).status == 200
    is_problem(api.call("PATCH", "/api/v1/devices/" + str(uuid.uuid4()), {"description": "4"}, headers={"If-Match": "*"}), 404)


@pytest.mark.parametrize("body, field", [
    ({}, "name"),
    ({"name": None}, "name"),
    ({"name": 5}, "name"),
    ({"name": "x", "colour": "red"}, "colour"),
    ({"name": "x", "id": str(uuid.UUID(int=1))}, "id"),
    ({"name": "x", "version": 7}, "version"),
    ({"name": "x", "tags": "site"}, "tags"),
])
def test_device_fields(api, body, field):
    problem = is_problem(api.post("/api/v1/devices", body), 400)
    assert problem["field"].startswith(field)
    assert problem["type"] == "urn:drmgmt:problem:invalid"


@pytest.mark.parametrize("data", [
    b"", b"{", b"[]", b"null", b'{"name":"a","name":"b"}', b'{"name":"\xc3\x28"}', b'{"name":"a"}{"name":"b"}',
    b'{"profiles":' + b"[" * 5000 + b"]" * 5000 + b"}",
])
def test_device_doubtful_json(api, data):
    is_problem(api.post("/api/v1/devices", data=data), 400)


def test_device_list_pages_and_filters(api):
    word, made = unique("list"), []
    for i in range(7):
        made.append(api.post("/api/v1/devices", {"name": f"{word}-{i}", "tags": [f"batch={word}"]}).json()["id"])
    seen, cursor, pages = [], None, 0
    while True:
        page = api.get(f"/api/v1/devices?name={word}*&limit=3" + (f"&cursor={cursor}" if cursor else "")).json()
        seen += [d["id"] for d in page["items"]]
        pages += 1
        cursor = page["next"]
        if not cursor:
            break
    assert seen == made and pages == 3
    assert {d["id"] for d in api.get(f"/api/v1/devices?tag=batch%3D{word}").json()["items"]} == set(made) \
        or {d["id"] for d in api.get(f"/api/v1/devices?tags=batch%3D{word}").json()["items"]} == set(made)
    names = [d["name"] for d in api.get(f"/api/v1/devices?name={word}*&sort=-name").json()["items"]]
    assert names == sorted(names, reverse=True) and len(names) == 7
    for query in ("limit=0", "limit=1001", "limit=x", "cursor=nonsense", "sort=colour", "colour=red", "name=%zz", "%ff=1"):
        is_problem(api.get("/api/v1/devices?" + query), 400)
    for device in made:
        assert api.call("DELETE", "/api/v1/devices/" + device).status == 204


# ---- SNMP credentials ----

def test_snmp_credential_life(api):
    name = unique("credential")
    created = api.post("/api/v1/snmp-credentials", {"name": name, "snmp_version": "2c", "community": "very-secret"})
    assert created.status == 201, created
    credential = created.json()
    path = "/api/v1/snmp-credentials/" + credential["id"]
    assert created.headers["location"] == path and credential["community"] == {"set": True}
    assert api.get(path).json() == credential
    assert any(c["id"] == credential["id"] for c in api.get("/api/v1/snmp-credentials?limit=1000").json()["items"])
    etag = api.get(path).headers["etag"]
    assert api.call("PATCH", path, {"community": "another"}, headers={"If-Match": etag}).status == 200
    is_problem(api.call("PATCH", path, {"community": "third"}, headers={"If-Match": etag}), 412)
    is_problem(api.call("PATCH", path, {"snmp_version": "7"}), 400)
    assert api.call("DELETE", path).status == 204
    is_problem(api.get(path), 404)


# ---- jobs ----

def finished(api, job_id):
    def look():
        job = api.get("/api/v1/jobs/" + job_id).json()
        return job if job["status"] in ("completed", "failed", "cancelled", "dead", "uncertain") else None

    return wait_until(look, 20)


def test_job_submit_and_read(api, fake_device):
    answer = api.post("/api/v1/jobs", {"device_id": fake_device["id"], "protocol": "fake", "operation": "echo", "params": {"a": [1, "ü"]}})
    assert answer.status == 202, answer
    accepted = answer.json()
    assert answer.headers["location"] == "/api/v1/jobs/" + accepted["job_id"] == accepted["location"]
    assert accepted["status"] == "queued"
    job = finished(api, accepted["job_id"])
    assert job["status"] == "completed" and job["device_id"] == fake_device["id"]
    listed = api.get(f"/api/v1/jobs?device_id={fake_device['id']}&protocol=fake&operation=echo&status=completed").json()["items"]
    assert [j["id"] for j in listed] == [job["id"]]
    is_problem(api.post(f"/api/v1/jobs/{job['id']}/cancel"), 409)


def test_job_enqueue_by_path(api, fake_device):
    answer = api.post("/api/v1/jobs/enqueue/fake/echo", {"device_id": fake_device["id"], "params": {"x": 1}})
    assert answer.status == 202
    job = finished(api, answer.json()["job_id"])
    assert (job["protocol"], job["operation"], job["status"]) == ("fake", "echo", "completed")
    unknown = api.post("/api/v1/jobs/enqueue/fake/fly", {"device_id": fake_device["id"]})
    assert is_problem(unknown, unknown.status)["type"] == "urn:drmgmt:problem:unsupported" and unknown.status < 500


def test_job_idempotency(api, fake_device):
    key = {"Idempotency-Key": unique("idem")}
    body = {"device_id": fake_device["id"], "protocol": "fake", "operation": "echo", "params": {"n": 1}}
    first, second = api.post("/api/v1/jobs", body, headers=key), api.post("/api/v1/jobs", body, headers=key)
    assert first.status == second.status == 202 and first.json()["job_id"] == second.json()["job_id"]
    is_problem(api.post("/api/v1/jobs", {**body, "params": {"n": 2}}, headers=key), 422)
    is_problem(api.post("/api/v1/jobs", body, headers={"Idempotency-Key": "x" * 256}), 400)


def test_job_cancel(api, fake_device):
    accepted = api.post("/api/v1/jobs", {"device_id": fake_device["id"], "protocol": "fake", "operation": "sleep", "params": {"ms": 30000}}).json()
    cancelled = api.post(f"/api/v1/jobs/{accepted['job_id']}/cancel")
    assert cancelled.status == 200 and cancelled.json()["id"] == accepted["job_id"]
    assert finished(api, accepted["job_id"])["status"] == "cancelled"
    is_problem(api.post(f"/api/v1/jobs/{uuid.uuid4()}/cancel"), 404)


@pytest.mark.parametrize("change, field", [
    ({"device_id": "nonsense"}, "device_id"),
    ({"protocol": None}, "protocol"),
    ({"operation": 7}, "operation"),
    ({"params": "text"}, "params"),
    ({"priority": 10}, "priority"),
    ({"priority": "high"}, "priority"),
    ({"status": "completed"}, "status"),
    ({"timeout_ms": -1}, "timeout_ms"),
])
def test_job_fields(api, fake_device, change, field):
    body = {"device_id": fake_device["id"], "protocol": "fake", "operation": "echo", "params": {}, **change}
    assert is_problem(api.post("/api/v1/jobs", body), 400)["field"].startswith(field)


def test_job_of_a_device_that_is_not_there(api):
    is_problem(api.post("/api/v1/jobs", {"device_id": str(uuid.uuid4()), "protocol": "fake", "operation": "echo"}), 404)
    is_problem(api.get("/api/v1/jobs/" + str(uuid.uuid4())), 404)


# ---- CORS and the log ----

def test_cors_is_exact(stack, tmp_path):
    origin = "https://console.example.net"
    with own_drmd(stack, tmp_path, "--cors-origin", origin) as drmd:
        api = Api(drmd.url)
        allowed = api.get("/health", headers={"Origin": origin})
        assert allowed.headers["access-control-allow-origin"] == origin and allowed.headers["vary"] == "Origin"
        assert "access-control-allow-credentials" not in allowed.headers
        for other in ("https://console.example.net.evil.example", "http://console.example.net", "null", "https://console.example.ne"):
            refused = api.get("/health", headers={"Origin": other})
            assert "access-control-allow-origin" not in refused.headers and refused.headers["vary"] == "Origin"
        assert {"ETag", "Location"} <= set(allowed.headers["access-control-expose-headers"].split(", "))
        preflight = api.call("OPTIONS", "/api/v1/devices", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
        assert preflight.status == 204 and "POST" in preflight.headers["access-control-allow-methods"]
        assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
        refused = api.call("OPTIONS", "/api/v1/devices", headers={"Origin": "https://x.example", "Access-Control-Request-Method": "POST"})
        assert not any(name.startswith("access-control") for name in refused.headers)
        error = api.get("/api/v1/devices", headers={"Origin": origin})
        assert error.status == 401 and error.headers["access-control-allow-origin"] == origin


def test_log_has_request_ids_and_no_secrets(stack, tmp_path):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with own_drmd(stack, tmp_path, "--log-level", "debug") as drmd:
        api = Api(drmd.url)
        secret = unique("password")
        api.post("/api/v1/auth/login", {"email": stack.email, "password": secret})
        tokens = api.post("/api/v1/auth/login", {"email": stack.email, "password": stack.password}).json()
        mine = Api(drmd.url, tokens["access_token"])
        mine.get("/api/v1/devices?name=private-query", headers={"X-Request-Id": "find-me", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
        key = mine.post("/api/v1/api-keys", {"label": "log test"}).json()
        Api(drmd.url, key=key["key"]).get("/api/v1/auth/whoami")
        mine.call("DELETE", "/api/v1/api-keys/" + key["id"])
        assert drmd.stop() == 0
        text = drmd.log.read_text()
        for hidden in (secret, stack.password, tokens["access_token"], tokens["refresh_token"], key["key"], "private-query"):
            assert hidden not in text
        line = next(entry for entry in drmd.lines() if "find-me" in json.dumps(entry))
        flat = json.dumps(line)
        assert trace in flat and "/api/v1/devices" in flat and "200" in flat
        assert any("log-in failed" in json.dumps(entry) for entry in drmd.lines())


def test_no_secret_of_a_refused_request_is_logged(stack, tmp_path):
    """Neither from headers, nor from bodies, nor from the query string, however wrong the request is."""
    secret = unique("secret")
    text = secret.encode()
    with own_drmd(stack, tmp_path, "--log-level", "debug", "--client-timeout", "2") as drmd:
        for data in (
                b"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\nAuthorization: Bearer " + text + b"\r\n\r\n",
                b"GET /api/v1/devices HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + text + b"\r\n\r\n",
                b"GET /api/v1/devices HTTP/1.1\r\nHost: a\r\nX-API-Key: drm_" + text + b"\r\n\r\n",
                b"GET /api/v1/devices?x=" + text + b"%zz HTTP/1.1\r\nHost: a\r\n\r\n",
                b"GET http://example.org/?" + text + b" HTTP/1.1\r\nHost: a\r\n\r\n",
                b"Authorization: " + text + b"\r\n\r\n",
                b"GET /health HTTP/1.1\r\n\x80Authorization: " + text + b"\r\n\r\n",
                b"GET /health HTTP/" + text + b"\r\n\r\n",
                b"GET /health HTTP/1.1\r\nHost: a\r\nAuthorization: " + text + b"\r\nX: " + b"a" * 100000 + b"\r\n\r\n",
                b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n"
                b'{"password":"' + text,
                b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                b'{"password":"%s","%s":1}' % (19 + 2 * len(text), text, text)):
            with Raw(drmd.url) as raw:
                raw.send(data)
                answer = raw.response()
                assert answer.status >= 400 and is_problem(answer, answer.status)
        assert drmd.stop() == 0
        logged = drmd.log.read_text()
    assert secret not in logged and logged.count('"request"') >= 11


def test_not_ready_without_its_database(stack, tmp_path):
    away = {**stack.env, "DRM_APP_DATABASE_URL": f"postgresql://drm_app@/drmgmt?host={tmp_path}&connect_timeout=2"}
    with own_drmd(stack, tmp_path, env=away) as drmd:
        problem = is_problem(Api(drmd.url).get("/readyz"), 503)
        assert "PostgreSQL" in problem["detail"]
        assert Api(drmd.url).get("/health").status == 200
        answer = Api(drmd.url, stack.login()).get("/api/v1/devices")
        assert is_problem(answer, 503)["type"] == "urn:drmgmt:problem:unavailable" and answer.headers["retry-after"]


def test_ready_without_redis(stack, tmp_path):
    away = {**stack.env, "DRM_REDIS_URL": f"unix://{tmp_path}/nobody"}
    with own_drmd(stack, tmp_path, env=away) as drmd:
        ready = Api(drmd.url).get("/readyz")
        assert ready.status == 200 and ready.json()["redis"] is False
        assert Api(drmd.url, stack.login()).get("/api/v1/devices?limit=1").status == 200

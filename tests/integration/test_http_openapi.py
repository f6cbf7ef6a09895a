"""The OpenAPI document tells what the server does: it is well formed, complete, and every route in it answers."""
import json
import re
import uuid

import pytest
from http_support import Api, is_problem

METHODS = {"get", "post", "patch", "delete", "put"}


@pytest.fixture(scope="module")
def document(stack):
    answer = Api(stack.url).get("/openapi.json")
    assert answer.status == 200 and answer.headers["content-type"] == "application/json"
    return answer.json()


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_shape(document):
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"] and document["info"]["version"]
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids)) > 20
    for path, method, operation in operations(document):
        assert method in METHODS and path.startswith("/")
        assert operation["summary"] and operation["tags"] and operation["responses"]
        named = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
        for parameter in operation.get("parameters", []):
            assert parameter["schema"] and parameter["description"] and parameter["required"] == (parameter["in"] == "path")
        assert all(code == "default" or 200 <= int(code) < 600 for code in operation["responses"])


def test_every_reference_leads_somewhere(document):
    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                target = document
                for part in node["$ref"].removeprefix("#/").split("/"):
                    assert part in target, node["$ref"]
                    target = target[part]
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(document)
    for name, schema in document["components"]["schemas"].items():
        assert isinstance(schema, dict) and schema, name


def test_the_paths_of_the_design_are_there(document):
    wanted = {
        "/api/v1/auth/login": {"post"}, "/api/v1/auth/refresh": {"post"}, "/api/v1/auth/logout": {"post"},
        "/api/v1/auth/whoami": {"get"}, "/api/v1/api-keys": {"get", "post"}, "/api/v1/api-keys/{id}": {"delete"},
        "/api/v1/devices": {"get", "post"}, "/api/v1/devices/{id}": {"get", "patch", "delete"},
        "/api/v1/snmp-credentials": {"get", "post"}, "/api/v1/snmp-credentials/{id}": {"get", "patch", "delete"},
        "/api/v1/jobs": {"get", "post"}, "/api/v1/jobs/enqueue/{protocol}/{operation}": {"post"}, "/api/v1/jobs/{id}": {"get"},
        "/api/v1/jobs/{id}/cancel": {"post"}, "/api/v1/jobs/{id}/events": {"get"}, "/jobs/events/{id}": {"get"},
        "/health": {"get"}, "/readyz": {"get"}, "/metrics": {"get"}, "/openapi.json": {"get"},
    }
    for path, methods in wanted.items():
        assert methods <= set(document["paths"][path]), path


def test_every_route_answers(stack, document):
    """No route in the document is unknown to the server, needs less of a log-in than it says, or answers what it does not say."""
    token = stack.login()
    for path, method, operation in operations(document):
        concrete = path.replace("{protocol}", "fake").replace("{operation}", "echo")
        concrete = re.sub(r"\{\w+\}", lambda _: str(uuid.uuid4()), concrete)
        body = {} if "requestBody" in operation else None
        anonymous = Api(stack.url).call(method.upper(), concrete, body)
        if operation.get("security") == []:
            assert anonymous.status != 401 or "auth" in operation["tags"], (path, method)
        else:
            is_problem(anonymous, 401)
        endless = path.endswith("/stream")  # its head will do
        known = Api(stack.url, token).call("HEAD" if endless else method.upper(), concrete, body)
        if path.endswith("/logout-everywhere"):
            token = stack.login()
        assert known.status not in (401, 405, 500, 501) and known.status < 500, (path, method, known)
        assert str(known.status) in operation["responses"], (path, method, known)
        if known.status == 404:
            assert "{" in path and is_problem(known, 404)["detail"] != "There is nothing at this path."


def test_entities_are_described(stack, document):
    schemas = document["components"]["schemas"]
    device = schemas["Device"]["properties"]
    assert {"id", "name", "tags", "profiles", "version", "created_at"} <= set(device)
    assert "id" not in schemas["DeviceCreate"]["properties"] and "name" in schemas["DeviceCreate"]["required"]
    assert "required" not in schemas["DeviceUpdate"]
    community = schemas["SnmpCredential"]["properties"]["community"]
    assert community["properties"] == {"set": {"type": "boolean"}}
    assert schemas["SnmpCredentialCreate"]["properties"]["community"]["type"] in ("string", ["string", "null"])
    titles = {s["title"] for s in schemas["JobParams"]["anyOf"]}
    assert {"fake echo", "snmp get"} <= titles


def test_answers_have_the_described_members(stack, document):
    schemas = document["components"]["schemas"]
    api = Api(stack.url, stack.login())
    page = api.get("/api/v1/devices?limit=5").json()
    assert set(page) == {"items", "next"}
    for item in page["items"]:
        assert set(item) <= set(schemas["Device"]["properties"])
    one = api.get("/api/v1/devices/" + stack.device).json()
    assert set(one) == set(schemas["Device"]["properties"])
    who = api.get("/api/v1/auth/whoami").json()
    assert set(schemas["Whoami"]["required"]) <= set(who)
    assert json.dumps(document).count("very-secret") == 0


def test_schemas_say_what_they_mean(document):
    """All are used; what may be null may be so in spite of an enum; a default is one of the values allowed."""
    text = json.dumps(document)

    def walk(node):
        if isinstance(node, dict):
            if isinstance(node.get("enum"), list) and isinstance(node.get("type"), list) and "null" in node["type"]:
                assert None in node["enum"], node
            if "default" in node and "enum" in node:
                assert node["default"] in node["enum"], node
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(document["components"]["schemas"])
    for name in document["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, name


def test_enqueue_is_a_job_without_what_stands_in_the_path(document):
    job, enqueue = (document["components"]["schemas"][name] for name in ("JobCreate", "JobEnqueue"))
    assert set(job["properties"]) - set(enqueue["properties"]) == {"protocol", "operation"}
    assert set(job["required"]) - set(enqueue["required"]) == {"protocol", "operation"}
    assert all(job["properties"][name] == schema for name, schema in enqueue["properties"].items())
    assert enqueue["additionalProperties"] is False

"""Every route of drmd has a row in the matrix, and every row a route: quick, without servers; test_matrix.py asks. The build runs the same."""
import json
import subprocess

import pytest
from matrix_rows import ROWS, missing_in_row, problems, routes_of
from matrix_rows.row import Row


@pytest.fixture(scope="module")
def drmd(build):
    return build / "drmd" / "drmd"


@pytest.fixture(scope="module")
def routes(drmd):
    return routes_of(drmd)


def test_rows_and_routes_are_the_same_set(routes):
    assert problems(routes) == []


def test_a_route_or_row_too_many_is_told(routes):
    fresh = {**routes["GET /api/v1/devices/{id}"], "path": "/api/v1/fresh/{id}"}
    told = problems({**routes, "GET /api/v1/fresh/{id}": fresh})
    assert len(told) == 1 and told[0].startswith("GET /api/v1/fresh/{id}: no row in tests/integration/matrix_rows/: add one")
    less = {name: route for name, route in routes.items() if name != "GET /api/v1/jobs"}
    assert problems(less) == ["GET /api/v1/jobs: a row in tests/integration/matrix_rows/, but drmd has no such route: take it out"]


@pytest.mark.parametrize("name, row, told", [
    ("GET /api/v1/devices/{id}", Row(), "path: "), ("GET /api/v1/devices/{id}", Row("unicorn"), "KINDS: "),
    ("GET /api/v1/devices/{id}", Row("device", body=dict), "body: "), ("PATCH /api/v1/devices/{id}", Row("device"), "body: "),
    ("GET /api/v1/devices", Row(), "lists: "), ("GET /api/v1/devices", Row(lists="device", filters={"name": "name"}), "filters: "),
    ("GET /api/v1/devices", Row(public="x"), "public: "), ("GET /health", Row(), "public: "),
    ("POST /api/v1/jobs/enqueue/{protocol}/{operation}", Row(path={"protocol": "fake"}, body=dict), "path: "),
])
def test_a_row_that_lacks_something_is_told(routes, name, row, told):
    assert any(what.startswith(told) for what in missing_in_row(routes[name], row))
    assert all(list(missing_in_row(routes[name], good)) == [] for good in ROWS[name])


def test_the_table_is_json_one_route_a_line(drmd):
    done = subprocess.run([drmd, "--routes"], capture_output=True, text=True, check=True, env={}, timeout=60)
    routes = json.loads(done.stdout)
    assert len(routes) == len(done.stdout.splitlines()) > 30
    device = next(r for r in routes if (r["method"], r["path"]) == ("PATCH", "/api/v1/devices/{id}"))
    assert device["permission"] == "device:write" and device["role"] == "operator" and set(device["flags"]) == {"if-match", "etag"}
    assert device["request"] == "DeviceUpdate" and device["status"] == 200

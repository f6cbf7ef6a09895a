"""THE matrix: one row (or more) for every route of drmd, which says how an object it is about is made, how a request names it and what a
valid body is. test_matrix.py makes its cells out of these rows and of `drmd --routes`: every way of asking, by everybody who must not.

A file here holds the rows and the kinds of one sort of things; what a row says is in row.py. A route without a row fails the build:
`python3 -m matrix_rows DRMD` is run by it, needs no server and nothing but Python (what makes objects imports the tests' helpers when it is
called), and says what to add."""
import importlib
import json
import pkgutil
import re
import subprocess

KINDS, ROWS = {}, {}

for _file in sorted(module.name for module in pkgutil.iter_modules(__path__)):
    if _file not in ("__main__", "row"):
        _module = importlib.import_module(f"matrix_rows.{_file}")
        for _here, _all in ((_module.KINDS, KINDS), (_module.ROWS, ROWS)):
            assert not set(_here) & set(_all), f"matrix_rows/{_file}.py: {sorted(set(_here) & set(_all))} is in another file as well"
            _all.update(_here)


def routes_of(drmd):
    """{"GET /api/v1/devices": the row of `drmd --routes`}"""
    done = subprocess.run([str(drmd), "--routes"], capture_output=True, check=True, timeout=60)
    return {f"{r['method']} {r['path']}": r for r in json.loads(done.stdout)}


def missing_in_row(route, row):
    """What a row lacks, in words."""
    public = "public" in route["flags"]
    if public or row.public:
        if not (public and row.public):
            yield "public: the route and the row do not agree" if row.public else "public: say why nobody is asked for a log-in"
        return
    named = set(re.findall(r"{(\w+)}", route["path"])) - ({"id"} if row.kind else set())
    if named != set(row.path) | set(row.beside):
        yield f"path: give values for {sorted(named)}" + ("" if row.kind or "id" not in named else ", or say what {id} names: kind")
    if bool(row.body) != bool(route["request"]):
        yield f"body: make a valid {route['request']}" if route["request"] else "body: the route takes none"
    if bool(row.lists) != bool(route["query"]):
        yield f"lists: name the kind of a {route['query']}" if route["query"] else "lists: the route is no list"
    if set(row.filters) != set(route["filters"] or []):
        yield f"filters: {sorted(set(row.filters) ^ set(route['filters'] or []))}: in the row or in the entity, not in both"
    for kind in {row.kind, row.lists, *row.refs.values(), *row.beside.values()} - {None} - set(KINDS):
        yield f"KINDS: say how a {kind} is made"


def problems(routes):
    """What keeps the table and the routes from being the same set; empty when they are."""
    found = [f"{name}: no row in tests/integration/matrix_rows/: add one that says how it is asked (see Row in row.py), so that it is tried as "
             "another tenant, without the permission and without a log-in" for name in routes if name not in ROWS]
    found += [f"{name}: a row in tests/integration/matrix_rows/, but drmd has no such route: take it out" for name in ROWS if name not in routes]
    found += [f"{name}: {what}" for name, route in routes.items() for row in ROWS.get(name, []) for what in missing_in_row(route, row)]
    return found

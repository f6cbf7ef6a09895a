"""How long results and events are kept, as a tenant's administrator sets it: over REST and with drmctl; what is refused, and that the numbers
of days stand in one place for who sets them and another for who makes partitions, which agree."""
import json
import re

import pytest
from drmctl_support import Ctl
from http_support import ROOT, Api, is_problem
from job_support import ask

PATH = "/api/v1/tenant"
FIELDS = {"keep_results_days": "job_results", "keep_events_days": "device_events"}


@pytest.fixture(scope="module")
def days(stack):
    """As the description of the interface offers them."""
    document = Api(stack.url).get("/openapi.json").json()
    found = []

    def look(node):
        if isinstance(node, dict):
            found.extend([d for d in node[f]["enum"] if d is not None] for f in FIELDS if isinstance(node.get(f), dict) and "enum" in node[f])
            node = list(node.values())
        for value in node if isinstance(node, list) else []:
            look(value)
    look(document)
    assert len(found) >= 2 and all(f == found[0] for f in found), found
    return found[0]


@pytest.fixture
def ctl(stack, tenant, tmp_path):
    made = Ctl(stack, tmp_path)
    made.ok("login", "--tenant", tenant.name, "--email", tenant.email, "--password-file", "-", input=tenant.password)
    return made


@pytest.fixture(autouse=True)
def back(api):
    yield
    assert api.call("PATCH", PATH, dict.fromkeys(FIELDS, 0)).status == 200


def stored(stack, tenant):
    return ask(stack.env, "SELECT keep_results_days, keep_events_days FROM drm.tenants WHERE tenant_id = %s", (tenant.id,))[0]


def test_the_days_that_are_offered_are_those_that_there_are_classes_for(stack, days):
    known = ask(stack.env, "SELECT d FROM generate_series(-1, 4000) d, sec.keep_class(d) c WHERE c.unit IS NOT NULL ORDER BY 1")
    assert [d for d, in known] == sorted(days)
    said = (ROOT / "docs/operations.md").read_text().split("## How long results and events are kept")[1].split("\n\n")
    table = next(part for part in said if part.lstrip().startswith("| days"))
    told = [int(d) for line in table.splitlines()[2:] for d in re.findall(r"\d+", line.split("|")[1])]
    assert sorted(told) == sorted(days), "the operator is told of each"


def test_each_is_set_and_read_and_has_its_tables(stack, tenant, api, other, days):
    for number in days:
        for field, table in FIELDS.items():
            answer = api.call("PATCH", PATH, {field: number})
            assert answer.status == 200 and answer.json()[field] == number, answer
            assert api.get(PATH).json()[field] == number
            assert ask(stack.env, "SELECT to_regclass(%s) IS NOT NULL", (f"drm.{table}_keep{number}",)) == [(True,)]
    assert stored(stack, tenant) == (days[-1], days[-1]) and stored(stack, other) == (0, 0), "another tenant's are its own"


def test_what_is_not_told_stays(stack, tenant, api):
    assert api.call("PATCH", PATH, {"keep_results_days": 90, "keep_events_days": 30}).status == 200
    assert api.call("PATCH", PATH, {"keep_events_days": 7}).json()["keep_results_days"] == 90
    assert api.call("PATCH", PATH, {}).status == 200 and stored(stack, tenant) == (90, 7)


@pytest.mark.parametrize("value", [-1, 2, 89, 366, 32768, 65536 + 7, 2**31, 2**62, 7.5, "7", "", True, None, [7], {"days": 7}])
@pytest.mark.parametrize("field", FIELDS)
def test_other_values_are_refused_and_change_nothing(stack, tenant, api, field, value):
    other_field = next(f for f in FIELDS if f != field)
    problem = is_problem(api.call("PATCH", PATH, {field: value, other_field: 90}), 400)
    assert field in json.dumps(problem), problem
    assert stored(stack, tenant) == (0, 0)


def test_who_may_not_does_not(stack, tenant, api):
    for role in ("viewer", "operator"):
        email = tenant.user(role)
        is_problem(tenant.api(email).call("PATCH", PATH, {"keep_results_days": 1}), 403)
    is_problem(Api(stack.url).call("PATCH", PATH, {"keep_results_days": 1}), 401)
    assert stored(stack, tenant) == (0, 0)


def test_it_is_in_the_audit_log(stack, tenant, api):
    assert api.call("PATCH", PATH, {"keep_results_days": 365}).status == 200
    assert ask(stack.env, "SELECT detail FROM drm.audit_logs WHERE tenant_id = %s AND action = 'tenant.settings' ORDER BY id DESC LIMIT 1",
               (tenant.id,)) == [({"keep_results_days": 365},)]


def test_drmctl_sets_and_shows_them(stack, tenant, ctl, days):
    shown = ctl.json("tenant", "settings", "--keep-results-days", str(days[1]), "--keep-events-days", str(days[-1]))
    assert (shown["keep_results_days"], shown["keep_events_days"]) == (days[1], days[-1]) == stored(stack, tenant)
    assert ctl.json("tenant", "settings") == shown
    assert str(days[-1]) in ctl.ok("tenant", "settings").stdout


@pytest.mark.parametrize("value", ["5", "-1", "seven", "", "7.5", "7 days", "99999999999999999999", "0x7"])
def test_drmctl_says_what_is_wrong(stack, tenant, ctl, value):
    for option in ("--keep-results-days", "--keep-events-days"):
        done = ctl.run("tenant", "settings", f"{option}={value}")
        assert done.returncode == 2 and option[2:].replace("-", "_") in done.stderr.replace("-", "_"), done
    assert stored(stack, tenant) == (0, 0)

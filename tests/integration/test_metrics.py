"""The engine's figures in /metrics, read by a strict parser: they add up to what really ran, also when a worker is killed in between."""
import re
import signal
import time

import pytest
from http_support import Api, is_problem, wait_until
from job_support import ask, unique
from test_tenants import made, platform  # noqa: F401
from test_worker import ENDS_WITHIN, Lane, lane, start  # noqa: F401

TOLD_WITHIN = 30  # a beat each 5 s, on a busy machine
NAME, LABEL = r"[a-zA-Z_:][a-zA-Z0-9_:]*", r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|\+Inf|NaN)")


def parse(text):
    """{name: {labels: value}}; whatever the format (version 0.0.4) does not allow fails."""
    types, values, family = {}, {}, None
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
            assert family not in types, "the lines of a family stand together"
            types[family] = None
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == family and types[name] is None and kind in ("counter", "gauge", "histogram"), line
            types[name] = kind
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            name, labels = match.group(1), tuple(sorted(re.findall(LABEL, match.group(2) or "")))
            assert name in ({family + end for end in ("_bucket", "_sum", "_count")} if types[family] == "histogram" else {family}), line
            assert labels not in values.setdefault(name, {}), "twice: " + line
            values[name][labels] = float(match.group(match.lastindex))
    for name in (n for n, kind in types.items() if kind == "histogram"):
        check_histogram(values, name)
    return values


def check_histogram(values, name):
    for labels, count in values.get(name + "_count", {}).items():
        buckets = [(float(dict(l)["le"]), n) for l, n in values[name + "_bucket"].items() if set(labels) < set(l)]
        counts = [n for _, n in sorted(buckets)]
        assert counts == sorted(counts) and max(buckets)[0] == float("inf") and counts[-1] == count, (name, labels)
        assert labels in values[name + "_sum"]


def scrape(stack):
    answer = Api(stack.url).get("/metrics")
    assert answer.status == 200
    values = parse(answer.body.decode())
    assert values["drm_up"] == {(): 1}
    return values


def total(values, name, **labels):
    return sum(n for l, n in values.get(name, {}).items() if set(labels.items()) <= set(l))


def test_what_ran_is_counted_once_also_when_a_worker_is_killed(stack, lane, start):  # noqa: F811
    """The stack's worker runs nothing of protocol fake meanwhile: what is counted more is this lane's."""
    before = scrape(stack)

    def more(name, **labels):
        now = scrape(stack)
        for series, n in before.get(name, {}).items():
            assert now[name][series] >= n, "a counter went back"
        return total(now, name, **labels) - total(before, name, **labels)

    first = start()
    first.wait_ready()
    lane.wait("completed", *lane.put("echo", {"a": 1}, count=200))
    lane.wait("failed", *lane.put("fail", {"code": "made-up-by-a-tenant"}, count=3))
    lane.wait("failed", *lane.put("fail", {"code": "unreachable", "retryable": True}, count=2))
    lane.wait("failed", *lane.put("no-such", count=4))
    wait_until(lambda: more("drm_job_results_total", protocol="fake") == 209, TOLD_WITHIN)
    first.signal(signal.SIGKILL)
    first.wait()
    second = start()
    second.wait_ready()
    lane.wait("completed", *lane.put("echo", {"a": 2}, count=50))
    second.signal()  # what it counted last is told at its end
    assert second.wait() == 0
    assert len(lane.results()) == 259
    time.sleep(1.1)  # a scrape may be a second old
    assert more("drm_job_results_total", protocol="fake") == 259
    assert more("drm_job_results_total", protocol="fake", operation="echo", status="completed", code="") == 250
    assert more("drm_job_results_total", operation="fail", status="failed", code="other") == 3
    assert more("drm_job_results_total", operation="fail", status="failed", code="unreachable") == 2
    assert more("drm_job_results_total", operation="other", status="failed", code="unsupported") == 4
    assert more("drm_job_run_seconds_count", protocol="fake", operation="echo") == 250
    assert more("drm_job_run_seconds_count", protocol="fake", operation="fail") == 5
    assert more("drm_claimed_jobs_total", lane=lane.name) == 259
    assert more("drm_claim_seconds_count", lane=lane.name) > 1
    assert "made-up" not in str(scrape(stack))


def test_what_is_queued_by_lane_and_class(stack, platform, made):  # noqa: F811
    record, _, _ = made
    path = "/api/v1/tenants/" + record["id"]
    assert record["class"] == "standard"
    assert platform.call("PATCH", path, {"class": "gold"}).json()["class"] == "gold"
    for bad in ("", "Gold", "-x", "a b", "x" * 33, 'a"b', None):
        assert is_problem(platform.call("PATCH", path, {"class": bad}), 400)["field"] == "class"
    mine, name = Lane(stack), 'q"\\' + unique("lane")
    count = 20000
    ask(stack.env, "INSERT INTO drm.jobs (lane, tenant_id, id, protocol, operation, idempotent, exclusive, timeout_ms, created_at)"
                   " SELECT %s, CASE WHEN i = 1 THEN %s::uuid ELSE %s END, gen_random_uuid(), 'fake', 'echo', true, false, 1000, now() - interval '1 hour'"
                   " FROM generate_series(1, %s) i", (name, record["id"], mine.tenant, count + 1))
    label = name.replace("\\", "\\\\").replace('"', '\\"')
    try:
        wait_until(lambda: total(scrape(stack), "drm_queue_jobs", lane=label, **{"class": "gold"}) == 1, 60)
        values = scrape(stack)
        assert total(values, "drm_queue_jobs", lane=label, **{"class": "standard"}) == count
        assert 3600 <= total(values, "drm_queue_oldest_seconds", lane=label, **{"class": "gold"}) < 4200
        assert total(values, "drm_queue_tenants", lane=label) == 2 and values["drm_queue_whole"] == {(): 1}
    finally:
        ask(stack.env, "DELETE FROM drm.jobs WHERE lane = %s", (name,))
    empty = wait_until(lambda: [v for v in [scrape(stack)] if total(v, "drm_queue_jobs", lane=label) == 0], 60)[0]
    assert len([1 for labels in empty["drm_queue_jobs"] if ("lane", label) in labels]) == 2, "a queue that is empty tells so"


def test_a_worker_of_several_lanes_takes_turns(stack, lane, start):  # noqa: F811
    other = Lane(stack)
    worker = start("--lane", f"{lane.name},{other.name}", "--slots", 4)
    ident = worker.wait_ready()
    crowd, few = lane.put("sleep", {"ms": 50}, count=400), other.put("echo", {"a": 1}, count=4)
    other.wait("completed", *few)
    assert "queued" in lane.statuses(*crowd), "the few did not wait for the many"
    assert {row[2] for row in other.results()} == {ident}
    lane.wait("completed", *crowd)
    wait_until(lambda: total(scrape(stack), "drm_workers", lane=other.name) == 1, TOLD_WITHIN)


@pytest.mark.parametrize("lanes", ["", ",", "a,", ",".join(f"l{i}" for i in range(17)), "x" * 65])
def test_lanes_that_are_none_are_refused(stack, lanes):
    from test_worker import call
    done = call(stack, "--lane", lanes)
    assert done.returncode == 2 and "lane" in done.stderr, done

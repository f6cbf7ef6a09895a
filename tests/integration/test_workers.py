"""Workers as the platform's administrators see them, over REST and with drmctl: while they run, drain and are gone; and side by side."""
import os


from drmctl_support import Ctl
from http_support import wait_until
from job_support import ask, unique
from stack import database
from test_tenants import PASSWORD, platform  # noqa: F401
from test_worker import ENDS_WITHIN, Lane, lane, start  # noqa: F401


def listed(api, **filters):
    answer = api.get("/api/v1/workers?" + "&".join(f"{k}={v}" for k, v in filters.items()))
    assert answer.status == 200, answer
    return answer.json()["items"]


def one(api, lane, state):  # noqa: F811
    """The only worker of a lane, once it is in this state."""
    def look():
        found = listed(api, lane=lane.name)
        assert len(found) <= 1, found
        return found[0] if found and found[0]["state"] == state else None
    return wait_until(look, ENDS_WITHIN)


def test_a_worker_is_listed_as_what_it_is(platform, lane, start):  # noqa: F811
    worker = start("--slots", 7)
    ident = worker.wait_ready()
    shown = one(platform, lane, "alive")
    assert (shown["id"], shown["pid"], shown["slots"], shown["in_flight"]) == (ident, worker.process.pid, 7, 0)
    assert shown["host"] == os.uname().nodename and shown["version"] and shown["started_at"] and 0 <= shown["beat_age_ms"] < 30000
    worker.signal()
    assert worker.wait() == 0
    assert one(platform, lane, "gone")["id"] == ident


def test_a_worker_that_drains_says_so_and_ends_what_it_runs(platform, lane, start):  # noqa: F811
    worker = start("--grace", 60)
    worker.wait_ready()
    running = lane.put("sleep", {"ms": 6000})
    lane.wait_begun(*running)
    worker.signal()
    drains = one(platform, lane, "draining")
    assert drains["in_flight"] == 1
    # It takes no more, and goes on beating: nobody gives it up while it ends what it has.
    late = lane.put("echo", {"a": 1})
    wait_until(lambda: listed(platform, lane=lane.name)[0]["beat_at"] > drains["beat_at"], ENDS_WITHIN)
    assert worker.wait() == 0
    assert lane.statuses(*running, *late) == ["completed", "queued"]
    assert [row[3] for row in lane.results()] == [1]


def test_one_that_is_silent_is_gone_before_anybody_gave_it_up(stack, platform, lane):  # noqa: F811
    ident = ask(stack.env, "INSERT INTO drm.workers (id, host, pid, version, lane, slots, beat_at) VALUES (gen_random_uuid(), 'h', 1, '0',"
                " %s, 1, now() - interval '31 seconds') RETURNING id::text", (lane.name,))[0][0]
    assert one(platform, lane, "gone")["id"] == ident


def test_workers_share_a_lane_and_leave_another_alone(stack, platform, lane, start):  # noqa: F811
    other = Lane(stack)
    first, second = start("--slots", 4), start("--slots", 4)
    third = start("--lane", other.name)
    idents = {first.wait_ready(), second.wait_ready()}
    apart = third.wait_ready()
    jobs, elsewhere = lane.put("sleep", {"ms": 100}, count=60), other.put("echo", {"a": 1}, count=5)
    lane.wait("completed", *jobs)
    other.wait("completed", *elsewhere)
    assert {row[2] for row in lane.results()} == idents, "both had some"
    assert {row[2] for row in other.results()} == {apart}
    assert {row[3] for row in lane.results() + other.results()} == {1}
    assert {w["id"] for w in listed(platform, lane=lane.name)} == idents
    assert {w["id"] for w in listed(platform, lane=other.name, state="alive")} == {apart}
    assert listed(platform, lane=other.name, state="draining") == []


def test_drmctl_lists_workers_and_refuses_a_tenants_administrator(stack, lane, start, tmp_path):  # noqa: F811
    ident = start().wait_ready()
    ctl = Ctl(stack, tmp_path)
    email = unique("root") + "@operator.example"
    database.drmctl(stack.build, "init", "--platform", "--email", email, "--password-file", "-", env=stack.env, stdin=PASSWORD + "\n")
    ctl.ok("login", "--tenant", "platform", "--email", email, "--password-file", "-", input=PASSWORD)
    shown, = ctl.json("worker", "list", "--lane", lane.name)["items"]
    assert (shown["id"], shown["state"]) == (ident, "alive")
    assert lane.name in ctl.ok("worker", "list", "--all").stdout
    assert ctl.json("worker", "list", "--lane", lane.name, "--state", "gone")["items"] == []
    ctl.new_tenant()
    refused = ctl.run("worker", "list")
    assert refused.returncode == 3 and "your role does not allow this" in refused.stderr, refused.stderr

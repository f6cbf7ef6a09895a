"""drmctl schedule from outside: made, shown, run, taken away."""
import json

import pytest

from drmctl_support import Ctl


@pytest.fixture(scope="module")
def ctl(stack, tmp_path_factory):
    made = Ctl(stack, tmp_path_factory.mktemp("schedules"))
    made.ok("login", "--email", stack.email, "--password-file", "-", input=stack.password)
    device = made.json("device", "create", "scheduled-1", "--profile", '{"protocol":"fake"}')["id"]
    made.batch = json.dumps({"protocol": "fake", "operation": "echo", "device_ids": [device]})
    return made


def test_a_schedule_from_its_making_to_its_end(ctl):
    made = ctl.json("schedule", "add", "nightly", "--batch", ctl.batch, "--cron", "0 9 * * *", "--time-zone", "Asia/Tokyo", "--overlap", "queue")
    assert (made["overlap"], made["time_zone"], made["next_run_at"][10:]) == ("queue", "Asia/Tokyo", "T00:00:00Z")
    assert made["id"] in [s["id"] for s in ctl.json("schedule", "list", "--enabled", "true")["items"]]
    assert ctl.json("schedule", "show", made["id"])["name"] == "nightly"
    runs = ctl.ok("schedule", "next", made["id"], "--count", "3", "-o", "csv").stdout.splitlines()
    assert len(runs) == 4 and all(r.strip().endswith(" 09:00:00") and "T00:00:00Z" in r for r in runs[1:]), runs
    assert ctl.json("schedule", "disable", made["id"])["enabled"] is False
    assert ctl.json("schedule", "enable", made["id"])["enabled"] is True
    assert ctl.json("schedule", "run", made["id"])["schedule_id"] == made["id"]
    ctl.ok("schedule", "remove", made["id"], "--yes")
    assert ctl.run("schedule", "show", made["id"]).returncode == ctl.run("job", "show", made["id"]).returncode != 0


def test_what_is_wrong_is_told(ctl):
    for words, says in ((("--cron", "soon"), "cron: "), (("--cron", "@daily", "--every-ms", "5000"), "every_ms: "), ((), "start_at: "),
                        (("--every-ms", "1"), "every_ms: ")):
        done = ctl.run("schedule", "add", "wrong", "--batch", ctl.batch, *words)
        assert done.returncode != 0 and says in done.stderr, done

"""drmctl batch from outside: made, followed, told, repeated."""
import csv
import io
import json

import pytest

from drmctl_support import Ctl


@pytest.fixture(scope="module")
def ctl(stack, tmp_path_factory):
    made = Ctl(stack, tmp_path_factory.mktemp("batches"))
    made.ok("login", "--email", stack.email, "--password-file", "-", input=stack.password)
    made.devices = [made.json("device", "create", f"many-{i}", "--tag", "many", "--profile", '{"protocol":"fake"}')["id"] for i in range(3)]
    return made


def test_made_followed_and_told(ctl):
    done = ctl.run("batch", "create", "fake", "echo", "--tag", "many", "--params", '{"a":"=1"}', "--name", "first", "--wait")
    assert done.returncode == 0 and done.stdout.splitlines()[-1].startswith("100 %  completed  3 of 3"), done
    batch = ctl.json("batch", "list", "--status", "completed")["items"][0]
    assert (batch["name"], batch["total"], batch["completed"]) == ("first", 3, 3)
    lines = [json.loads(line) for line in ctl.ok("batch", "results", batch["id"]).stdout.splitlines()]
    assert [line["device_id"] for line in lines] == sorted(ctl.devices) and lines[0]["result"] == {"a": "=1"}
    rows = list(csv.DictReader(io.StringIO(ctl.ok("batch", "results", batch["id"], "-o", "csv").stdout, newline="")))
    assert [row["device"] for row in rows] == ["many-0", "many-1", "many-2"]
    assert ctl.run("batch", "cancel", batch["id"]).returncode == 5


def test_devices_by_name_and_from_a_file_and_what_failed_once_more(ctl, tmp_path):
    ids = tmp_path / "ids"
    ids.write_text("\n".join(ctl.devices[1:]) + "\n")
    done = ctl.run("batch", "create", "fake", "fail", "--device", "many-0", "--devices-file", str(ids), "--wait")
    assert done.returncode == 7 and "3 of its jobs did not complete" in done.stderr, done
    batch = ctl.json("batch", "list")["items"][0]
    again = ctl.json("batch", "retry", batch["id"])
    assert (again["retry_of"], again["total"]) == (batch["id"], 3)
    assert ctl.run("batch", "watch", again["id"]).returncode == 7


def test_held_until_resumed(ctl):
    made = ctl.json("batch", "create", "fake", "echo", "--tag", "many", "--run-at", "2999-01-01T00:00:00Z")
    assert ctl.json("batch", "pause", made["id"])["held"] == 3
    assert ctl.json("batch", "resume", made["id"])["status"] == "running"
    assert ctl.json("batch", "cancel", made["id"])["cancelled"] == 3
    assert ctl.run("batch", "watch", made["id"]).returncode == 7


@pytest.mark.parametrize("argv, code", [
    (["create", "fake", "echo"], 2), (["create", "fake", "echo", "--all-devices", "--tag", "x"], 2),
    (["create", "fake", "echo", "--tag", "nobody has this"], 2), (["create", "fake", "echo", "--device", "none-such"], 4),
    (["create", "fake", "echo", "--all-devices", "--wave", "0"], 2), (["show", "nonsense"], 4), (["results", "nonsense"], 4)])
def test_what_is_wrong_is_said(ctl, argv, code):
    done = ctl.run("batch", *argv)
    assert (done.returncode, done.stdout) == (code, ""), done

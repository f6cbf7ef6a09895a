"""What the test_stack*.py files share: `stack run` and `stack stop` on a state folder of one's own."""
import json
import os
import shutil
import subprocess
import urllib.request

import pytest
from http_support import ROOT, wait_until
from stack.fleet import temporary_folder
from stack.process import clean_environment, start_time

NAMES = ("POSTGRES", "REDIS", "SNMPD", "DRMD", "WORKER")
PROMISED = {"DRM_URL", "DRM_EMAIL", "DRM_PASSWORD", "DRM_TENANT", "DRM_DATABASE_URL", "DRM_ADMIN_DATABASE_URL", "DRM_APP_DATABASE_URL",
            "DRM_REDIS_URL", "DRM_SNMP_ADDRESS", "DRM_SNMP_COMMUNITY", "DRM_TRAP_ADDRESS", "DRM_DEVICE", *(f"DRM_PID_{name}" for name in NAMES)}


class Run:
    """One state folder and the commands on it."""

    def __init__(self, build, folder):
        self.build, self.folder = build, folder

    def argv(self, verb, *flags):
        build = ["--build", str(self.build)] if verb == "run" else []
        return ["/usr/bin/python3", "-P", "-m", "stack", verb, "--state", str(self.folder), *build, *flags]

    def environment(self, **more):
        return clean_environment(PYTHONPATH=str(ROOT / "scripts"), PYTHONDONTWRITEBYTECODE="1", **more)

    def call(self, verb, *flags, timeout=120, **more):
        return subprocess.run(self.argv(verb, *flags), env=self.environment(**more), text=True, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=timeout, check=False)

    def begin(self, *flags, output=subprocess.PIPE, **more):
        return subprocess.Popen(self.argv("run", *flags), env=self.environment(), text=True, stdin=subprocess.DEVNULL, stdout=output,
                                stderr=subprocess.STDOUT, **more)

    def detach(self, *flags, **more):
        done = self.call("run", "--detach", *flags, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def env(self):
        """DIR/env as a plain POSIX shell sees it."""
        shown = subprocess.run(["dash", "-eu", "-c", '. "$1"; env', "sh", str(self.folder / "env")], env={}, text=True, capture_output=True,
                               check=True).stdout
        return {k: v for k, _, v in (line.partition("=") for line in shown.splitlines()) if k.startswith("DRM_")}

    def pids(self):
        return {name: int(self.env()[f"DRM_PID_{name}"]) for name in NAMES}

    def supervisor(self):
        return json.loads((self.folder / "pids.json").read_text())["supervisor"][0]

    def said(self):
        return (self.folder / "log" / "supervisor.log").read_text()


def gone(pids):
    wait_until(lambda: not [pid for pid in pids if start_time(pid)], 30)


def healthy(url):
    with urllib.request.urlopen(url + "/readyz", timeout=10) as answer:
        return answer.status == 200


@pytest.fixture
def run(build):
    """A run of this test's own; whatever happens it is ended."""
    made = Run(build, temporary_folder())
    yield made
    made.call("stop")
    shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture
def second(build):
    made = Run(build, temporary_folder())
    yield made
    made.call("stop")
    shutil.rmtree(made.folder, ignore_errors=True)

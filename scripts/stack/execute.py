"""`python3 -m stack exec`: a command with private servers around it. ctest runs unit tests that need servers this way, and scripts/bench
runs drm-bench with the whole stack."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys

from . import signals
from .fleet import Fleet, temporary_folder
from .stack import Stack


def default_build():
    """Where the programs under test are: ctest tells it."""
    return pathlib.Path(os.environ.get("DRM_BUILD") or pathlib.Path(__file__).resolve().parents[2] / "build")


@contextlib.contextmanager
def whole_stack(build):
    """As scripts/run starts it, durable servers included, in a temporary folder."""
    folder = temporary_folder()
    stack = Stack(folder, build)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
        shutil.rmtree(folder, ignore_errors=True)


def run(options):
    build = options.build or default_build()
    if options.stack:
        around = whole_stack(build)
    else:
        around = Fleet(build, postgres=options.postgres, redis=options.redis, snmpd=options.snmpd, migrated=options.migrated)
    with around as servers:
        # What the caller set for the command stays, apart from what is ours to tell.
        return run_command(options.command, {**os.environ, **{name: str(value) for name, value in servers.env.items()}})


def run_command(command, environment):
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as error:
        print(f"stack: {command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    try:
        code = child.wait()
    except signals.Interrupted as interrupted:
        child.send_signal(interrupted.number)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        return 128 + interrupted.number
    return code if code >= 0 else 128 - code

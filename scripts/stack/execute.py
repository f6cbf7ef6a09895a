"""`python3 -m stack exec`: a command with private servers around it. ctest runs unit tests that need servers this way."""
import os
import pathlib
import subprocess
import sys

from . import signals
from .fleet import Fleet


def default_build():
    """Where the programs under test are: ctest tells it."""
    return pathlib.Path(os.environ.get("DRM_BUILD") or pathlib.Path(__file__).resolve().parents[2] / "build")


def run(options):
    with Fleet(options.build or default_build(), postgres=options.postgres, redis=options.redis, snmpd=options.snmpd,
               migrated=options.migrated) as fleet:
        # What the caller set for the command stays, apart from what is ours to tell.
        environment = {**os.environ, **fleet.env}
        try:
            child = subprocess.Popen(options.command, env=environment)
        except OSError as error:
            print(f"stack: {options.command[0]}: {error.strerror}", file=sys.stderr)
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

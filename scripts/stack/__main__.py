"""python3 -m stack: run, stop, exec. scripts/run and scripts/stop call the first two, ctest the third."""
import argparse
import pathlib
import signal
import sys

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a Ctrl-C while modules load ends it, without a traceback

from . import execute, run, signals
from .failure import Failure

ROOT = pathlib.Path(__file__).resolve().parents[2]


def folder(text):
    return pathlib.Path(text).absolute()


def address(text):
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r}: ADDRESS:PORT is wanted")
    return text


def parser():
    top = argparse.ArgumentParser(prog="stack", allow_abbrev=False, description="Private servers and whole stacks of drmgmt.")
    verbs = top.add_subparsers(dest="verb", required=True)

    r = verbs.add_parser("run", allow_abbrev=False, help="start a stack, do the demo job, supervise")
    r.set_defaults(action=run.run, default_state=ROOT / ".run")
    r.add_argument("--state", type=folder, default=ROOT / ".run")
    r.add_argument("--build", type=folder, default=ROOT / "build")
    r.add_argument("--listen", type=address)
    how = r.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true")
    how.add_argument("--detach", action="store_true")

    s = verbs.add_parser("stop", allow_abbrev=False, help="stop the stack of a state folder")
    s.set_defaults(action=run.stop)
    s.add_argument("--state", type=folder, default=ROOT / ".run")

    e = verbs.add_parser("exec", allow_abbrev=False, help="run a command with private servers, named in DRM_* variables")
    e.set_defaults(action=execute.run)
    for server in ("postgres", "redis", "snmpd"):
        e.add_argument(f"--{server}", action="store_true")
    e.add_argument("--migrated", action="store_true", help="PostgreSQL with schema, keyring and a tenant")
    e.add_argument("--stack", action="store_true", help="all of these, drmd, drm-worker and the demo device")
    e.add_argument("--build", type=folder, help="build folder (DRM_BUILD, or build/)")
    e.add_argument("command", nargs="+", metavar="COMMAND", help="after --")
    return top


def main():
    options = parser().parse_args()
    try:
        signals.install()
        return options.action(options)
    except Failure as failure:
        print(f"stack: {failure.explain()}", file=sys.stderr)
        return 1
    except PermissionError as error:
        print(f"stack: {error}: is it another user's?", file=sys.stderr)
        return 1
    except signals.Interrupted as interrupted:
        return 128 + interrupted.number


if __name__ == "__main__":
    sys.exit(main())

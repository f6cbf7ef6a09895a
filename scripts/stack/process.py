"""One child process with its log: started in a session of its own so that Ctrl-C does not reach it before us, told to end when
this process dies, stopped by process id with a deadline. servers.py and programs.py build on it."""
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import time

from . import signals
from .failure import Failure, tail

LOG_LIMIT = 64 << 20


def server_user():
    """Whom servers run as: None is ourselves; for root an unprivileged user, because PostgreSQL and PgBouncer refuse to be root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Failure("there is no user \"postgres\" or \"nobody\" to run servers as")


def clean_environment(**more):
    """Ours without what would steer libpq, net-snmp or our own programs from outside."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "DRM_", "SNMP", "MIB"))}
    kept.update(LC_ALL="C.UTF-8", TZ="UTC")
    kept.update(more)
    return kept


def start_time(pid):
    """Clock ticks since boot at which the process began: with the pid, what tells it from a later one. None when there is none."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def command(argv, user=None, death_signal=signal.SIGTERM):
    """argv under setpriv: another user where asked for, and a signal on our death even if that is a SIGKILL."""
    prefix = ["setpriv", "--pdeathsig", signal.Signals(death_signal).name[3:]]
    if user:
        prefix += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return [*prefix, "--", *map(str, argv)]


def wait_for(check, seconds, step=0.01):
    """What check() answers once that is true, or None after the time."""
    end = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            return None
        time.sleep(step)
        step = min(step * 1.5, 0.1)


def stop_recorded(pid, started, number, seconds):
    """Ends a process that may not be our child. True when it was there; one that has reused the id is left alone."""
    if start_time(pid) != started or started is None:
        return False
    for each in (number, signal.SIGKILL):
        try:
            os.kill(pid, each)
        except ProcessLookupError:
            return True
        if wait_for(lambda: start_time(pid) != started, seconds):
            return True
    raise Failure(f"process {pid} does not end, not even by SIGKILL")


class Process:
    """A named child. Subclasses give argv(), answers(), and what differs in stopping."""

    name = "process"
    stop_signal = signal.SIGTERM
    stop_seconds = 10
    start_seconds = 30
    hint = None
    user = None

    def __init__(self, log):
        self.log = pathlib.Path(log)
        self.child = None
        self.started = None
        self.offset = 0

    def argv(self):
        raise NotImplementedError

    def environment(self):
        return clean_environment()

    def answers(self):
        """Whether it serves by now."""
        return True

    @property
    def pid(self):
        return self.child.pid if self.child else None

    def exit_code(self):
        return self.child.poll() if self.child else None

    def alive(self):
        return self.child is not None and self.child.poll() is None

    def spawn(self):
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with signals.held(), open(self.log, "ab") as log:
            self.offset = log.tell()
            self.child = subprocess.Popen(command(self.argv(), self.user, self.stop_signal), stdin=subprocess.DEVNULL,
                                          stdout=log, stderr=log, env=self.environment(), cwd="/", start_new_session=True)
            self.started = start_time(self.child.pid)

    def wait_ready(self):
        if wait_for(lambda: not self.alive() or self.answers(), self.start_seconds) and self.alive():
            return
        if self.alive():
            what = f"{self.name} does not answer after {self.start_seconds} s"
            self.stop()
        else:
            what = f"{self.name} {how_it_ended(self.exit_code())} while starting"
        raise Failure(what, self.log, self.hint, self.offset)

    def start(self):
        self.spawn()
        self.wait_ready()

    def stop(self, number=None):
        """Ends it and waits; SIGKILL after the deadline. Returns False when that was needed."""
        if not self.child:
            return True
        clean = True
        if self.child.poll() is None:
            self.child.send_signal(number or self.stop_signal)
            try:
                self.child.wait(self.stop_seconds)
            except subprocess.TimeoutExpired:
                clean = False
                self.child.kill()
                self.child.wait()
        self.child = None
        return clean

    def last_lines(self, count=5):
        return tail(self.log, count, self.offset)

    def trim_log(self):
        """Logs are opened for appending, so that one grown too large can be emptied under its writer."""
        try:
            if self.log.stat().st_size > LOG_LIMIT:
                shutil.copyfile(self.log, f"{self.log}.1")
                os.truncate(self.log, 0)
                self.offset = 0
        except OSError:
            pass


def how_it_ended(code):
    if code is None:
        return "is running"
    if code >= 0:
        return f"ended with exit code {code}"
    return f"was ended by {signal.Signals(-code).name}"

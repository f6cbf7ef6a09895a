"""The state folder: a lock, what is remembered between starts (state.json), who runs now (pids.json), and env for people's shells."""
import contextlib
import fcntl
import json
import os
import pathlib
import shlex

from . import process
from .failure import Failure


ENV_ORDER = ("DRM_URL", "DRM_EMAIL", "DRM_PASSWORD", "DRM_TENANT", "DRM_DEVICE", "DRM_DATABASE_URL", "DRM_ADMIN_DATABASE_URL",
             "DRM_APP_DATABASE_URL", "DRM_REDIS_URL", "DRM_SNMP_ADDRESS", "DRM_SNMP_COMMUNITY", "DRM_TRAP_ADDRESS", "DRM_KEYRING", "DRM_SESSION")


def write_file(path, text):
    """Replaced as a whole, readable by its owner only, on disk before it takes the old one's place."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as f:
        f.write(text)
        f.flush()
        os.fsync(f.fileno())
    beside.replace(path)


def read_json(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Failure(f"{path} cannot be read: {error}", hint=f"rm -r {path.parent} starts afresh.") from error


def boot():
    """Start times count from the boot: they mean nothing after the next one."""
    with contextlib.suppress(OSError):
        return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


class State:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.log = self.folder / "log"
        self.env_file = self.folder / "env"
        self._lock = None
        self.memory = {}

    def open(self):
        """Takes the lock and reads what is remembered."""
        try:
            self.log.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Failure(f"the state cannot be kept in {self.folder}: {error.strerror}",
                          hint="Give another folder with --state DIR.") from error
        if not self.try_lock():
            raise Failure(f"a stack runs with its state in {self.folder} already",
                          hint="scripts/stop ends it; --state DIR starts another beside it.")
        self.memory = read_json(self.folder / "state.json")

    def try_lock(self):
        try:
            lock = open(self.folder / "lock", "a", encoding="ascii")  # held as long as it is open
        except OSError as error:
            raise Failure(f"{self.folder}/lock cannot be opened: {error.strerror}",
                          hint="Is it another user's? Give another folder with --state DIR.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True

    @property
    def locked(self):
        return self._lock is not None

    def close(self):
        if self._lock:
            self._lock.close()
            self._lock = None

    def save(self):
        write_file(self.folder / "state.json", json.dumps(self.memory, indent=1) + "\n")

    def write_env(self, values):
        text = "# Made by scripts/run; to be sourced: . " + shlex.quote(str(self.env_file)) + "\n"
        names = [name for name in ENV_ORDER if name in values] + [name for name in values if name not in ENV_ORDER]
        write_file(self.env_file, text + "".join(f"export {name}={shlex.quote(str(values[name]))}\n" for name in names))

    def forget_pids(self):
        """After the end: log-in and addresses stay in env, the ids of processes go."""
        if self.env_file.exists():
            lines = self.env_file.read_text(encoding="utf-8").splitlines(keepends=True)
            write_file(self.env_file, "".join(line for line in lines if not line.startswith("export DRM_PID_")))
        (self.folder / "pids.json").unlink(missing_ok=True)

    def record(self, processes):
        """Who runs now, so that a later start or stop finds them when this process was killed. {name: (pid, start time, signal)}"""
        me = os.getpid()
        write_file(self.folder / "pids.json", json.dumps(
            {"boot": boot(), "supervisor": [me, process.start_time(me)], "children": processes}) + "\n")

    def recorded(self):
        found = read_json(self.folder / "pids.json")
        return found if found.get("boot") == boot() else {}

    def stop_leftovers(self):
        """Ends children of a supervisor that was killed, in order. Returns their names. Needs the lock."""
        names = [name for name, (pid, started, number) in self.recorded().get("children", {}).items()
                 if process.stop_recorded(pid, started, number, 30)]
        self.forget_pids()
        return names

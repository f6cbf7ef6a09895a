"""What is injured: private servers, the proxies in front of them, drmd and workers, the double of the devices. Programs reach PostgreSQL,
Redis and devices, and clients reach drmd, through proxies only; this driver looks at PostgreSQL directly."""
import collections
import contextlib
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import psycopg2
from job_support import Tenant
from stack import database
from stack.failure import Failure
from stack.fleet import Fleet
from stack.process import Process, clean_environment, command, how_it_ended
from stack.programs import Drmd, Worker

HERE = pathlib.Path(__file__).resolve().parent
WORKERS = 3
TRIES = 5  # of starting something again
FILE_LIMIT = 64 << 10  # of PostgreSQL's files, where no disk can be filled
# Pages are written as a whole: a disk that is full may cut one. What WAL needs is small and given back soon.
POSTGRES = {"full_page_writes": "on", "min_wal_size": "32MB", "max_wal_size": "64MB", "wal_recycle": "off", "wal_init_zero": "on"}


class Double(Process):
    name = "device double"

    def __init__(self, folder):
        super().__init__(folder / "log" / "device.log")
        self.port, self.receipts, self.ready = 0, folder / "receipts", folder / "device.ready"

    def argv(self):
        return [sys.executable, HERE / "device.py", self.port, self.receipts, self.ready]

    def start(self):
        self.ready.unlink(missing_ok=True)
        super().start()
        self.port = int(self.ready.read_text(encoding="ascii"))

    def answers(self):
        return self.ready.exists()


class Proxies:
    """proxy.py, told what to do."""

    def __init__(self, folder, links):
        self.clients = folder / "clients"
        self.clients.touch()
        self.process = subprocess.Popen(command([sys.executable, HERE / "proxy.py", json.dumps(links), self.clients]), text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean_environment(), start_new_session=True)
        told = self.process.stdout.readline()
        if not told:
            raise Failure("the proxies do not start")
        self.ports = json.loads(told)

    def order(self, link, **what):
        self.process.stdin.write(json.dumps({"link": link, **what}) + "\n")
        self.process.stdin.flush()

    def stop(self):
        self.process.kill()
        self.process.wait()


class Disk:
    """PostgreSQL's disk: a small one of its own that can be filled, or, where none can be mounted, a limit on the size of its files."""

    def __init__(self, folder, megabytes):
        self.folder, self.filler = folder, folder / "filler"
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0711", "drmgmt-chaos", folder], check=False,
                              capture_output=True, text=True)
        self.mounted = done.returncode == 0
        self.how = (f"a tmpfs of {megabytes} MB is filled" if self.mounted else
                    f"files cannot grow past {FILE_LIMIT >> 10} kB (prlimit), because no tmpfs can be mounted: {done.stderr.strip()}")

    def _limit(self, postgres, size):
        """As the servers' user: another's limits are not even root's to change in a container."""
        for pid in {postgres.pid, *postgres._processes()}:
            subprocess.run(command(["prlimit", "--pid", pid, f"--fsize={size}:unlimited"], postgres.user), check=False, capture_output=True)

    def fill(self, postgres):
        if not self.mounted:
            self._limit(postgres, FILE_LIMIT)
            return
        with open(self.filler, "wb", buffering=0) as f, contextlib.suppress(OSError):
            while True:
                f.write(b"\0" * (1 << 20))

    def clear(self, postgres):
        if self.mounted:
            self.filler.unlink(missing_ok=True)
        elif postgres.alive():
            self._limit(postgres, "unlimited")

    def unmount(self):
        if self.mounted:
            subprocess.run(["umount", "-l", self.folder], check=False)


class World:
    """Context manager. `down` names what is away on purpose; whatever else has ended is started again by look_after()."""

    def __init__(self, build, megabytes):
        self.build = pathlib.Path(build)
        self.fleet = Fleet(self.build, migrated=True, redis=True)
        self.folder = self.fleet.folder
        self.disk = Disk(self.folder / "pg", megabytes)
        self.fleet.postgres.settings = POSTGRES
        self.down, self.ended, self.faults, self.begun, self.failed = set(), [], [], {}, collections.Counter()
        self.proxies = None
        self.processes = {}

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def _start(self):
        self.fleet.__enter__()
        self.postgres, self.redis = self.fleet.postgres, self.fleet.redis
        with self.superuser() as cursor:
            cursor.execute((HERE / "history.sql").read_text(encoding="utf-8"))
        self.double = Double(self.folder)
        self.double.start()
        workers = [f"worker{n}" for n in range(WORKERS)]
        links = {**{f"postgres of {name}": {"to": self.postgres.port} for name in ("drmd", *workers)},
                 "redis": {"to": str(self.redis.socket)}, "http": {"to": 0}, "device": {"to": self.double.port, "udp": True}}
        self.proxies = Proxies(self.folder, links)
        self.ports = self.proxies.ports
        log = self.folder / "log"
        self.processes = {"postgres": self.postgres, "redis": self.redis, "device": self.double,
                          "drmd": Drmd(self.build, log / "drmd.log", self._env("drmd"), self.folder)}
        self.processes["drmd"].start()
        self.proxies.order("http", to=self.processes["drmd"].port)
        for name in workers:
            (self.folder / name).mkdir()
            self.processes[name] = Worker(self.build / "tests" / "chaos", log / f"{name}.log", self._env(name), self.folder / name)
            self.processes[name].start()
        self.tenants = [Tenant(self.build, self.fleet.env, self.url) for _ in range(2)]

    def _env(self, name):
        """What a program is told: the ways through its proxies."""
        login = f"{database.APP}:{self.fleet.passwords[database.APP]}"
        return {**self.fleet.env, "DRM_REDIS_URL": f"redis://127.0.0.1:{self.ports['redis']}",
                "DRM_APP_DATABASE_URL": f"postgresql://{login}@127.0.0.1:{self.ports[f'postgres of {name}']}/drmgmt"}

    @property
    def url(self):
        return f"http://127.0.0.1:{self.ports['http']}"

    @contextlib.contextmanager
    def superuser(self):
        connection = psycopg2.connect(self.fleet.env["DRM_ADMIN_DATABASE_URL"])
        try:
            with connection, connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def ask(self, sql, *args):
        with self.superuser() as cursor:
            cursor.execute(sql, args)
            return cursor.fetchall()

    # ---- what injuries use ----

    def end(self, name, number):
        """Ends a process, which stays away until let()."""
        self.down.add(name)
        self.processes[name].stop(number)

    def let(self, name):
        self.down.discard(name)
        self.look_after()

    def signal(self, name, number):
        if self.processes[name].alive():
            self.processes[name].child.send_signal(number)

    def look_after(self):
        """Starts what has ended. A program that ended by itself is noted; one that crashed is a fault. In the main thread: a child is
        told when the thread that made it ends."""
        for name, process in self.processes.items():
            if name in self.down or process.alive() or self.begun.get(name, 0) > time.monotonic():
                continue
            if name == "postgres" and "disk" in self.down:
                continue  # it cannot come back yet
            if process.child is not None:
                self._note_end(name, process)
            self.begun[name] = time.monotonic() + 0.3
            try:
                if name in ("postgres", "redis", "device"):
                    process.start()
                else:
                    process.spawn()
                self.failed[name] = 0
            except Failure as failure:
                # Its port may be taken for a moment, while it is away.
                self.failed[name] += 1
                if self.failed[name] == TRIES:
                    self.faults.append(f"{name} does not start again: {failure.explain()}")

    def _note_end(self, name, process):
        how = how_it_ended(process.exit_code())
        self.ended.append(f"{name} {how}")
        if process.exit_code() < 0 and name != "postgres":
            self.faults.append(f"{name} {how} by itself:\n" + "\n".join(process.last_lines(20)))
        process.child = None

    def stop(self):
        for name, process in reversed(list(self.processes.items())):
            with contextlib.suppress(OSError):
                self.signal(name, signal.SIGCONT)
            if name not in ("postgres", "redis"):
                process.stop(signal.SIGKILL)
        if self.proxies:
            self.proxies.stop()
        self.fleet.postgres.stop("immediate")
        self.disk.unmount()
        self.fleet.stop()

    def keep_logs(self, folder):
        shutil.copytree(self.folder / "log", folder, dirs_exist_ok=True)

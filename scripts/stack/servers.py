"""The private servers: PostgreSQL, Redis, an SNMP agent, PgBouncer. Each lives in a folder of its own, has one log, listens on a
Unix socket or a free loopback port, and is ready when start() returns. Used by stack.py, exec and the test fixtures."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

from . import conninfo, snmp
from .failure import Failure
from .ports import free_port
from .process import Process, clean_environment, command, server_user, start_time, stop_recorded, wait_for

SUPERUSER = "postgres"
DATABASE = "drmgmt"

# Commits are durable in any case, also when the server is ended abruptly; in tests only the machine itself may not crash.
POSTGRES_COMMON = {
    "listen_addresses": "'127.0.0.1'", "max_connections": "100", "jit": "off", "unix_socket_permissions": "0700",
    "wal_level": "minimal", "max_wal_senders": "0", "log_line_prefix": "'%m [%p] %q%u '", "log_checkpoints": "off",
    "password_encryption": "'scram-sha-256'",
}
POSTGRES_DURABLE = {
    "shared_buffers": "256MB", "effective_cache_size": "1GB", "work_mem": "8MB", "maintenance_work_mem": "128MB",
    "wal_compression": "on", "max_wal_size": "4GB", "checkpoint_timeout": "15min", "random_page_cost": "1.1",
    "autovacuum_naptime": "10s", "autovacuum_max_workers": "2",
}
POSTGRES_FAST = {
    "shared_buffers": "64MB", "fsync": "off", "full_page_writes": "off", "max_wal_size": "1GB", "autovacuum_naptime": "10s",
}


def own(path, user, mode=0o700):
    """Makes a folder that belongs to the server's user."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    if user:
        shutil.chown(path, user.pw_uid, user.pw_gid)


def write_private(path, text, user):
    """A file that only its user reads: it may hold passwords. Replaced as a whole."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as f:
        f.write(text)
        if user:
            os.fchown(f.fileno(), user.pw_uid, user.pw_gid)
    beside.replace(path)


def postgres_binaries():
    """The newest PostgreSQL of Debian's, or the one on the PATH."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[4]))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    if on_path:
        return pathlib.Path(on_path).resolve().parent
    raise Failure("PostgreSQL's server is not installed", hint="Debian: apt-get install postgresql")


def binary(name, package):
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin")
    if not found:
        raise Failure(f"{name} is not installed", hint=f"Debian: apt-get install {package}")
    return found


def psql(url, sql, message, hint=None, rows=False):
    """Runs SQL text. The password travels in the environment and the text over stdin, where nobody else can read them."""
    done = subprocess.run([postgres_binaries() / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"],
                          input=sql, text=True, capture_output=True, check=False,
                          env=clean_environment(**conninfo.variables(url)))
    if done.returncode:
        raise Failure(f"{message}: {done.stderr.strip() or done.stdout.strip()}", hint=hint)
    return done.stdout.splitlines() if rows else None


class Postgres(Process):
    """A cluster with the database `drmgmt`, reached as the superuser by url(). Roles and schema are database.py's."""

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # fast: connections are cut, what was committed is written
    stop_seconds = 60
    start_seconds = 60

    def __init__(self, folder, log, password, sockets, durable=True, port=None):
        super().__init__(log)
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.sockets = pathlib.Path(sockets)
        self.password = password
        self.durable = durable
        self.user = server_user()
        self.port = port
        self.settled = False  # once it has served, others know the port
        self.settings = {}  # over the ones above

    def url(self, user=SUPERUSER, password=None, database=DATABASE):
        return f"postgresql://{user}:{password or self.password}@/{database}?host={self.sockets}&port={self.port}"

    def argv(self):
        return [postgres_binaries() / "postgres", "-D", self.data]

    def answers(self):
        with contextlib.suppress(OSError, IndexError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return int(lines[0]) == self.pid and lines[7].strip() == "ready"
        return False

    def exists(self):
        return (self.data / "PG_VERSION").exists()

    def initialise(self):
        """initdb, beside its place: one that is broken off leaves nothing that looks like a cluster."""
        own(self.folder, self.user)
        beside = self.folder / "data.new"
        shutil.rmtree(beside, ignore_errors=True)
        secret = self.folder / "password"
        write_private(secret, self.password + "\n", self.user)
        words = ["-U", SUPERUSER, "-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
                 "--no-instructions"]
        done = subprocess.run(command([postgres_binaries() / "initdb", "-D", beside, *words], self.user), cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env=clean_environment(), start_new_session=True, check=False)
        secret.unlink()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(done.stdout + done.stderr)
        if done.returncode:
            raise Failure(f"initdb failed with exit code {done.returncode}", self.log)
        beside.rename(self.data)

    def _configure(self):
        settings = {**POSTGRES_COMMON, **(POSTGRES_DURABLE if self.durable else POSTGRES_FAST), **self.settings,
                    "port": str(self.port), "unix_socket_directories": f"'{self.sockets}'"}
        text = "# Written at every start.\n" + "".join(f"{k} = {v}\n" for k, v in settings.items())
        write_private(self.data / "postgresql.auto.conf", text, self.user)

    def _processes(self):
        """Of this cluster: they all stand in its folder."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink() == self.data:
                    found.append(int(entry.name))
        return found

    def _clear_lock(self):
        """Ends what an earlier life left. A lock file alone, whose process id may be another's by now (as after a restart of a
        container), must not keep the server from starting; it may go only when nobody works on the data."""
        for pid in self._processes():
            stop_recorded(pid, start_time(pid), signal.SIGINT, self.stop_seconds)
        if not wait_for(lambda: not self._processes(), 30):
            raise Failure(f"processes of another PostgreSQL use {self.data}: {self._processes()}")
        with contextlib.suppress(OSError):
            (self.data / "postmaster.pid").unlink()

    def start(self):
        if not self.exists():
            self.initialise()
        own(self.sockets, self.user)
        self._clear_lock()
        for attempt in range(5):
            if not self.settled:
                self.port = free_port(self.port if attempt == 0 else None)
            self._configure()
            try:
                super().start()
                break
            except Failure as failure:
                taken = any("could not bind" in line for line in failure.lines)
                if not taken or attempt == 4:
                    raise
        self.settled = True
        if not psql(self.url(database="postgres"), f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'",
                    "PostgreSQL does not answer", rows=True):
            psql(self.url(database="postgres"), f"CREATE DATABASE {DATABASE}", "the database cannot be created")

    def stop(self, number=None):
        """number: a signal, or PostgreSQL's word for it: "smart", "fast", "immediate"."""
        modes = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
        return super().stop(modes.get(number, number))


class Redis(Process):
    name = "Redis"

    def __init__(self, folder, log, sockets, durable=True):
        super().__init__(log)
        self.folder = pathlib.Path(folder)
        self.sockets = pathlib.Path(sockets)
        self.socket = self.sockets / "redis"
        self.durable = durable
        self.user = server_user()

    @property
    def url(self):
        return f"unix://{self.socket}"

    def argv(self):
        return [binary("redis-server", "redis-server"), self.folder / "redis.conf"]

    def start(self):
        own(self.folder, self.user)
        own(self.sockets, self.user)
        keep = "yes" if self.durable else "no"
        write_private(self.folder / "redis.conf", f'port 0\nunixsocket "{self.socket}"\nunixsocketperm 700\ndaemonize no\n'
                      f'dir "{self.folder}"\nappendonly {keep}\nappendfsync everysec\nsave ""\ndatabases 16\n', self.user)
        self.socket.unlink(missing_ok=True)
        super().start()

    def command(self, *words, timeout=5):
        """One command and its answer as text; for status and errors that is the line itself."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(timeout)
            s.connect(str(self.socket))
            parts = [str(word).encode() for word in words]
            s.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
            with s.makefile("rb") as f:
                line = f.readline().rstrip(b"\r\n")
                if line[:1] == b"$" and int(line[1:]) >= 0:
                    return f.read(int(line[1:])).decode(errors="replace")
                return line.decode(errors="replace")

    def answers(self):
        try:
            return self.command("PING", timeout=1) == "+PONG"
        except OSError:
            return False


class Snmpd(Process):
    """A real agent with a description of our own choosing, so that nothing else can pass for its answer."""

    name = "snmpd"

    def __init__(self, folder, log, community, description, port=None):
        super().__init__(log)
        self.folder = pathlib.Path(folder)
        self.community = community
        self.description = description
        self.port = port
        self.settled = False
        self.user = server_user()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def argv(self):
        return [binary("snmpd", "snmpd"), "-f", "-r", "-Lo", "-C", "-c", self.folder / "agent.conf", "-I", "-smux"]

    def environment(self):
        return clean_environment(MIBS="", SNMPCONFPATH=str(self.folder), SNMP_PERSISTENT_DIR=str(self.folder))

    def start(self):
        own(self.folder, self.user)
        for attempt in range(5):
            if not self.settled:
                self.port = free_port(self.port if attempt == 0 else None, socket.SOCK_DGRAM)
            write_private(self.folder / "agent.conf", f"agentaddress udp:{self.address}\n"
                          f"rocommunity {self.community} 127.0.0.1\nsysdescr {self.description}\nsysname drmgmt-demo\n"
                          "syslocation drmgmt\nsyscontact admin@example.net\ndontLogTCPWrappersConnects yes\n"
                          f"[snmp] persistentDir {self.folder}\n", self.user)
            try:
                super().start()
                self.settled = True
                return
            except Failure as failure:
                if attempt == 4 or not any(re.search("in use|opening specified endpoint", line) for line in failure.lines):
                    raise

    def answers(self):
        return snmp.sys_descr(self.port, self.community) is not None


class PgBouncer(Process):
    """A pooler in transaction mode in front of a Postgres, for log-ins given as {name: password}."""

    name = "PgBouncer"
    stop_signal = signal.SIGINT

    def __init__(self, folder, log, postgres, users, pool_size=4):
        super().__init__(log)
        self.folder = pathlib.Path(folder)
        self.postgres = postgres
        self.users = users
        self.pool_size = pool_size
        self.user = server_user()
        self.port = None

    def url(self, user, database=DATABASE):
        return f"postgresql://{user}:{self.users[user]}@127.0.0.1:{self.port}/{database}"

    def argv(self):
        return [binary("pgbouncer", "pgbouncer"), self.folder / "pgbouncer.ini"]

    def start(self):
        own(self.folder, self.user)
        write_private(self.folder / "users.txt", "".join(f'"{u}" "{p}"\n' for u, p in self.users.items()), self.user)
        for attempt in range(5):
            self.port = free_port()
            write_private(self.folder / "pgbouncer.ini",
                          f"[databases]\n* = host={self.postgres.sockets} port={self.postgres.port}\n[pgbouncer]\n"
                          f"listen_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\nauth_type = scram-sha-256\n"
                          f"auth_file = {self.folder}/users.txt\npool_mode = transaction\ndefault_pool_size = {self.pool_size}\n"
                          "max_client_conn = 200\n", self.user)
            try:
                super().start()
                return
            except Failure as failure:
                if attempt == 4 or not any("in use" in line for line in failure.lines):
                    raise

    def answers(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        return False

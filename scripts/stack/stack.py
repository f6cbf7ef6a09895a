"""The whole of it: servers, schema, tenant, drmd, drm-worker, the demo device. run.py supervises one; the tests' fixture uses one."""
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile

from . import database, demo, given
from .client import Client
from .failure import Failure
from .ports import free_port
from .process import command, server_user
from .programs import Drmd, Worker
from .servers import Postgres, Redis, Snmpd
from .state import State
from .steps import Steps

TENANT, EMAIL = "demo", "admin@example.net"
LOOPBACK = "127.0.0.0/8"  # where the demo agent listens: closed to tenants unless a rule of theirs allows it
SOCKET_FOLDER_LIMIT = 85  # of the 107 characters of a socket's path, less PostgreSQL's file name


def reachable(folder, user):
    """Whether the servers' user can get there: a checkout under /root is closed to it."""
    return user is None or subprocess.run(command(["test", "-x", folder], user), cwd="/", check=False).returncode == 0


class Stack:
    """start() brings everything up, stop() ends it. Processes by name: postgres, redis, snmpd (where they are private), drmd, worker."""

    def __init__(self, state, build, listen=None, durable=True, steps=None, environment=None):
        self.state = State(state)
        self.build = pathlib.Path(build)
        self.listen, self.durable = listen, durable
        self.steps = steps or Steps(quiet=True)
        self.given, self.remark = given.servers(environment or {})
        self.env = {}
        self.processes = {}
        self.place = {}
        self.new_tenant = False
        self.postgres = self.redis = self.snmpd = self.drmd = self.worker = None
        self._sockets = None

    # ---- what tests ask for ----

    @property
    def url(self):
        return self.drmd.url

    @property
    def email(self):
        return self.env["DRM_EMAIL"]

    @property
    def password(self):
        return self.env["DRM_PASSWORD"]

    @property
    def tenant(self):
        return self.env["DRM_TENANT"]

    @property
    def device(self):
        return self.env["DRM_DEVICE"]

    def login(self):
        """A new access token of the administrator."""
        return Client(self.url).login(self.email, self.password, self.tenant)

    def pid(self, name):
        return self.processes[name].pid

    def kill(self, name, number=signal.SIGKILL):
        """Ends a process abruptly and waits until it is gone. Nobody starts it again."""
        return self.processes[name].stop(number)

    def restart(self, name, number=None):
        process = self.processes[name]
        process.stop(number)
        process.start()
        self.publish()

    def drmctl(self, *words, input=None, env=None, timeout=120):
        return database.drmctl(self.build, *words, env={**self.env, **(env or {})}, stdin=input, check=False, timeout=timeout)

    # ---- up ----

    def start(self):
        self.state.open()
        left = self.state.stop_leftovers()
        if left:
            self.steps.say(f"{'':12}ended what a stack that was killed left behind: {', '.join(left)}")
        if self.remark:
            self.steps.say(f"{'':12}{self.remark}")
        self.record()
        self._start_servers()
        self._prepare_database()
        self._start_programs()
        with self.steps.step("registered the agent as a device") as step:
            self.env["DRM_DEVICE"] = demo.register(self)
            step.text = f"registered the agent as device \"{demo.DEVICE}\" (drmctl device create)"
        self.publish()

    def run(self, name, process):
        """Starts one and writes down that it runs, also when it then does not answer."""
        self.processes[name] = process
        process.start()
        self.record()

    def _folder(self, name):
        """Where a server keeps its data: in the state folder, or, when its user cannot get there, beside the system's."""
        user = server_user()
        if reachable(self.state.folder, user):
            return self.state.folder / name
        base = self.state.memory.setdefault("outside", f"/var/lib/drmgmt-run/{secrets.token_hex(6)}")
        pathlib.Path(base).mkdir(parents=True, exist_ok=True)
        link = self.state.folder / name
        if not link.is_symlink():
            link.symlink_to(f"{base}/{name}")
        return pathlib.Path(base) / name

    def _socket_folder(self):
        """Short enough for a socket's path: in the state folder, or where that lies too deep a temporary one."""
        last = pathlib.Path(self.state.memory.pop("sockets", "/nonexistent"))
        if last.is_dir() and not last.is_symlink() and last.stat().st_uid in (os.geteuid(), getattr(server_user(), "pw_uid", None)):
            shutil.rmtree(last)  # of a stack that was killed
        folder = self._folder("sockets")
        if len(str(folder)) > SOCKET_FOLDER_LIMIT:
            folder = pathlib.Path(tempfile.mkdtemp(prefix="drm-", dir="/tmp"))
            self.state.memory["sockets"] = str(folder)
        self._sockets = folder
        return folder

    def _start_servers(self):
        memory, log = self.state.memory, self.state.log
        ports = memory.setdefault("ports", {})
        memory.setdefault("superuser_password", database.new_password())
        memory.setdefault("community", secrets.token_hex(12))
        memory.setdefault("description", f"drmgmt demo agent {secrets.token_hex(4)}")
        memory["private"] = [n for n, v in (("postgres", "DRM_DATABASE_URL"), ("redis", "DRM_REDIS_URL")) if v not in self.given]
        sockets = self._socket_folder()
        if "postgres" in memory["private"]:
            self.postgres = Postgres(self._folder("postgres"), log / "postgres.log", memory["superuser_password"], sockets,
                                     self.durable, ports.get("postgres"))
        if "redis" in memory["private"]:
            self.redis = Redis(self._folder("redis"), log / "redis.log", sockets, self.durable)
        self.snmpd = Snmpd(self._folder("snmpd"), log / "snmpd.log", memory["community"], memory["description"], ports.get("snmpd"))
        self.state.save()
        self._start_postgres()
        self._start_redis()
        with self.steps.step("started the SNMP agent") as step:
            self.run("snmpd", self.snmpd)
            step.text += f", the demo device (UDP {self.snmpd.address})"
        ports["snmpd"] = self.snmpd.port
        self.env.update(DRM_SNMP_ADDRESS=self.snmpd.address, DRM_SNMP_COMMUNITY=memory["community"])
        self.state.save()

    def _start_postgres(self):
        if not self.postgres:
            self.steps.say(f"{'':12}PostgreSQL: the one of DRM_DATABASE_URL")
            return
        first = not self.postgres.exists()
        if first:
            self.state.memory.setdefault("databases", {}).pop("private", None)
        with self.steps.step("created and started PostgreSQL" if first else "started PostgreSQL") as step:
            self.run("postgres", self.postgres)
            self.state.memory["ports"]["postgres"] = self.postgres.port
            step.text += f" (127.0.0.1:{self.postgres.port} and a Unix socket)"
            if self.postgres.folder.parent != self.state.folder:
                step.text += f"; its data is in {self.postgres.folder}, because its user may not enter {self.state.folder}"

    def _start_redis(self):
        if not self.redis:
            self.steps.say(f"{'':12}Redis: the one of DRM_REDIS_URL")
            self.env["DRM_REDIS_URL"] = self.given["DRM_REDIS_URL"]
            return
        with self.steps.step("started Redis (a Unix socket)"):
            self.run("redis", self.redis)
        self.env["DRM_REDIS_URL"] = self.redis.url

    # ---- database ----

    def _prepare_database(self):
        places = self.state.memory.setdefault("databases", {})
        key = given.identity(self.given["DRM_DATABASE_URL"]) if not self.postgres else "private"
        self.place = places.setdefault(key, {})
        with self.steps.step("database and its roles ready"):
            if self.postgres:
                self._private_urls()
            else:
                self.env.update(DRM_DATABASE_URL=self.given["DRM_DATABASE_URL"],
                                DRM_APP_DATABASE_URL=given.app_url(self.given, self.place))
            self.state.save()
        with self.steps.step("schema up to date (drmctl db migrate)"):
            self._drmctl("db", "migrate")
        self.env["DRM_KEYRING"] = self.given.get("DRM_KEYRING") or str(self.state.folder / "keyring")
        self.env["DRM_SESSION"] = str(self.state.folder / "session")
        if "tenant" not in self.place:
            self._find_tenant()
        self.env.update(DRM_TENANT=self.place["tenant"], DRM_EMAIL=self.place["email"], DRM_PASSWORD=self.place["password"])

    def _private_urls(self):
        passwords = self.place.setdefault("passwords", {})
        if database.MIGRATE not in passwords:
            passwords = {role: database.new_password() for role in (database.APP, database.MIGRATE)}
            database.create_roles(self.postgres.url(), passwords)
            self.place["passwords"] = passwords
        self.env.update(DRM_ADMIN_DATABASE_URL=self.postgres.url(),
                        DRM_DATABASE_URL=self.postgres.url(database.MIGRATE, passwords[database.MIGRATE]),
                        DRM_APP_DATABASE_URL=self.postgres.url(database.APP, passwords[database.APP]))

    def _find_tenant(self):
        """A tenant with an administrator: made now, or, with a password given, the one that exists."""
        tenant, email = self.given.get("DRM_TENANT", TENANT), self.given.get("DRM_EMAIL", EMAIL)
        password = self.given.get("DRM_PASSWORD")
        if not password:
            # Written down first: a start that is broken off behind drmctl must not lose the password.
            again = "new_password" in self.place
            password = self.place.setdefault("new_password", database.new_password())
            self.state.save()
            with self.steps.step(f"created the keyring, tenant \"{tenant}\" and administrator {email} (drmctl init)"):
                self._create_tenant(tenant, email, password, again)
            self.steps.say(f"{'':12}jobs of tenant \"{tenant}\", and of no other, may reach {LOOPBACK} (drmctl outbound list)")
            self.new_tenant = True
        self.place.pop("new_password", None)
        self.place.update(tenant=tenant, email=email, password=password)
        self.state.save()

    def _create_tenant(self, tenant, email, password, again):
        try:
            self._drmctl("init", "--tenant", tenant, "--email", email, "--password-file", "-", "--outbound-allow", LOOPBACK,
                         stdin=password + "\n")
        except Failure as failure:
            if again and self._drmctl("login", "--tenant", tenant, "--email", email, "--password-file", "-", stdin=password + "\n",
                                      check=False).returncode == 0:
                return
            if not self.postgres:
                failure.hint = ("For a database that has a keyring and tenants already set DRM_KEYRING, and DRM_TENANT DRM_EMAIL "
                                "DRM_PASSWORD to an administrator, or only DRM_TENANT and DRM_EMAIL for one to be made.")
            raise

    def _drmctl(self, *words, **more):
        return database.drmctl(self.build, *words, env=self.env, log=self.state.log / "drmctl.log", **more)

    # ---- programs ----

    def _start_programs(self):
        ports, folder, log = self.state.memory["ports"], self.state.folder, self.state.log
        self.drmd = Drmd(self.build, log / "drmd.log", self.env, folder, self.listen, ports.get("drmd"))
        ports["traps"] = free_port(ports.get("traps"), socket.SOCK_DGRAM)
        self.env["DRM_TRAP_ADDRESS"] = f"127.0.0.1:{ports['traps']}"
        self.worker = Worker(self.build, log / "drm-worker.log", self.env, folder, self.env["DRM_TRAP_ADDRESS"])
        with self.steps.step("started drmd") as step:
            self.run("drmd", self.drmd)
            ports["drmd"] = self.drmd.port
            step.text += f" ({self.drmd.url})"
        with self.steps.step("started drm-worker"):
            self.run("worker", self.worker)

    def record(self):
        self.state.record({name: (p.pid, p.started, int(p.stop_signal)) for name, p in reversed(self.processes.items()) if p.alive()})

    def publish(self):
        """Writes DIR/env anew: ids of processes change."""
        self.record()
        self.state.save()
        self.env.update(DRM_URL=self.drmd.url, DRM_STATE=str(self.state.folder))
        pids = {f"DRM_PID_{name.upper()}": str(p.pid) for name, p in self.processes.items() if p.alive()}
        for name in [k for k in self.env if k.startswith("DRM_PID_")]:
            del self.env[name]
        self.env.update(pids)
        self.state.write_env(self.env)

    # ---- down ----

    def stop(self):
        """Programs first, so that they can finish with their servers. Returns the names of those that had to be killed."""
        late = [name for name, process in reversed(self.processes.items()) if not process.stop()]
        self.processes = {}
        if self._sockets and self._sockets.parent != self.state.folder:
            shutil.rmtree(self._sockets, ignore_errors=True)
        if self.state.locked:
            self.state.forget_pids()
            self.state.close()
        return late

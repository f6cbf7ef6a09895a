"""Private servers in a temporary folder for one command or one test session: `python3 -m stack exec` and the fixture `database`.
Fast rather than durable, and gone without a trace afterwards."""
import pathlib
import secrets
import shutil
import tempfile

from . import database
from .process import clean_environment
from .servers import Postgres, Redis, Snmpd

TENANT, EMAIL = "demo", "admin@example.net"


def temporary_folder():
    """Short, because a Unix socket's path has room for 107 characters, and to be entered by the servers' user."""
    base = tempfile.gettempdir()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="drm-", dir=base if len(base) < 40 else "/tmp"))
    folder.chmod(0o711)
    return folder


class Fleet:
    """Context manager: starts what is asked for; env names it in DRM_* variables."""

    def __init__(self, build, postgres=False, redis=False, snmpd=False, migrated=False):
        self.build = pathlib.Path(build)
        self.folder = temporary_folder()
        self.log = self.folder / "log"
        self.env = {}
        sockets = self.folder / "s"
        self.migrated = migrated
        self.passwords = {database.APP: database.new_password(), database.MIGRATE: database.new_password()}
        self.postgres = Postgres(self.folder / "pg", self.log / "postgres.log", database.new_password(), sockets,
                                 durable=False) if postgres or migrated else None
        self.redis = Redis(self.folder / "redis", self.log / "redis.log", sockets, durable=False) if redis else None
        self.snmpd = Snmpd(self.folder / "snmpd", self.log / "snmpd.log", secrets.token_hex(8),
                           f"drmgmt test agent {secrets.token_hex(4)}") if snmpd else None

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
        for server in (self.redis, self.snmpd, self.postgres):
            if server:
                server.start()
        if self.redis:
            self.env["DRM_REDIS_URL"] = self.redis.url
        if self.snmpd:
            self.env.update(DRM_SNMP_ADDRESS=self.snmpd.address, DRM_SNMP_COMMUNITY=self.snmpd.community)
        if self.postgres:
            self._prepare_database()

    def _prepare_database(self):
        admin = self.postgres.url()
        database.create_roles(admin, self.passwords)
        self.env.update(DRM_ADMIN_DATABASE_URL=admin,
                        DRM_DATABASE_URL=self.postgres.url(database.MIGRATE, self.passwords[database.MIGRATE]),
                        DRM_APP_DATABASE_URL=self.postgres.url(database.APP, self.passwords[database.APP]),
                        DRM_KEYRING=str(self.folder / "keyring"), DRM_SESSION=str(self.folder / "session"))
        if self.migrated:
            self.env.update(DRM_TENANT=TENANT, DRM_EMAIL=EMAIL, DRM_PASSWORD=database.new_password())
            log = self.log / "drmctl.log"
            database.drmctl(self.build, "db", "migrate", env=self.env, log=log)
            database.drmctl(self.build, "init", "--tenant", TENANT, "--email", EMAIL, "--password-file", "-", env=self.env, log=log,
                            stdin=self.env["DRM_PASSWORD"] + "\n")

    def drmctl(self, *words, env=None, **more):
        return database.drmctl(self.build, *words, env={**self.env, **(env or {})}, log=self.log / "drmctl.log", **more)

    def environment(self):
        """For a command that runs with these servers."""
        return clean_environment(**self.env)

    def stop(self):
        for server in (self.snmpd, self.redis, self.postgres):
            if server:
                # Nothing is kept, so PostgreSQL need not write a checkpoint.
                server.stop("immediate" if server is self.postgres else None)
        shutil.rmtree(self.folder, ignore_errors=True)

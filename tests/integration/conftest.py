"""Fixtures of the integration tests: a whole stack, or a database alone, private and in temporary folders. On scripts/stack, as
scripts/run is; DRM_BUILD names the build under test."""
import os
import pathlib
import shutil
import signal
import sys

import psycopg2
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from fixture_support import explained, running  # noqa: E402
from job_support import Tenant  # noqa: E402
from stack.fleet import Fleet, temporary_folder  # noqa: E402
from stack.stack import Stack  # noqa: E402


def _end(_number, _frame):
    raise KeyboardInterrupt


# ctest's time limit and a closed terminal end a run by signal: servers are to be stopped then as well.
signal.signal(signal.SIGTERM, _end)
signal.signal(signal.SIGHUP, _end)


def sanitizer_reports(folder):
    """What AddressSanitizer or UndefinedBehaviorSanitizer wrote into the logs of a stack."""
    return [f"{log.name}: {line}" for log in folder.glob("log/*.log") for line in log.read_text(errors="replace").splitlines()
            if "Sanitizer" in line or ": runtime error: " in line]


@pytest.fixture(scope="session")
def build():
    """The build folder under test."""
    return pathlib.Path(os.environ.get("DRM_BUILD") or ROOT / "build")


@pytest.fixture(scope="session")
def stack(build):
    """PostgreSQL, Redis, snmpd, drmd and drm-worker, with a tenant and the agent as a device. Nobody restarts what a test ends:
    kill(name), restart(name), pid(name) with postgres, redis, snmpd, drmd, worker."""
    folder = temporary_folder()
    try:
        with running(Stack(folder, build, durable=False)) as made:
            yield made
    finally:
        reports = sanitizer_reports(folder)
        shutil.rmtree(folder, ignore_errors=True)
    assert not reports, "\n".join(reports)


@pytest.fixture(scope="module")
def tenant(stack):
    """A tenant of this file's own."""
    return Tenant(stack.build, stack.env, stack.url)


@pytest.fixture(scope="module")
def other(stack):
    """A second one, which is not to see the first one's."""
    return Tenant(stack.build, stack.env, stack.url)


@pytest.fixture(scope="module")
def where(stack):
    """Where the stack's worker listens for traps."""
    return stack.env["DRM_TRAP_ADDRESS"]


@pytest.fixture
def api(tenant):
    """A client of that tenant's administrator."""
    client = tenant.api()
    yield client
    client.close()


class Database(Fleet):
    """A migrated PostgreSQL with keyring and tenant, and no programs; .postgres is the server."""

    def admin(self):
        """As the superuser."""
        return psycopg2.connect(self.env["DRM_ADMIN_DATABASE_URL"])

    def app(self):
        """As the application's role, without any seal."""
        return psycopg2.connect(self.env["DRM_APP_DATABASE_URL"])

    def drmctl(self, *words, input=None, env=None, check=False, **more):
        return super().drmctl(*words, stdin=input, env=env, check=check, **more)


@pytest.fixture(scope="session")
def database(build):
    with explained(), Database(build, migrated=True) as made:
        yield made

"""From an empty database to one with roles, schema, keyring and a tenant: what a program needs before it starts. Used by stack.py,
exec and the test fixtures."""
import pathlib
import secrets
import subprocess

from .failure import Failure
from .process import clean_environment
from .servers import psql

ROOT = pathlib.Path(__file__).resolve().parents[2]
APP, MIGRATE = "drm_app", "drm_migrate"


def new_password():
    return secrets.token_urlsafe(18)


def create_roles(admin_url, passwords):
    """The roles of sql/roles.sql with these passwords, {role: password}; as a superuser or one that may create roles."""
    hint = "DRM_DATABASE_URL must be a log-in that owns the database and may create roles (or is a superuser)."
    psql(admin_url, (ROOT / "sql/roles.sql").read_text(encoding="utf-8"), "the roles cannot be created", hint)
    psql(admin_url, "".join(f"ALTER ROLE {role} PASSWORD '{word}';\n" for role, word in passwords.items()),
         "the roles' passwords cannot be set", hint)


def drmctl(build, *words, env=None, stdin=None, log=None, check=True, timeout=120):
    """Runs the drmctl of a build folder. With check, a failure carries its own message."""
    program = pathlib.Path(build) / "drmctl" / "drmctl"
    if not program.exists():
        raise Failure(f"{program} is missing", hint="Build it: cmake --build " + str(build))
    source = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    try:
        done = subprocess.run([program, *map(str, words)], text=True, capture_output=True, timeout=timeout, check=False,
                              env=clean_environment(**(env or {})), **source)
    except subprocess.TimeoutExpired:
        raise Failure(f"drmctl {' '.join(map(str, words[:2]))} has not ended after {timeout} s", log) from None
    if log:
        with open(log, "a", encoding="utf-8") as f:
            f.write(f"$ drmctl {' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    if check and done.returncode:
        said = done.stderr.strip() or done.stdout.strip()
        raise Failure(f"drmctl {' '.join(map(str, words[:2]))} failed with exit code {done.returncode}: {said}")
    return done

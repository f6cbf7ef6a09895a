"""Servers given in the environment in place of private ones, and telling them from what an earlier `. DIR/env` left there."""
import pathlib

from . import conninfo, state
from .database import APP, create_roles, new_password
from .failure import Failure
from .servers import psql

NAMES = ("DRM_DATABASE_URL", "DRM_APP_DATABASE_URL", "DRM_REDIS_URL", "DRM_KEYRING", "DRM_TENANT", "DRM_EMAIL", "DRM_PASSWORD")


def servers(environment):
    """(what counts of the environment, a remark or None). A sourced DIR/env names that stack's private servers; these are no wish."""
    found = {name: environment[name] for name in NAMES if environment.get(name)}
    sourced = environment.get("DRM_STATE")
    if not sourced or not found:
        return found, None
    private = state.read_json(pathlib.Path(sourced) / "state.json").get("private", [])
    ours = {"postgres": "DRM_DATABASE_URL", "redis": "DRM_REDIS_URL"}
    dropped = [ours[name] for name in private if ours[name] in found]
    for name in dropped:
        del found[name]
    if "DRM_DATABASE_URL" in dropped:
        found = {k: v for k, v in found.items() if k == "DRM_REDIS_URL"}
    return found, f"{' and '.join(dropped)} in the environment come from {sourced}/env: not used" if dropped else None


def identity(url):
    """What a database is remembered by: its address without the log-in."""
    p = conninfo.parts(url)
    return f"{p.get('host', 'localhost')}:{p.get('port', '5432')}/{p.get('dbname', p.get('user', ''))}"


def app_url(given, place):
    """The application's log-in for a database that is not ours: given, remembered, or made now when the role does not exist yet."""
    url = given["DRM_DATABASE_URL"]
    rows = psql(url, f"SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP}')", "DRM_DATABASE_URL cannot be used",
                "Is it right, does the server run, does the database exist?", rows=True)
    if "DRM_APP_DATABASE_URL" in given:
        if rows == ["t"]:
            psql(given["DRM_APP_DATABASE_URL"], "SELECT 1", "DRM_APP_DATABASE_URL cannot be used")
        return given["DRM_APP_DATABASE_URL"]
    if "app_password" not in place:
        if rows == ["t"]:
            raise Failure(f"the role {APP} exists in that server already, with a password that is not known here",
                          hint=f"Give it in DRM_APP_DATABASE_URL; a superuser can set it: ALTER ROLE {APP} PASSWORD '...'")
        password = new_password()
        create_roles(url, {APP: password})
        place["app_password"] = password
    return conninfo.replace(url, APP, place["app_password"])

"""PostgreSQL URLs: taken apart into libpq's environment variables, so that psql gets a password without showing it in its arguments."""
import urllib.parse

from .failure import Failure

VARIABLES = {
    "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
    "dbname": "PGDATABASE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY", "connect_timeout": "PGCONNECT_TIMEOUT", "options": "PGOPTIONS", "application_name": "PGAPPNAME",
    "target_session_attrs": "PGTARGETSESSIONATTRS", "passfile": "PGPASSFILE", "channel_binding": "PGCHANNELBINDING",
}


def parts(url):
    """{keyword: value} as libpq would read it."""
    split = urllib.parse.urlsplit(url)
    if split.scheme not in ("postgresql", "postgres"):
        raise Failure("a database URL must look like postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    userinfo, _, hosts = split.netloc.rpartition("@")
    user, _, password = userinfo.partition(":")
    found = {"user": user, "password": password, "dbname": split.path.lstrip("/")}
    pairs = [h.rpartition(":") if ":" in h and not h.endswith("]") else (h, "", "") for h in hosts.split(",")]
    found["host"] = ",".join(h[0].strip("[]") for h in pairs)
    found["port"] = ",".join(h[2] for h in pairs).strip(",")
    found = {k: urllib.parse.unquote(v) for k, v in found.items() if v}
    found.update(urllib.parse.parse_qsl(split.query))
    unknown = set(found) - set(VARIABLES)
    if unknown:
        raise Failure(f"a database URL with {', '.join(sorted(unknown))} is not understood here")
    return found


def variables(url):
    return {VARIABLES[k]: v for k, v in parts(url).items()}


def replace(url, user, password):
    """The same server and database with another log-in."""
    split = urllib.parse.urlsplit(url)
    hosts = split.netloc.rpartition("@")[2]
    query = [(k, v) for k, v in urllib.parse.parse_qsl(split.query) if k not in ("user", "password")]
    login = f"{urllib.parse.quote(user, safe='')}:{urllib.parse.quote(password, safe='')}"
    # libpq reads a socket's folder in the query without escapes as well; leaving the slashes keeps it readable.
    return urllib.parse.urlunsplit((split.scheme, f"{login}@{hosts}", split.path,
                                    urllib.parse.urlencode(query, safe="/"), ""))

"""What the tests of users, roles and selectors share: people made over REST, and their log-ins."""
import secrets

from http_support import Api, is_problem
from job_support import ask, unique

USERS, ROLES = "/api/v1/users", "/api/v1/roles"


def address():
    return f"{secrets.token_hex(6)}@example.net"


def log_in(url, email, password, tenant=None):
    """The answer to a log-in."""
    return Api(url).post("/api/v1/auth/login", {"email": email, "password": password, **({"tenant": tenant} if tenant else {})})


class Person:
    """A user of a tenant with a password of its own, made by its administrator."""

    def __init__(self, tenant, admin, role="none", email=None):
        self.tenant, self.url, self.email, self.password = tenant, tenant.url, email or address(), secrets.token_urlsafe(12)
        made = admin.post(USERS, {"email": self.email, "role": role, "password": self.password})
        assert made.status == 201, made
        self.id = made.json()["id"]
        self.path = f"{USERS}/{self.id}"

    def tokens(self):
        answer = log_in(self.url, self.email, self.password, self.tenant.name)
        assert answer.status == 200, answer
        return answer.json()

    def api(self):
        return Api(self.url, self.tokens()["access_token"])


def make_role(admin, *permissions):
    made = admin.post(ROLES, {"name": unique("role"), "permissions": list(permissions)})
    assert made.status == 201, made
    return made.json()["id"]


def assign(admin, person, selector=(), **role):
    made = admin.post(person.path + "/roles", {**role, "selector": list(selector)})
    assert made.status == 201, made
    return made.json()["id"]


def device(api, *tags, name=None):
    made = api.post("/api/v1/devices", {"name": name or unique("device"), "tags": list(tags), "profiles": [{"protocol": "fake"}]})
    assert made.status == 201, made
    return made.json()["id"]


def problem(answer, status, field=None, says=""):
    found = is_problem(answer, status)
    assert found.get("field") == field, found
    assert says in found["detail"], found
    return found


def audited(tenant, action, column="count(*)"):
    return ask(tenant.env, f"SELECT {column} FROM drm.audit_logs WHERE tenant_id = %s AND action = %s", (tenant.id, action))[0][0]

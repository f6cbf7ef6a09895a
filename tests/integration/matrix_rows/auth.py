"""Log-ins, second factors, API keys."""
from matrix_rows.row import BY_SECRET, Kind, Row, posted, unique


def begun(person):
    """A code that confirms the enrolment."""
    from factor_support import Authenticator
    return {"code": Authenticator(posted("/api/v1/auth/second-factor", lambda _: {})(person)["secret"]).code()}


def enrolled(person):
    """A code of the person's second factor, not used yet."""
    from factor_support import enroll, forget_used_codes
    authenticator, _ = enroll(person)
    forget_used_codes(person.world.env, person.email)
    return {"code": authenticator.code()}


def with_second_factor(person):
    """Somebody who may nothing, and has a second factor."""
    from factor_support import enroll
    other = person.tenant.person(person.tenant.user("none"))
    enroll(other)
    return {"id": other.get("/api/v1/auth/whoami")["user_id"]}


CODE = {"code": "000000"}

KINDS = {
    "user_with_second_factor": Kind(with_second_factor),
    "api_key": Kind(posted("/api/v1/api-keys", lambda _: {"label": unique("key")}), personal=True),
}

ROWS = {
    "POST /api/v1/auth/login": [Row(public=BY_SECRET)],
    "POST /api/v1/auth/refresh": [Row(public=BY_SECRET)],
    "POST /api/v1/auth/logout": [Row(public=BY_SECRET)],
    "POST /api/v1/auth/logout-everywhere": [Row(spends=True)],
    "GET /api/v1/auth/whoami": [Row()],
    "GET /api/v1/permissions": [Row()],

    "GET /api/v1/auth/second-factor": [Row()],
    "POST /api/v1/auth/second-factor": [Row(body=lambda _: {}, by_token=True)],
    "DELETE /api/v1/auth/second-factor": [Row(body=lambda _: CODE, ready=enrolled, spends=True, by_token=True)],
    "POST /api/v1/auth/second-factor/confirm": [Row(body=lambda _: CODE, ready=begun, spends=True, by_token=True)],
    "POST /api/v1/auth/second-factor/recovery-codes": [Row(body=lambda _: CODE, ready=enrolled, spends=True, by_token=True)],
    "DELETE /api/v1/users/{id}/second-factor": [Row("user_with_second_factor", spends=True)],

    "GET /api/v1/tenant": [Row()],
    "GET /api/v1/quota": [Row()],
    "PATCH /api/v1/tenant": [Row(body=lambda _: {"require_second_factor": False})],

    "GET /api/v1/api-keys": [Row(lists="api_key", filters={"user_id": "user_id"})],
    "POST /api/v1/api-keys": [Row(body=lambda _: {"label": unique("key")})],
    "DELETE /api/v1/api-keys/{id}": [Row("api_key", spends=True)],
}

"""Users, roles, and one's own account."""
import secrets

from matrix_rows.row import BY_SECRET, Kind, Row, posted, unique


def email():
    """Its end is what twin() changes: an address remains."""
    return f"user@example.x{secrets.token_hex(6)}"


def invited_elsewhere(person):
    """An invitation of another tenant for the address of this person."""
    other = person.world.b if person.tenant is not person.world.b else person.world.a
    return {"token": posted("/api/v1/users", lambda _: {"email": person.email})(other.administrator)["invitation"]}


def assigned(person):
    """A role that the person's tenant gave to a user of its own."""
    role = person.make("role")["id"]
    return posted(f"/api/v1/users/{person.object('user')['id']}/roles", lambda _: {"role_id": role})(person)


NEW = "correct horse battery"
OF_USER = {"user": "user"}

KINDS = {
    "user": Kind(posted("/api/v1/users", lambda _: {"email": email()}), names=("id", "email")),
    "role": Kind(posted("/api/v1/roles", lambda _: {"name": unique("role"), "permissions": []}), names=("id", "name")),
    "role_assignment": Kind(assigned),
}

ROWS = {
    "GET /api/v1/users": [Row(lists="user", filters={"email": "email", "role": "=none", "active": "=true"})],
    "POST /api/v1/users": [Row(body=lambda _: {"email": email()})],
    "GET /api/v1/users/{id}": [Row("user", names=("id", "email"))],
    "PATCH /api/v1/users/{id}": [Row("user", body=lambda _: {"active": True})],
    "DELETE /api/v1/users/{id}": [Row("user", spends=True)],
    "POST /api/v1/users/{id}/reset-password": [Row("user", body=lambda _: {})],
    "POST /api/v1/users/{id}/logout": [Row("user")],
    "GET /api/v1/users/{id}/roles": [Row("user")],
    "POST /api/v1/users/{id}/roles": [Row("user", body=lambda p: {"role_id": p.maker.make("role")["id"]}, refs={"role_id": "role"},
                                          spends=True)],
    "DELETE /api/v1/users/{user}/roles/{id}": [Row("role_assignment", beside=OF_USER, spends=True)],

    "GET /api/v1/roles": [Row(lists="role", filters={"name": "name"})],
    "POST /api/v1/roles": [Row(body=lambda _: {"name": unique("role"), "permissions": []})],
    "GET /api/v1/roles/{id}": [Row("role", names=("id", "name"))],
    "PATCH /api/v1/roles/{id}": [Row("role", body=lambda _: {"description": unique("text")})],
    "DELETE /api/v1/roles/{id}": [Row("role", spends=True)],

    "POST /api/v1/auth/accept-invitation": [Row(public=BY_SECRET)],
    "POST /api/v1/auth/switch": [Row(public=BY_SECRET)],
    "GET /api/v1/auth/tenants": [Row()],
    "POST /api/v1/auth/password": [Row(body=lambda p: {"old_password": p.tenant.password, "new_password": NEW}, spends=True, by_token=True)],
    "POST /api/v1/auth/link-invitation": [Row(body=lambda _: {"token": "drmi_" + "A" * 86}, ready=invited_elsewhere, spends=True, by_token=True)],
}

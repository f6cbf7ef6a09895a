"""Who manages the people of one tenant, with the application's password and any SQL, reaches none of another's."""
import uuid

import pytest
from attack_support import DENIED, attacker, refused, run, siege  # noqa: F401

INVITATION = "sha256('invitation')"


@pytest.fixture
def boss(siege, attacker):  # noqa: F811
    """Enters as an administrator of b; returns the user's id."""
    user = str(uuid.uuid4())
    cursor = siege.admin.cursor()
    cursor.execute("INSERT INTO drm.users (tenant_id, id, email, password_hash, role) VALUES (%s, %s, %s, 'a secret hash', 'administrator')",
                   (siege.b.tenant, user, user + "@example.net"))
    siege.admin.commit()

    def enter():
        attacker.rollback()
        run(attacker, "SELECT sec.enter(%s, 0)", (siege.seal(attacker, siege.b.tenant, user),))
        return user
    enter.user = user
    yield enter
    attacker.rollback()


def test_functions_that_manage_act_in_ones_own_tenant(siege, attacker, boss):  # noqa: F811
    a, b = siege.a, siege.b
    for call, state in ((f"adm.user_update('{a.user}', 0, NULL, 'viewer', false)", "DR404"), (f"adm.user_delete('{a.user}', 0)", "DR404"),
                        (f"adm.user_reset_password('{a.user}', 'x', NULL, 0)", "DR404"), (f"adm.user_logout('{a.user}')", "DR404"),
                        (f"adm.role_update('{a.role}', 0, NULL, NULL, '{{user:admin}}')", "DR404"), (f"adm.role_delete('{a.role}', 0)", "DR404"),
                        (f"adm.role_assign(gen_random_uuid(), '{a.user}', NULL, 'viewer', '{{}}')", "DR404"),
                        (f"adm.role_assign(gen_random_uuid(), '{b.user}', '{a.role}', NULL, '{{}}')", "DR404"),
                        (f"adm.role_withdraw(gen_random_uuid(), '{a.user}')", "DR404"), ("adm.second_factor_reset('" + a.user + "')", "DR404")):
        boss()
        refused(attacker, state, "SELECT " + call)
    # The same on one's own is done.
    boss()
    run(attacker, f"SELECT adm.user_update('{b.user}', 0, NULL, 'viewer', false), adm.role_update('{b.role}', 0, 'x', NULL, NULL),"
                  f" adm.user_logout('{b.user}'), adm.role_assign(gen_random_uuid(), '{b.user}', NULL, 'operator', '{{x}}')")
    assert run(attacker, "SELECT role, active FROM drm.users WHERE id = %s", (b.user,)) == [("viewer", False)]


def test_a_platforms_permission_is_not_to_be_had(siege, attacker, boss):  # noqa: F811
    for names in ("{platform:tenant}", "{device:read,platform:audit}", "{none-such}"):
        boss()
        refused(attacker, "DR422", "SELECT adm.role_create(gen_random_uuid(), 'x', '', %s)", (names,), says="there is no permission")
    boss()
    rights = run(attacker, "SELECT sec.rights()")[0][0]
    assert run(attacker, "SELECT p FROM unnest(sec.mask_names(%s)) p WHERE p LIKE 'platform%%'", (rights,)) == []


def test_invitations_and_passwords_of_others_are_of_no_use(siege, attacker, boss):  # noqa: F811
    boss()
    assert run(attacker, f"SELECT adm.invitation({INVITATION})") == [(None,)]
    refused(attacker, "DR401", f"SELECT adm.accept_invitation({INVITATION}, 'x')")
    for old in ("'x'", "NULL", "(SELECT 'a secret hash' WHERE false)"):
        boss()
        refused(attacker, "DR409", f"SELECT adm.set_own_password({old}, 'mine', NULL, NULL)")
    boss()
    refused(attacker, DENIED, f"SELECT adm.link_invitation('{siege.a.tenant}', '{siege.a.user}', {INVITATION}, sec.tenant(), sec.actor(),"
            " gen_random_uuid(), NULL, NULL)", says='needs the system context "auth"')
    boss()
    assert run(attacker, "SELECT tenant_id::text, user_id::text, current FROM adm.own_tenants()") == [(siege.b.tenant, boss.user, True)]
    # Who holds the keyring, and both proofs, may.
    run(attacker, "SELECT sec.enter_system(%s)", (siege.system_seal(attacker, "auth"),))
    refused(attacker, "DR409", f"SELECT adm.link_invitation('{siege.a.tenant}', '{siege.a.user}', {INVITATION}, '{siege.b.tenant}',"
            f" '{boss.user}', gen_random_uuid(), NULL, NULL)", says="another address")


def test_nothing_that_proves_anything_can_be_read(siege, attacker, boss):  # noqa: F811
    for column, table in (("password_hash", "users"), ("identity_id", "users"), ("families_after", "users"), ("token_hash", "user_invitations")):
        boss()
        refused(attacker, DENIED, f"SELECT {column} FROM drm.{table}")
        boss()
        refused(attacker, DENIED, f"SELECT * FROM drm.{table}")
    for statement in ("UPDATE drm.users SET identity_id = NULL", "UPDATE drm.users SET email = 'x@example.net'", "DELETE FROM drm.users",
                      "INSERT INTO drm.user_invitations DEFAULT VALUES", "DELETE FROM drm.user_invitations", "UPDATE drm.rbac_roles SET name = 'x'",
                      "DELETE FROM drm.rbac_roles"):
        boss()
        refused(attacker, DENIED, statement)
    boss()
    assert {t for (t,) in run(attacker, "SELECT tenant_id::text FROM drm.user_invitations")} == {siege.b.tenant}


def test_a_demoted_administrator_who_waited_is_refused(siege, attacker, boss):  # noqa: F811
    """What may be done is looked at again once the tenant's people are this one's to change."""
    boss()
    first = siege.database.app()
    second = str(uuid.uuid4())
    siege.ask("SELECT 1")
    cursor = siege.admin.cursor()
    cursor.execute("INSERT INTO drm.users (tenant_id, id, email, password_hash, role) VALUES (%s, %s, %s, 'x', 'administrator')",
                   (siege.b.tenant, second, second + "@example.net"))
    siege.admin.commit()
    try:
        run(first, "SELECT sec.enter(%s, 0)", (siege.seal(first, siege.b.tenant, second),))
        run(first, "SELECT adm.user_update(%s, 0, NULL, 'viewer', NULL)", (boss.user,))
        run(attacker, "SET LOCAL lock_timeout = '200ms'")
        refused(attacker, "55P03", "SELECT adm.user_update(%s, 0, NULL, 'viewer', NULL)", (second,))
        first.commit()
        boss()
        refused(attacker, "DR403", "SELECT adm.user_update(%s, 0, NULL, 'viewer', NULL)", (second,))
    finally:
        first.close()

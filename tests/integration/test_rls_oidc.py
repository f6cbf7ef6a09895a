"""OpenID Connect's tables and functions, attacked as in test_rls_attack.py: with the drm_app log-in, any SQL, and an API key of tenant b."""
import uuid

import pytest
from attack_support import DENIED, attacker, context, refused, run, siege, tenants_seen, use_seal  # noqa: F401

FORBIDDEN = "DR403"
HASH = b"\0" * 32
BEGIN = "SELECT sec.oidc_begin(%s, %s, gen_random_uuid(), %s, %s, 'n', '\\x00', 'https://x', false, 60)"
CREATE = "SELECT adm.oidc_provider_create(%s, %s, 'https://x', 'c', NULL, NULL, 'https://x', %s, %s, %s, NULL, NULL, NULL)"
UPDATE = ("SELECT adm.oidc_provider_update(%s, NULL, %s, NULL, NULL, false, NULL, NULL, %s, NULL, NULL, NULL, NULL, NULL)")


@pytest.fixture
def administrator(siege, attacker):  # noqa: F811
    """Tenant b's user is one for the test; with the scopes given its API key does less."""
    def become(scopes=None, role="administrator"):
        attacker.rollback()  # what it holds locked would be waited for
        cursor = siege.admin.cursor()
        cursor.execute("UPDATE drm.users SET role = %s WHERE tenant_id = %s", (role, siege.b.tenant))
        cursor.execute("UPDATE drm.api_keys SET scopes = sec.names_mask(tenant_id, %s::text[]) WHERE tenant_id = %s AND %s",
                       (scopes or [], siege.b.tenant, scopes is not None))
        cursor.execute("UPDATE drm.api_keys SET scopes = NULL WHERE tenant_id = %s AND %s", (siege.b.tenant, scopes is None))
        siege.admin.commit()
    yield become
    become(role="operator")


def enter(siege, attacker):  # noqa: F811
    attacker.rollback()
    run(attacker, "SELECT sec.enter_api_key(%s, 0)", (siege.b.key,))


def calls(siege):  # noqa: F811
    return [("SELECT * FROM sec.oidc_provider(%s, %s)", (siege.a.tenant, siege.a.provider)), ("SELECT * FROM sec.oidc_key(%s)", (siege.a.tenant,)),
            (BEGIN, (siege.a.tenant, siege.a.provider, HASH, HASH)),
            ("SELECT * FROM sec.oidc_take(%s, %s)", (HASH, HASH)),
            ("SELECT * FROM sec.oidc_user(%s, %s, %s, %s, NULL, false, %s)",
             (siege.a.tenant, siege.a.provider, "https://" + siege.a.word, siege.a.word, str(uuid.uuid4())))]


def test_log_ins_are_the_librarys_with_its_keyring(siege, attacker):
    for sql, args in calls(siege):
        refused(attacker, DENIED, sql, args)
        enter(siege, attacker)
        refused(attacker, DENIED, sql, args, says="needs the system context")
        with context(siege, attacker, siege.a):
            refused(attacker, DENIED, sql, args, says="needs the system context")
        use_seal(attacker, siege.system_seal(attacker, "worker"))
        refused(attacker, DENIED, sql, args, says="needs the system context")
        use_seal(attacker, siege.system_seal(attacker, "auth"))
        run(attacker, sql, args)
        attacker.rollback()


def test_a_subject_leads_to_its_own_user_only(siege, attacker):
    """Even with the system context a subject, a provider and a tenant that do not belong together find nobody."""
    sql = "SELECT user_id::text FROM sec.oidc_user(%s, %s, %s, %s, %s, false, gen_random_uuid())"
    a, b = siege.a, siege.b
    good = (a.tenant, a.provider, "https://" + a.word, a.word, None)
    for i, other in ((0, b.tenant), (1, b.provider), (2, "https://" + b.word), (3, b.word), (3, None)):
        use_seal(attacker, siege.system_seal(attacker, "auth"))
        assert run(attacker, sql, good[:i] + (other,) + good[i + 1:]) == []
        attacker.rollback()
    use_seal(attacker, siege.system_seal(attacker, "auth"))
    assert run(attacker, sql, good[:3] + (b.word, f"{a.word}@example.net")) == [], "the provider neither links nor creates"
    assert run(attacker, sql, good) == [(a.user,)]
    assert tenants_seen(attacker) == {a.tenant}, "from here on it is the user's own transaction"


def test_nothing_is_written_past_the_functions(siege, attacker, administrator):
    administrator()
    for sql in ("UPDATE drm.oidc_providers SET issuer = 'https://evil'", "DELETE FROM drm.oidc_providers", "DELETE FROM drm.oidc_logins",
                "UPDATE drm.user_subjects SET sub = 'x'", "DELETE FROM drm.user_subjects", "UPDATE drm.oidc_logins SET expires_at = now()",
                f"INSERT INTO drm.user_subjects (tenant_id, issuer, sub, user_id) VALUES ('{siege.b.tenant}', 'x', 'x', '{siege.b.user}')",
                "SELECT client_secret FROM drm.oidc_providers", "SELECT state_hash FROM drm.oidc_logins", "SELECT verifier FROM drm.oidc_logins",
                "SELECT nonce FROM drm.oidc_logins", "SELECT sec.key_of('\\x0000000001')",
                "SELECT sec.oidc_may_write(NULL::drm.oidc_providers)"):
        enter(siege, attacker)
        refused(attacker, DENIED, sql, says="permission denied")
    enter(siege, attacker)
    assert run(attacker, "SELECT has_secret FROM drm.oidc_providers") == [(True,)]


def test_another_tenants_provider_is_not_there(siege, attacker, administrator):
    administrator()
    enter(siege, attacker)
    assert run(attacker, UPDATE, (siege.a.provider, "https://evil", None)) == [(False,)]
    assert run(attacker, "SELECT adm.oidc_provider_delete(%s)", (siege.a.provider,)) == [(False,)]
    assert run(attacker, "SELECT adm.oidc_provider_delete(%s)", (str(uuid.uuid4()),)) == [(False,)]
    assert run(attacker, UPDATE, (siege.b.provider, "https://mine", True)) == [(True,)]
    run(attacker, CREATE, (siege.a.provider, siege.a.word, True, True, "operator"))  # the victim's id and name, in one's own tenant
    assert tenants_seen(attacker, "drm.oidc_providers") == {siege.b.tenant}
    attacker.rollback()


def test_who_may_write(siege, attacker, administrator):
    fresh = str(uuid.uuid4())
    for sql, args in ((CREATE, (fresh, "x", None, None, None)), (UPDATE, (siege.b.provider, None, None)),
                      ("SELECT adm.oidc_provider_delete(%s)", (siege.b.provider,))):
        refused(attacker, FORBIDDEN, sql, args)  # nobody's context
        enter(siege, attacker)  # an operator's
        refused(attacker, FORBIDDEN, sql, args)
    administrator(["tenant:settings"])
    for link, create, role in ((True, None, None), (None, True, "viewer"), (None, True, "operator")):
        enter(siege, attacker)
        refused(attacker, FORBIDDEN, CREATE, (fresh, "x", link, create, role), says="cannot grant what you do not hold")
    enter(siege, attacker)
    refused(attacker, FORBIDDEN, UPDATE, (siege.b.provider, None, True), says="cannot grant what you do not hold")
    enter(siege, attacker)
    run(attacker, CREATE, (fresh, "x", None, True, "none"))
    attacker.rollback()
    administrator(["tenant:settings", "device:read", "job:read", "api-key:own", "tenant:read", "event:read"])
    enter(siege, attacker)
    refused(attacker, FORBIDDEN, CREATE, (fresh, "x", None, True, "operator"), says="cannot grant")
    enter(siege, attacker)
    run(attacker, CREATE, (fresh, "x", None, True, "viewer"))
    attacker.rollback()


def test_names_and_roles_that_are_none(siege, attacker, administrator):
    administrator()
    for name, role in (("X", None), ("a b", None), ("", None), (str(uuid.uuid4()), None), ("x" * 65, None), ("x", "administrator"), ("x", "root")):
        enter(siege, attacker)
        refused(attacker, "23514", CREATE, (str(uuid.uuid4()), name, None, None, role))
    enter(siege, attacker)
    run(attacker, CREATE, (str(uuid.uuid4()), "x", None, None, "none"))
    attacker.rollback()

"""Second factors, attacked by one who holds the drm_app log-in, any SQL, and an API key of tenant b."""
import pytest
from attack_support import DENIED, attacker, context, refused, run, siege, tenants_seen, use_seal  # noqa: F401

FACTOR_CALLS = {
    "second_factor_seed(%(tenant)s, %(user)s, true)", "second_factor_take_step(%(tenant)s, %(user)s, gen_random_uuid(), 1)",
    "second_factor_take_code(%(tenant)s, %(user)s, sha256('code'))", "second_factor_begin(%(tenant)s, %(user)s, gen_random_uuid(), 'seed')",
    "second_factor_confirm(%(tenant)s, %(user)s, gen_random_uuid(), 1, 'hashes', NULL)",
    "second_factor_codes(%(tenant)s, %(user)s, 'hashes')", "second_factor_remove(%(tenant)s, %(user)s)"}


def test_a_second_factor_is_out_of_reach_without_the_keyring(siege, attacker):  # noqa: F811
    """Even one's own, with all that a key of its owner opens: it would be taken away, or worn out, without a code."""
    for victim in (siege.a, siege.b):
        for call in FACTOR_CALLS:
            run(attacker, "SELECT sec.enter_api_key(%s, 0)", (siege.b.key,))
            refused(attacker, DENIED, f"SELECT adm.{call}", vars(victim), says='needs the system context "auth"')
            refused(attacker, DENIED, f"SELECT adm.{call}", vars(victim), says='needs the system context "auth"')
            use_seal(attacker, siege.system_seal(attacker, "worker"))
            refused(attacker, DENIED, f"SELECT adm.{call}", vars(victim), says='needs the system context "auth"')
    named = siege.ask("SELECT proname::text FROM pg_proc WHERE pronamespace = 'adm'::regnamespace AND proname LIKE 'second\\_factor%'")
    assert {row[0] for row in named} == {call.split("(")[0] for call in FACTOR_CALLS} | {"second_factor_reset"}
    use_seal(attacker, siege.system_seal(attacker, "auth"))
    assert run(attacker, "SELECT adm.second_factor_take_code(%s, %s, sha256('code'))", (siege.a.tenant, siege.a.user)) == [(True,)]
    assert tenants_seen(attacker) == {siege.a.tenant}  # and goes on as that user, whose audit row follows
    attacker.rollback()


@pytest.mark.parametrize("sql", [
    "SELECT seed FROM drm.user_totp", "SELECT code_hash FROM drm.recovery_codes", "SELECT last_step FROM drm.user_totp",
    "UPDATE drm.user_totp SET last_step = -1", "UPDATE drm.user_totp SET confirmed_at = NULL", "DELETE FROM drm.user_totp",
    "DELETE FROM drm.recovery_codes", "UPDATE drm.recovery_codes SET used_at = NULL", "UPDATE drm.users SET second_factor = true",
    "INSERT INTO drm.recovery_codes (tenant_id, user_id, code_hash) SELECT tenant_id, user_id, sha256('mine') FROM drm.recovery_codes",
    "UPDATE drm.tenants SET require_second_factor = false"])
def test_seeds_and_codes_are_not_a_programs_to_touch(siege, attacker, sql):  # noqa: F811
    with context(siege, attacker, siege.b):
        assert run(attacker, "SELECT confirmed_at IS NOT NULL FROM drm.user_totp") == [(True,)]
        refused(attacker, DENIED, sql, says="permission denied")


def test_who_may_not_resets_no_factor_and_changes_no_setting(siege, attacker):  # noqa: F811
    """Users of a and b are operators."""
    for sql, args in (("SELECT adm.second_factor_reset(%s)", (siege.a.user,)), ("SELECT adm.second_factor_reset(%s)", (siege.b.user,)),
                      ("SELECT adm.tenant_settings(true)", ())):
        refused(attacker, "DR403", sql, args)
        with context(siege, attacker, siege.b):
            refused(attacker, "DR403", sql, args)
    run(siege.admin, "UPDATE drm.users SET role = 'administrator' WHERE tenant_id = %s", (siege.b.tenant,))
    siege.admin.commit()
    try:
        with context(siege, attacker, siege.b):
            refused(attacker, "DR404", "SELECT adm.second_factor_reset(%s)", (siege.a.user,))
        with context(siege, attacker, siege.b):
            run(attacker, "SELECT adm.tenant_settings(true)")
            assert run(attacker, "SELECT tenant_id::text, require_second_factor FROM drm.tenants") == [(siege.b.tenant, True)]
            assert siege.ask("SELECT count(*) FROM drm.tenants WHERE require_second_factor") == [(0,)]
    finally:
        # Straight back: the trigger that keeps an administrator counts only those with a password.
        run(siege.admin, "UPDATE drm.users SET role = 'operator' WHERE tenant_id = %s", (siege.b.tenant,))
        siege.admin.commit()


def test_a_user_held_to_enrolment_sees_nothing(siege, attacker):  # noqa: F811
    run(siege.admin, "UPDATE drm.tenants SET require_second_factor = true WHERE tenant_id = %s", (siege.b.tenant,))
    siege.admin.commit()
    try:
        refused(attacker, "DR428", "SELECT sec.enter(%s, 1)", (siege.seal_of(attacker, siege.b),))
        with context(siege, attacker, siege.b):
            assert run(attacker, "SELECT sec.rights()") == [(1,)]
            for table in ("drm.devices", "drm.jobs", "drm.job_results", "drm.device_protocol_profiles"):
                assert run(attacker, f"SELECT tenant_id FROM {table}") == [], table
            refused(attacker, "DR403", "SELECT adm.tenant_settings(false)")
        run(attacker, "SELECT sec.enter_api_key(%s, 1)", (siege.b.key,))  # a key goes on working
        assert tenants_seen(attacker) == {siege.b.tenant}
        attacker.rollback()
        with context(siege, attacker, siege.a):
            assert tenants_seen(attacker) == {siege.a.tenant}
    finally:
        run(siege.admin, "UPDATE drm.tenants SET require_second_factor = false WHERE tenant_id = %s", (siege.b.tenant,))
        siege.admin.commit()
    with context(siege, attacker, siege.b):
        assert tenants_seen(attacker) == {siege.b.tenant}
